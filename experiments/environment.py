"""What a run ran on: versions, code and hardware."""

import os
import platform
import subprocess
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import torch

from runs.errors import UserError
from runs.schema import CodeInfo, Device, RunConfig

_RECORDED = ("torch", "torchvision", "numpy", "scikit-learn", "sacred")


def resolve_device(device: Device) -> Device:
    """``cpu`` or ``cuda``: what ``auto`` means on this machine. Raises UserError if CUDA is asked for and absent."""
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise UserError("device=cuda: no CUDA device is available here; use device=auto or device=cpu")
    if device == "auto":
        return "cuda" if available else "cpu"
    return device


def on_this_machine(config: RunConfig) -> RunConfig:
    """The config with the device that it has here. Raises as :func:`resolve_device` does."""
    return replace(config, device=resolve_device(config.device))


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Python's and the libraries' versions that a run's numbers may depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in _RECORDED}}


@lru_cache(maxsize=1)
def code_state() -> CodeInfo:
    """The commit of the code and whether tracked files differ from it; commit None outside a git checkout."""
    try:
        commit = _git("rev-parse", "HEAD")
        return {"commit": commit, "modified": bool(_git("status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "modified": None}


def device_name(device: torch.device) -> str:
    """The hardware's own name."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _git(*arguments: str) -> str:
    root = Path(__file__).parent
    # inside a hook git's own variables name another repository
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *arguments], cwd=root, env=variables, capture_output=True, text=True, encoding="utf-8", check=True
    )
    return done.stdout.strip()
