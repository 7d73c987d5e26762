"""What runs need of nodes, and for how many there is room."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runs.errors import UserError
from runs.schema import Device, RunConfig


@dataclass(frozen=True, kw_only=True)
class Need:
    """CPUs and GPUs of one run."""

    cpus: int
    gpus: float

    def room_on(self, node: Mapping[str, Any]) -> int:
        """How many such runs a node, as Ray lists it, makes at a time."""
        if not node["Alive"]:
            return 0
        there = node["Resources"]
        room = int(there.get("CPU", 0) // self.cpus)
        return min(room, int(there.get("GPU", 0) // self.gpus)) if self.gpus else room


def need_of(config: RunConfig, runs_per_gpu: int = 1) -> Need:
    """What a run needs whose device has been chosen; a GPU carries so many at a time."""
    return Need(cpus=config.threads, gpus=1 / runs_per_gpu if config.device == "cuda" else 0.0)


def device_on(nodes: Sequence[Mapping[str, Any]], device: Device) -> Device:
    """What ``auto`` means on a cluster: ``cuda`` where a node has a GPU, for all runs. Raises as :func:`room` does."""
    if device != "auto":
        return device
    return "cuda" if any(node["Alive"] and node["Resources"].get("GPU", 0) for node in nodes) else "cpu"


def room(nodes: Sequence[Mapping[str, Any]], need: Need) -> int:
    """How many such runs the nodes make at a time."""
    return sum(need.room_on(node) for node in nodes)


def refuse_too_little(nodes: Sequence[Mapping[str, Any]], need: Need) -> None:
    """Raise UserError if no node has what a run needs."""
    if room(nodes, need):
        return
    if need.gpus and not any(node["Alive"] and node["Resources"].get("GPU", 0) for node in nodes):
        raise UserError("device=cuda: no node of the Ray cluster has a GPU; use device=auto or device=cpu")
    raise UserError(
        f"threads={need.cpus}: no node of the Ray cluster has {need.cpus} CPUs for a run; use fewer threads, or start"
        " nodes with more: ray start --num-cpus=..."
    )
