"""Training: the loop, and the state that it carries from step to step."""

# B batch, C channels, H height, W width, Z latent

import hashlib
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from experiments.datasets.images import ImageData
from experiments.feature_space import FeatureExtractor
from experiments.networks import build_discriminator, build_generator
from experiments.players import Player
from experiments.probes import Measured, Prober
from experiments.recorder import TraceRecorder
from experiments.steps import StepMaker, alternating_step
from experiments.streams import MinibatchOrder, NoiseStream, Stream, StreamId, initial_weights
from models.architectures import recipe
from models.initialization import initialize
from runs.schema import CLOCK, STEP_TRACES, Role, RunConfig, player_config, probe_steps, promised_steps


def never() -> bool:
    """Nothing stops a training."""
    return False


_ROLES: Mapping[Role, str] = {"g": "generator", "d": "discriminator"}


class Training:
    """One run's training. ``config`` has its depth, widths and a device, and alone determines every number.

    ``make_step`` decides how a step is computed, not what: beyond rounding, every step gives the same row. Everything
    that a continued training needs is in :meth:`state`, taken between two steps once there was a probe.
    """

    def __init__(
        self,
        config: RunConfig,
        data: ImageData,
        extractor: FeatureExtractor,
        make_step: StepMaker = alternating_step,
    ) -> None:
        self.config = config
        self.device = torch.device(config.device)
        torch.backends.cudnn.deterministic = True  # the same bits again, on the same kind of GPU
        torch.backends.cudnn.allow_tf32 = False  # single precision, as on the CPU, also for what measures samples
        self.generator = self._player(build_generator(config), "g")
        self.discriminator = self._player(build_discriminator(config), "d")
        self.take_step = make_step(self.generator, self.discriminator, config)
        self.feed = data.train.feed(self.device, recipe(config.architecture_d).memory_format)
        self.streams = self._streams(len(data.train))
        self.recorder = TraceRecorder(config, self.device)
        self.prober = Prober(config, data, extractor, self.device)
        self.sheets: list[Tensor] = []  # (64, C, H, W) uint8 at every probe
        self.step = 0
        self.halted_at: int | None = None
        self._seconds = 0.0

    def run(self, at_probe: Callable[[], None], stopped: Callable[[], bool] = never) -> None:
        """Train to the last step, or until ``stopped``, asked at every step; ``at_probe`` is called after every probe.

        The state may be saved at a probe, and afterwards.
        """
        for target in probe_steps(self.config)[len(self.sheets) :]:  # the others were done before the checkpoint
            self.train(target - self.step, stopped)
            if stopped():
                return
            self._probe()
            at_probe()

    @property
    def finished(self) -> bool:
        """Whether it has come to its last probe."""
        return len(self.sheets) == len(probe_steps(self.config))

    def train(self, steps: int, stopped: Callable[[], bool] = never) -> None:
        """Train that many steps without a probe. The traces are fetched at the end, and whenever the buffer is full."""
        target = self.step + steps
        started = _clock(self.device)
        while self.step < target and self.halted_at is None and not stopped():
            self.recorder.write(self.take_step(*self.minibatches()))
            self.step += 1
            if self.recorder.full or self.step == target:
                self.recorder.flush()
                self._halt_if_not_finite()
        self._seconds += _clock(self.device) - started
        if self.step < target and self.halted_at is not None:
            self._pass_over(target - self.step)

    def minibatches(self) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """What the next step takes: real images and noise for each update of D, noise for each of G."""
        real = [self.next_real() for _ in range(self.config.d_steps)]
        noise_d = [self.streams["noise_d"].next() for _ in range(self.config.d_steps)]
        noise_g = [self.streams["noise_g"].next() for _ in range(self.config.g_steps)]
        return real, noise_d, noise_g

    def next_real(self) -> Tensor:
        """The next minibatch of real images (B, C, H, W) in [-1, 1]."""
        order = self.streams["order"]
        return self.feed(order.next(), order.following())

    def _pass_over(self, steps: int) -> None:
        """Record steps without an update. The streams move on, so that their digests equal the other arms'."""
        self.recorder.fill_with_nan(steps)
        self.streams["order"].skip(steps * self.config.d_steps)
        self.streams["noise_d"].skip(steps * self.config.d_steps)
        self.streams["noise_g"].skip(steps * self.config.g_steps)
        self.step += steps

    def _halt_if_not_finite(self) -> None:
        """Stop updating once a parameter is not finite: nothing that could still happen would be a training."""
        parameters = [*self.generator.parameters, *self.discriminator.parameters]
        if not all(bool(parameter.isfinite().all()) for parameter in parameters):
            self.halted_at = self.step

    def _probe(self) -> None:
        values, sheet = self.prober.probe(self.generator.network)
        self.recorder.add(self.step, {**values, CLOCK: self._seconds})
        self.sheets.append(sheet)

    def state(self) -> dict[str, Any]:
        """Everything that continues this training to the bit."""
        previous = self.prober.previous
        return {
            "step": self.step,
            "halted_at": self.halted_at,
            "seconds": self._seconds,
            "players": [_player_state(player) for player in (self.generator, self.discriminator)],
            "streams": {name: stream.state() for name, stream in self.streams.items()},
            "recorder": self.recorder.state(),
            "previous_probe": None if previous is None else [previous.features, previous.histogram],
            "sheets": torch.stack(self.sheets),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from the state of a training of the same config.

        Whatever it raises on a state that is none, this training is then restored by half and must not be used.
        """
        _refuse_gaps(self.config, state)
        for player, kept in zip((self.generator, self.discriminator), state["players"], strict=True):
            player.network.load_state_dict(kept["network"])
            player.optimizer.load_state_dict(kept["optimizer"])
        for name, stream in self.streams.items():
            stream.restore(state["streams"][name])
        if state["previous_probe"] is not None:
            features, histogram = state["previous_probe"]
            self.prober.previous = Measured(features=features, histogram=histogram)
        self.recorder.restore(state["recorder"])
        self.sheets = list(state["sheets"])
        self.step, self.halted_at, self._seconds = state["step"], state["halted_at"], state["seconds"]

    def weights(self) -> dict[str, dict[str, Tensor]]:
        """Both networks' state dicts as files keep them: on the CPU, contiguous, and good until the next step."""
        return {"generator": _weights(self.generator), "discriminator": _weights(self.discriminator)}

    def digests(self) -> dict[str, str]:
        """What each stream gave, the probes' latent vectors included."""
        latents = hashlib.sha256(self.prober.latents.cpu().numpy().tobytes()).hexdigest()[:16]
        return {**{name: stream.digest for name, stream in self.streams.items()}, "noise_eval": latents}

    def _player(self, network: nn.Module, role: Role) -> Player:
        config, own = self.config, player_config(self.config, role)
        initialize(network, own.init, initial_weights(config.seed, config.arm, _ROLES[role]))
        network = network.to(memory_format=recipe(own.architecture).memory_format).to(self.device)
        betas = (config.beta1, config.beta2)
        optimizer = torch.optim.Adam(network.parameters(), lr=own.lr, betas=betas, fused=True)
        return Player(network=network, optimizer=optimizer)

    def _streams(self, images: int) -> dict[str, Stream]:
        config = self.config
        order = MinibatchOrder(seed=config.seed, images=images, batch_size=config.batch_size, device=self.feed.device)
        return {"order": order, "noise_d": self._noise(StreamId.NOISE_D), "noise_g": self._noise(StreamId.NOISE_G)}

    def _noise(self, stream: StreamId) -> NoiseStream:
        return NoiseStream(
            seed=self.config.seed,
            stream=stream,
            batch_size=self.config.batch_size,
            latent_dim=self.config.latent_dim,
            distribution=self.config.latent_distribution,
            device=self.device,
        )


def _weights(player: Player) -> dict[str, Tensor]:
    return {name: tensor.cpu().contiguous() for name, tensor in player.network.state_dict().items()}


def _player_state(player: Player) -> dict[str, Any]:
    return {"network": player.network.state_dict(), "optimizer": player.optimizer.state_dict()}


def _refuse_gaps(config: RunConfig, state: Mapping[str, Any]) -> None:
    """Raise ValueError if a state lacks what was recorded up to its step: its run would never have a whole record."""
    step, recorder, probes, done = state["step"], state["recorder"], probe_steps(config), len(state["sheets"])
    if done not in (bisect_left(probes, step), bisect_right(probes, step)):  # it may have been stopped before a probe
        raise ValueError(f"expected the images of every probe up to step {step}")
    fetched, probed = step - len(recorder.get("rows", ())), probes[done - 1]
    for name, promised in promised_steps(config).items():
        steps = recorder["series"][name]["steps"].tolist()
        reached = bisect_right(promised, fetched if name in STEP_TRACES else probed)
        if steps != promised[:reached] or len(steps) != len(recorder["series"][name]["values"]):
            raise ValueError(f"expected every point of {name} up to step {step}")


def _clock(device: torch.device) -> float:
    """Seconds of compute: of this process's CPU, or on a GPU the time until it has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        return time.perf_counter()
    return time.process_time()
