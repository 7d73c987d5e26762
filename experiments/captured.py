"""The step of a GPU: captured once as a CUDA graph and replayed, so that Python launches none of its operations.

Proven on the spot: the first replay is compared with the step as it is written, from the same state. Where a step
cannot be captured, or the two differ beyond rounding, the run goes on as it is written, and its record says so.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from experiments.players import Player
from experiments.steps import Step, alternating_step
from runs.schema import RunConfig, StepWay

# Makes of a computation on fixed tensors one that computes the same when it is called; what it computes until then
# does not count. Raises RuntimeError if it cannot.
Capture = Callable[[Callable[[], Tensor]], Callable[[], Tensor]]

_WARM_UP = 3  # steps before the capture, in which libraries choose and allocate what they need
_RELATIVE, _ABSOLUTE = 1e-3, 1e-4  # rounding of one step: kernels may be chosen anew in a graph


def cuda_graph(compute: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """A CUDA graph of the computation."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(_WARM_UP):
            compute()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = compute()

    def replay() -> Tensor:
        graph.replay()
        return result

    return replay


class CapturedStep:
    """A :data:`experiments.steps.Step`. Captured at its first call, when weights have their place and their values.

    Minibatches are copied to where the graph reads them, so they must have one size. The row that it gives back is
    good until the next step.
    """

    way: StepWay = "captured"

    def __init__(
        self, generator: Player, discriminator: Player, config: RunConfig, capture: Capture = cuda_graph
    ) -> None:
        self._players = (generator, discriminator)
        self._as_written: Step = alternating_step(generator, discriminator, config)
        self._capture = capture
        self._replay: Callable[[], Tensor] | None = None
        self._fixed: list[list[Tensor]] = []

    def __call__(self, real: Sequence[Tensor], noise_d: Sequence[Tensor], noise_g: Sequence[Tensor]) -> Tensor:
        """One step."""
        if self.way == "captured" and self._replay is None:
            self._try(real, noise_d, noise_g)
        if self._replay is None:
            return self._as_written(real, noise_d, noise_g)
        for fixed, given in zip(self._fixed, (real, noise_d, noise_g), strict=True):
            for place, minibatch in zip(fixed, given, strict=True):
                place.copy_(minibatch, non_blocking=True)
        return self._replay()

    def _try(self, *minibatches: Sequence[Tensor]) -> None:
        for player in self._players:
            for group in player.optimizer.param_groups:
                group["capturable"] = True  # its counts of steps stay on the device
        self._fixed = [[minibatch.clone() for minibatch in given] for given in minibatches]
        with self._unchanged():
            expected = self._after(lambda: self._as_written(*self._fixed))
        try:
            with self._unchanged():
                replay = self._capture(lambda: self._as_written(*self._fixed))
            with self._unchanged():
                found = self._after(replay)
        except RuntimeError:
            self.way = "as written"
            return
        if all(_close(one, other) for one, other in zip(expected, found, strict=True)):
            self._replay = replay
        else:
            self.way = "as written"

    def _after(self, step: Callable[[], Tensor]) -> list[Tensor]:
        """What a step leaves: its row, and every number of both players."""
        row = step()
        return [one.clone() for one in (row, *self._numbers())]

    @contextmanager
    def _unchanged(self) -> Iterator[None]:
        """Within, steps may be made: afterwards both players are as before, and their numbers where they were.

        An optimizer that had no state yet has one afterwards, of zeros, which means the same.
        """
        before = {id(one): one.clone() for one in self._numbers()}
        try:
            yield
        finally:
            with torch.no_grad():
                for one in self._numbers():
                    one.copy_(before[id(one)]) if id(one) in before else one.zero_()

    def _numbers(self) -> Iterator[Tensor]:
        for player in self._players:
            yield from (*player.network.parameters(), *player.network.buffers())
            for state in player.optimizer.state.values():
                yield from (one for one in state.values() if isinstance(one, Tensor))


def _close(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=_RELATIVE, atol=_ABSOLUTE, equal_nan=True)


def quickest_step(generator: Player, discriminator: Player, config: RunConfig) -> Step:
    """Captured on a GPU, as it is written elsewhere: on a CPU there is nothing to launch."""
    if config.device == "cuda":
        return CapturedStep(generator, discriminator, config)
    return alternating_step(generator, discriminator, config)


def way_of(step: Step) -> StepWay:
    """How this step is computed, once it was."""
    return step.way if isinstance(step, CapturedStep) else "as written"
