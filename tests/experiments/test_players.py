import copy
import math

import pytest
import torch
from torch import nn

from experiments.players import Player, discriminator_step, generator_step
from models.dcgan import DCGANDiscriminator, DCGANGenerator
from models.losses import discriminator_loss, non_saturating_loss
from models.mlp import MLPDiscriminator, MLPGenerator

ARCHITECTURES = {
    "dcgan": lambda: (DCGANGenerator(16, 8, 4, 1), DCGANDiscriminator(16, 4, 1)),
    "mlp": lambda: (MLPGenerator(16, 8, 12, 1), MLPDiscriminator(16, 12, 1)),
}


def player(network, learning_rate=1e-3):
    return Player(network=network, optimizer=torch.optim.Adam(network.parameters(), lr=learning_rate))


@pytest.fixture(params=ARCHITECTURES)
def players(request):
    torch.manual_seed(0)
    generator, discriminator = ARCHITECTURES[request.param]()
    return player(generator), player(discriminator)


def real_and_noise():
    source = torch.Generator().manual_seed(1)
    return torch.randn(16, 1, 16, 16, generator=source), torch.randn(16, 8, generator=source)


def parameters_and_gradients(one):
    return copy.deepcopy([(p.data, p.grad) for p in one.parameters])


def same(left, right):
    def equal(a, b):
        return a is b if a is None or b is None else torch.equal(a, b)

    return all(equal(a, c) and equal(b, d) for (a, b), (c, d) in zip(left, right, strict=True))


def test_untrained_discriminator_scores_one_half_and_loses_two_ln_2(players):
    generator, discriminator = players
    for parameter in discriminator.parameters:
        nn.init.zeros_(parameter)
    update = discriminator_step(discriminator, generator, *real_and_noise())
    assert update.real_score.item() == update.fake_score.item() == 0.5
    assert update.loss.item() == pytest.approx(2 * math.log(2), abs=1e-6)


def test_discriminator_step_leaves_generator_untouched(players):
    generator, discriminator = players
    real, noise = real_and_noise()
    generator_step(generator, discriminator, noise)  # so that there are gradients to leave alone
    before, own = parameters_and_gradients(generator), parameters_and_gradients(discriminator)
    discriminator_step(discriminator, generator, real, noise)
    assert same(before, parameters_and_gradients(generator))
    assert not same(own, parameters_and_gradients(discriminator))


def test_generator_step_leaves_discriminator_untouched(players):
    generator, discriminator = players
    real, noise = real_and_noise()
    discriminator_step(discriminator, generator, real, noise)
    before, own = parameters_and_gradients(discriminator), parameters_and_gradients(generator)
    generator_step(generator, discriminator, noise)
    assert same(before, parameters_and_gradients(discriminator))
    assert not same(own, parameters_and_gradients(generator))
    assert all(parameter.requires_grad for parameter in discriminator.parameters)


def test_each_player_moves_its_own_score_towards_its_aim(players):
    generator, discriminator = players
    real, noise = real_and_noise()
    first = discriminator_step(discriminator, generator, real, noise)
    for _ in range(20):
        last = discriminator_step(discriminator, generator, real, noise)
    assert last.loss < first.loss
    before = generator_step(generator, discriminator, noise)
    for _ in range(20):
        after = generator_step(generator, discriminator, noise)
    assert after.fake_score > before.fake_score


def test_traced_norms_are_those_of_all_parameters_before_the_update(players):
    generator, discriminator = players
    weights = torch.cat([p.detach().flatten() for p in discriminator.parameters]).norm()
    update = discriminator_step(discriminator, generator, *real_and_noise())
    gradients = torch.cat([p.grad.flatten() for p in discriminator.parameters]).norm()
    assert update.weight_norm.item() == pytest.approx(weights.item(), rel=1e-5)
    assert update.gradient_norm.item() == pytest.approx(gradients.item(), rel=1e-5)


def test_the_score_is_the_mean_of_sigmoids():
    class Logits(nn.Module):
        """Gives the images' own values as logits."""

        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, images):
            return self.scale * images.flatten()

    logits = torch.tensor([-4.0, 0.0, 8.0])
    discriminator, generator = player(Logits()), player(Logits())
    update = discriminator_step(discriminator, generator, logits, logits)
    assert update.real_score.item() == pytest.approx(logits.sigmoid().mean().item())
    assert update.real_score.item() != pytest.approx(logits.mean().sigmoid().item(), abs=0.05)


class DiracGenerator(nn.Module):
    """All samples at θ, whatever the noise (Mescheder, Geiger, Nowozin 2018, definition 2.1)."""

    def __init__(self, theta):
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(theta))

    def forward(self, noise):
        return self.theta.expand(len(noise), 1)


class DiracDiscriminator(nn.Module):
    """D(x) = ψ x; real data all lie at 0."""

    def __init__(self, psi):
        super().__init__()
        self.psi = nn.Parameter(torch.tensor(psi))

    def forward(self, x):
        return (self.psi * x).flatten()


def dirac_path(start, *, learning_rate, steps=2000, r1_gamma=0.0, losses=(discriminator_loss, non_saturating_loss)):
    """(θ, ψ) after every step of the two players, from (θ, ψ) = (start, 0)."""
    generator, discriminator = DiracGenerator(start), DiracDiscriminator(0.0)
    g = Player(network=generator, optimizer=torch.optim.SGD(generator.parameters(), lr=learning_rate))
    d = Player(network=discriminator, optimizer=torch.optim.SGD(discriminator.parameters(), lr=learning_rate))
    real, noise = torch.zeros(2, 1), torch.zeros(2, 1)
    path = []
    for _ in range(steps):
        discriminator_step(d, g, real, noise, loss=losses[0], r1_gamma=r1_gamma)
        generator_step(g, d, noise, loss=losses[1])
        path.append((generator.theta.item(), discriminator.psi.item()))
    return path


def test_dirac_gan_orbits_without_penalty():
    radii = [math.hypot(*point) for point in dirac_path(0.03, learning_rate=0.05)]
    assert min(radii) > 0.03 * 0.95
    assert max(radii) < 0.03 * 1.05


def test_dirac_gan_converges_with_r1():
    radii = [math.hypot(*point) for point in dirac_path(1.0, learning_rate=0.05, r1_gamma=1.0)]
    assert radii[-1] < 1e-3


def test_wasserstein_dirac_gan_keeps_what_alternating_updates_keep():
    # with linear losses a step is a symplectic Euler step of a rotation, which keeps θ² + ψ² − hθψ exactly
    h = 0.1
    path = dirac_path(1.0, learning_rate=h, losses=(lambda real, fake: fake - real, lambda fake: -fake))
    kept = [theta**2 + psi**2 - h * theta * psi for theta, psi in path]
    assert kept == pytest.approx([1.0] * len(kept), abs=1e-3)


def test_dirac_gan_turns_as_fast_as_theory_says():
    # near the equilibrium the updates rotate by 2 asin(h/4), h/2 to first order (eigenvalues ±i f'(0), f'(0) = 1/2)
    h = 0.1
    signs = [theta > 0 for theta, _ in dirac_path(0.01, learning_rate=h, steps=1000)]
    crossings = sum(now != before for now, before in zip(signs[1:], signs, strict=False))
    assert crossings == pytest.approx(1000 * 2 * math.asin(h / 4) / math.pi, abs=1)
