"""Sacred, imported without its warnings and kept to recording."""

import json
import warnings
from typing import Any

with warnings.catch_warnings():  # sacred imports pkg_resources, which warns every user of every command
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    import sacred.run
    from sacred import SETTINGS, Experiment
    from sacred.arg_parser import get_config_updates
    from sacred.observers import FileStorageObserver, MongoObserver
    from sacred.observers.base import RunObserver
    from sacred.run import Run
    from sacred.serializer import flatten

__all__ = [
    "Experiment",
    "FileStorageObserver",
    "MongoObserver",
    "Run",
    "RunObserver",
    "WithoutSources",
    "get_config_updates",
    "plain_json",
    "tame_sacred",
]


def tame_sacred() -> None:
    """Keep sacred to recording; call it before an Experiment is made.

    Sources and dependencies are not stored again at every run, stdout is not captured, ``nvidia-smi`` is not run, and
    the seed is not put into global generators: nothing here draws from those, and numpy's refuses 2**32 and above.
    """
    SETTINGS.DISCOVER_SOURCES = "none"
    SETTINGS.DISCOVER_DEPENDENCIES = "none"
    SETTINGS.CAPTURE_MODE = "no"
    SETTINGS.HOST_INFO.INCLUDE_GPU_INFO = False
    SETTINGS.HOST_INFO.INCLUDE_CPU_INFO = False
    sacred.run.set_global_seed = _leave_global_seeds


class WithoutSources:
    """Sacred copies the experiment's file into every store; a run's ``info`` has the commit."""

    def save_sources(self, ex_info: object) -> list[object]:
        """None are saved."""
        return []


def plain_json(content: Any) -> str:
    """Unlike sacred's own, plain JSON for plain data: a list that occurs twice is not the second time a reference."""
    return json.dumps(content, sort_keys=True, indent=2, default=flatten)


def _leave_global_seeds(seed: int) -> None:
    del seed
