"""``python -m benchmarks.gpu`` (``make gpu-check``): is what the project claims of a GPU true on the one that is here?

Every test that needs a GPU, the speed of a captured step beside others, and a small study from training to records.
Ends with a line a claim; the figures are kept in ``benchmarks/results`` under the card's name.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from benchmarks.measure import Ratio, in_turns, ratio, result_file
from experiments.captured import CapturedStep, way_of
from experiments.datasets import source_of
from experiments.environment import code_state, device_name, resolve_device, versions
from experiments.networks import matched_config
from experiments.packing import remembered
from experiments.recording import real_images
from experiments.steps import StepMaker, alternating_step
from experiments.training import Training
from runs.addresses import LOCAL_VARIABLE, local_folder
from runs.errors import report_user_errors
from runs.files import write_output
from runs.schema import RunConfig
from runs.study_file import spelled_out

_ROOT = Path(__file__).parent.parent
_STEPS = 200  # about a second each
_PATIENCE = 400  # seconds for the tests
_DCGAN = RunConfig(image_size=32, width_g=64, width_d=64, device="cuda")
_MLP = replace(RunConfig(arm="mlp", image_size=32), **spelled_out({"architecture": "mlp", "normalization": "none"}))
_ARMS = {"dcgan": matched_config(_DCGAN, None), "mlp": matched_config(replace(_MLP, device="cuda"), _DCGAN)}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Something that is said of GPUs, whether it holds here, and what was seen."""

    claim: str
    holds: bool
    seen: str

    def __str__(self) -> str:
        return f"{'proven' if self.holds else 'NOT PROVEN'}: {self.claim} ({self.seen})"


def main() -> int:
    """0 if all claims hold. Raises UserError if there is no GPU."""
    resolve_device("cuda")
    card, began = device_name(torch.device("cuda")), time.monotonic()
    claims, figures = [_tests()], list(_speeds())
    claims += [_captured(arm) for arm in _ARMS] + _study()
    content = {
        "machine": card,
        "versions": {**versions(), "cuda": torch.version.cuda},
        "code": code_state(),
        "command": "make gpu-check",
        "seconds": round(time.monotonic() - began),
        "claims": [asdict(claim) for claim in claims],
        "measured": [asdict(figure) for figure in figures],
    }
    path = result_file(card)
    write_output(path, json.dumps(content, indent=2) + "\n")
    print(*figures, *claims, f"kept in {path.name}", sep="\n")
    return 0 if all(claim.holds for claim in claims) else 1


def _tests() -> Claim:
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", "--timeout", str(_PATIENCE)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True)
    summary = next((line for line in reversed(done.stdout.splitlines()) if " in " in line), "no summary").strip("= ")
    holds = done.returncode == 0 and "skipped" not in summary
    return Claim(claim="every test that needs a GPU passes", holds=holds, seen=summary)


def _speeds() -> Iterator[Ratio]:
    """A step of 64 images of 32 x 32, width 64: waiting for its losses, as it is written, and captured."""
    for arm in _ARMS:
        waiting = _milliseconds(arm, alternating_step, wait=True)
        as_written = _milliseconds(arm, alternating_step)
        captured = _milliseconds(arm, CapturedStep)
        sides = {"losses fetched every step / captured": waiting, "as written / captured": as_written}
        for name, side in sides.items():
            yield ratio(f"{arm}, {name}", *in_turns(side, captured), unit="ms a step")


def _milliseconds(arm: str, make_step: StepMaker, *, wait: bool = False) -> Callable[[], float]:
    training = _training(arm, make_step)
    training.train(5)

    def measure() -> float:
        torch.cuda.synchronize()
        started = time.perf_counter()
        for _ in range(_STEPS):
            row = training.take_step(*training.minibatches())
            if wait:
                row.tolist()
        torch.cuda.synchronize()
        return (time.perf_counter() - started) * 1e3 / _STEPS

    return measure


def _captured(arm: str) -> Claim:
    training = _training(arm, CapturedStep)
    training.train(2)
    way = way_of(training.take_step)
    return Claim(claim=f"a step of {arm} is captured and equals the one as written", holds=way == "captured", seen=way)


def _study() -> list[Claim]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, LOCAL_VARIABLE: folder, "MONGO_URL": ""}
        command = [sys.executable, "-m", "experiments.sweep", "smoke"]
        done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True)
        infos = [json.loads(path.read_text()) for path in Path(folder).glob("records/*/info.json")]
        packings = list(remembered(Path(folder)).values())
    on_it = sum(info["device"] == torch.cuda.get_device_name() for info in infos)
    last = (done.stdout.splitlines() or ["no output"])[-1]
    return [
        Claim(
            claim="a study is trained on it and recorded completely",
            holds=done.returncode == 0 and on_it == len(infos) > 0,
            seen=f"{last}; {on_it} on it",
        ),
        Claim(
            claim="several runs at a time train faster than one after another",
            holds=any(packing.runs > 1 for packing in packings),
            seen="; ".join(map(str, packings)) or "not tried",
        ),
    ]


def _training(arm: str, make_step: StepMaker) -> Training:
    config = _ARMS[arm]
    return Training(config, *real_images(source_of(config), local_folder()), make_step)


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
