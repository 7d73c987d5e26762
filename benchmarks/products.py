"""What matrix products buy: layers of a DCGAN against plain convolutions, probes against exact distances."""

from collections.abc import Callable, Collection
from dataclasses import replace
from unittest.mock import patch

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.loop import bare_step, example_config, started
from benchmarks.measure import Ratio, cpu_milliseconds, in_turns, ratio
from benchmarks.plain_layers import PRODUCTS, make_plain
from benchmarks.plain_measures import plain_feature_measures
from experiments.measures import feature_measures
from experiments.networks import matched_config
from experiments.training import Training
from runs.schema import ImageSize

_STEPS: dict[ImageSize, int] = {16: 40, 32: 10}  # about half a second each
_SIDE = 1024  # of the square matrices whose product is the processor's peak
_PROBES = 5


def products() -> list[Ratio]:
    """Steps with plain layers over steps with products: each kind of layer alone, then all, and what is left to win."""
    alone = [
        _layers(f"16 px, plain / {kind.__name__} alone", 16, [other for other in PRODUCTS if other is not kind])
        for kind in PRODUCTS
    ]
    return [
        *alone,
        _layers("16 px, plain / all products", 16, [], demand="at least 1.2"),
        _layers("32 px, plain / all products", 32, [], demand="at least 1"),
        _plain_loop(),
        _share_of_peak(),
    ]


def probes() -> list[Ratio]:
    """A probe with plain layers and whole matrices of exact distances over a probe as it is; its measures alone."""
    training, plain = _training(16), _training(16, PRODUCTS)
    probe, plain_probe = _probe(training), _probe(plain)

    def before() -> None:
        with patch("experiments.probes.feature_measures", plain_feature_measures):
            plain_probe()

    probe()
    kept, real = training.prober.previous, training.prober.real
    assert kept is not None
    whole = _in_turns(before, probe, _PROBES)
    measures = _in_turns(
        lambda: plain_feature_measures(kept.features, real), lambda: feature_measures(kept.features, real), _PROBES
    )
    return [
        ratio("probe, plain / as it is", *whole, unit="ms", demand="at least 2"),
        ratio("a probe's distances, exact matrices / products in blocks", *measures, unit="ms"),
    ]


def _layers(name: str, image_size: ImageSize, plain: Collection[type[nn.Module]], demand: str = "above 1") -> Ratio:
    """A recorded step with plain layers only, over one where just these are plain."""
    steps = _STEPS[image_size]
    without, training = _training(image_size, PRODUCTS), _training(image_size, plain)
    costs = _in_turns(lambda: without.train(steps), lambda: training.train(steps), 1)
    return ratio(name, *_each(costs, steps), unit="ms a step", demand=demand)


def _plain_loop() -> Ratio:
    steps = _STEPS[16]
    training, bare = _training(16), bare_step(_training(16, PRODUCTS))

    def plain() -> None:
        for _ in range(steps):
            bare()

    costs = _in_turns(plain, lambda: training.train(steps), 1)
    name = "16 px, plain loop on plain layers / recorded step"
    return ratio(name, *_each(costs, steps), unit="ms a step", demand="at least 1.2")


def _share_of_peak() -> Ratio:
    """Arithmetic a second of a recorded step over that of a large product in single precision, in billions."""
    steps, training = _STEPS[16], _training(16)
    with FlopCounterMode(display=False) as counter:
        bare_step(_training(16, PRODUCTS))()
    left, right = torch.randn(2, _SIDE, _SIDE, generator=torch.Generator().manual_seed(0))
    step, product = _in_turns(lambda: training.train(steps), lambda: torch.mm(left, right), 1)
    achieved = [counter.get_total_flops() * steps / one / 1e6 for one in step]
    peak = [2 * _SIDE**3 / one / 1e6 for one in product]
    return ratio("16 px, share of the sgemm peak", achieved, peak, unit="GFLOP/s", demand="at least 0.45")


def _in_turns(
    first: Callable[[], object], second: Callable[[], object], repeats: int
) -> tuple[list[float], list[float]]:
    return in_turns(lambda: cpu_milliseconds(first, repeats), lambda: cpu_milliseconds(second, repeats))


def _each(costs: tuple[list[float], list[float]], steps: int) -> tuple[list[float], list[float]]:
    first, second = costs
    return [one / steps for one in first], [one / steps for one in second]


def _probe(training: Training) -> Callable[[], object]:
    return lambda: training.prober.probe(training.generator.network)


def _training(image_size: ImageSize, plain: Collection[type[nn.Module]] = ()) -> Training:
    """The digits study's DCGAN at this size, with plain convolutions for these layers."""
    config = replace(example_config("dcgan"), image_size=image_size, hidden_layers_g=None, hidden_layers_d=None)
    training = started(matched_config(config, None))
    for player in (training.generator, training.discriminator):
        make_plain(player.network, plain)
    return training
