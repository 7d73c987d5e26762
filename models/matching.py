"""How large a network is, and which widths make one as large as another."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

TOLERANCE = 0.01  # of the reference's parameters
_NARROWEST = 0.5  # of the other layers' width: nothing gets past a layer of one unit, however many parameters there are
_WIDEST = 1 << 16

Build = Callable[[int, int | None], nn.Module]  # (width, inner width or None for the same) -> network


class NoMatch(ValueError):
    """No width brings a network's parameters within the tolerance."""


@dataclass(frozen=True, kw_only=True)
class Widths:
    """What matching found. ``inner`` is None where all hidden layers are equally wide."""

    width: int
    inner: int | None


def count_parameters(network: nn.Module) -> int:
    """Trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def count_flops(network: nn.Module, one_input: torch.Tensor) -> int:
    """Floating-point operations of one forward pass, by torch's own counter: a multiply-add counts as two."""
    training = network.training
    network.eval()  # BatchNorm cannot take the statistics of one sample
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(one_input)
    network.train(training)
    return counter.get_total_flops()


def match_widths(build: Build, parameters: int, *, inner_may_differ: bool) -> Widths:
    """Widths whose network has ``parameters`` trainable parameters, within 1 %.

    Networks are built on the meta device, so nothing is allocated. One width for all layers is tried first; where
    none is near enough, the second hidden layer's width floats, if it may, but not below half of the others'.

    Raises NoMatch if that is not near enough either.
    """

    def size(width: int, inner: int | None = None) -> int:
        with torch.device("meta"):
            return count_parameters(build(width, inner))

    best = _nearest(size, parameters)
    if _deviation(size(best), parameters) <= TOLERANCE:
        return Widths(width=best, inner=None)
    if inner_may_differ:
        for width in _around(best):
            inner = _nearest(partial(size, width), parameters)
            if inner >= _NARROWEST * width and _deviation(size(width, inner), parameters) <= TOLERANCE:
                return Widths(width=width, inner=inner)
    raise NoMatch(
        f"no width gives {parameters:,} parameters within {TOLERANCE:.0%}; the nearest, {best}, gives {size(best):,}"
    )


def _nearest(size: Callable[[int], int], target: int) -> int:
    """The width whose size is nearest to the target; sizes grow with the width."""
    low, high = 1, 2
    while size(high) < target and high < _WIDEST:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if size(middle) < target else (low, middle)
    return min((low, high), key=lambda width: abs(size(width) - target))


def _around(width: int) -> Iterable[int]:
    return (candidate for candidate in (width, width - 1, width + 1) if 1 <= candidate <= _WIDEST)


def _deviation(size: int, target: int) -> float:
    return abs(size - target) / target
