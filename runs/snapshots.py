"""Snapshots: both networks' weights along a run, in one more artifact of those runs for which they were asked.

They are no part of what a run is: its bits, its key and its study's plan are the same with and without.
"""

from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from runs.errors import UserError
from runs.records import RunRecord, RunStore
from runs.schema import SNAPSHOTS, RunConfig, probe_steps

Weights = dict[str, NDArray[Any]]  # a network's state dict


def snapshot_steps(config: RunConfig, every: int | None) -> list[int]:
    """Steps after which weights are kept: at every so many probes, the first and the last included; None: never."""
    probes = probe_steps(config)
    return [] if every is None else sorted({*probes[::every], probes[-1]})


def tensor_name(step: int, network: str, parameter: str) -> str:
    """What a tensor of the artifact is called; ``network``: "generator" or "discriminator"."""
    return f"{step}.{network}.{parameter}"


def read_snapshots(store: RunStore, record: RunRecord) -> dict[int, dict[str, Weights]]:
    """The run's snapshots, in the order of steps: ``[200]["discriminator"]`` is that network's after 200 steps.

    Raises UserError if the run was recorded without snapshots, or they cannot be read.
    """
    if SNAPSHOTS not in record.artifacts:
        raise UserError(f"run {record.id} was recorded without snapshots; a study asks for them by snapshot_every")
    try:
        tensors = load(store.artifact(record, SNAPSHOTS))
    except SafetensorError as error:
        raise UserError(f"run {record.id}: its {SNAPSHOTS} cannot be read: {error}") from None
    found: dict[int, dict[str, Weights]] = {}
    for name, tensor in tensors.items():
        step, network, parameter = name.split(".", 2)
        found.setdefault(int(step), {}).setdefault(network, {})[parameter] = tensor
    return dict(sorted(found.items()))
