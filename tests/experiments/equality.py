"""Two trainings are equal when traces, probes, sample images and weights are, to the bit; times may differ."""

import torch

from runs.schema import CLOCK


def fingerprint(training):
    """Everything of a training that must not differ, as comparable bytes."""
    state = training.state()
    traces = {name: one for name, one in state["recorder"]["series"].items() if name != CLOCK}
    tensors = {f"{name} {part}": one[part] for name, one in traces.items() for part in ("steps", "values")}
    for role, player in zip("gd", state["players"], strict=True):
        tensors |= {f"{role} {name}": value for name, value in player["network"].items()}
    tensors["sheets"] = state["sheets"]
    return {
        "extremes": repr(state["recorder"]["extremes"]),
        "digests": training.digests(),
        **{
            name: tensor.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
            for name, tensor in tensors.items()
        },
    }
