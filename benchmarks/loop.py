"""What recording costs, and what the training loop's tricks buy."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import softplus

from benchmarks.measure import Ratio, cpu_milliseconds, in_turns, ratio
from experiments.cells import matched_cells
from experiments.datasets import source_of
from experiments.datasets.images import ImageData
from experiments.feature_space import FeatureExtractor
from experiments.players import Player
from experiments.recording import real_images
from experiments.steps import alternating_step
from experiments.training import Training
from runs.addresses import local_folder
from runs.schema import RunConfig
from runs.study import load_study

_STEPS = {"dcgan": 40, "mlp": 250}  # about half a second each
_ALLOWED = {"dcgan": "at most 1.05", "mlp": "at most 1.15"}


def recording() -> list[Ratio]:
    """The recorded loop against a bare one with the same networks and data, on one thread."""
    return [_recording(arm) for arm in _STEPS]


def tricks() -> list[Ratio]:
    """The loop as it is against the loop without one trick at a time, on one thread."""
    return [
        _against("dcgan, channels last / contiguous", "dcgan", _contiguous),
        _against("dcgan, fused Adam / Adam", "dcgan", _plain_adam),
        _against("mlp, fused Adam / Adam", "mlp", _plain_adam),
    ]


def _recording(arm: str) -> Ratio:
    steps = _STEPS[arm]
    training, other = started(example_config(arm)), started(example_config(arm))
    recorded, bare = in_turns(
        lambda: cpu_milliseconds(lambda: training.train(steps), 1) / steps,
        lambda: cpu_milliseconds(bare_step(other), steps),
    )
    return ratio(f"{arm}, recorded / bare loop", recorded, bare, unit="ms a step", demand=_ALLOWED[arm])


def bare_step(training: Training) -> Callable[[], None]:
    """One step of the textbook loop: the same networks, losses, data and noise; nothing is looked at."""
    g, d = training.generator, training.discriminator

    def step() -> None:
        real, noise = training.next_real(), training.streams["noise_d"].next()
        with torch.no_grad():
            fake = g.network(noise)
        d.optimizer.zero_grad()
        (softplus(-d.network(real)) + softplus(d.network(fake))).mean().backward()
        d.optimizer.step()
        g.optimizer.zero_grad()
        d.network.requires_grad_(False)
        softplus(-d.network(g.network(training.streams["noise_g"].next()))).mean().backward()
        d.network.requires_grad_(True)
        g.optimizer.step()

    return step


def _against(name: str, arm: str, undo: Callable[[Training], None]) -> Ratio:
    steps = _STEPS[arm]
    training, without = started(example_config(arm)), started(example_config(arm))
    undo(without)
    costs = in_turns(
        lambda: cpu_milliseconds(lambda: training.train(steps), 1) / steps,
        lambda: cpu_milliseconds(lambda: without.train(steps), 1) / steps,
    )
    return ratio(name, *costs, unit="ms a step", demand="below 1")


def _contiguous(training: Training) -> None:
    for player in (training.generator, training.discriminator):
        player.network.to(memory_format=torch.contiguous_format)
    training.feed = _data(training.config)[0].train.feed(training.device, torch.contiguous_format)


def _plain_adam(training: Training) -> None:
    training.generator, training.discriminator = (
        Player(network=player.network, optimizer=_unfused(player.optimizer, list(player.network.parameters())))
        for player in (training.generator, training.discriminator)
    )
    training.take_step = alternating_step(training.generator, training.discriminator, training.config)


def _unfused(optimizer: torch.optim.Optimizer, parameters: list[Tensor]) -> torch.optim.Adam:
    group = optimizer.param_groups[0]
    return torch.optim.Adam(parameters, lr=group["lr"], betas=group["betas"])


def example_config(arm: str) -> RunConfig:
    """The first cell of the digits study that is of this arm."""
    return replace(matched_cells(load_study("digits").override(arms=[arm]))[0].config, device="cpu")


def started(config: RunConfig) -> Training:
    """A training on one thread, past the first steps, which allocate."""
    torch.set_num_threads(1)
    training = Training(config, *_data(config))
    training.train(5)
    return training


def _data(config: RunConfig) -> tuple[ImageData, FeatureExtractor]:
    return real_images(source_of(config), local_folder())
