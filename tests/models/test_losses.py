import math

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from models.losses import discriminator_loss, non_saturating_loss, r1_penalty

LOGITS = torch.linspace(-8, 8, 33, dtype=torch.float64)


def test_a_discriminator_that_cannot_tell_loses_two_ln_2():
    undecided = torch.zeros(4)
    assert torch.allclose(discriminator_loss(undecided, undecided), torch.full((4,), 2 * math.log(2)))
    assert torch.allclose(non_saturating_loss(undecided), torch.full((4,), math.log(2)))


def test_losses_are_binary_cross_entropy_on_every_logit():
    ones, zeros = torch.ones_like(LOGITS), torch.zeros_like(LOGITS)
    real = binary_cross_entropy_with_logits(LOGITS, ones, reduction="none")
    fake = binary_cross_entropy_with_logits(LOGITS.flip(0), zeros, reduction="none")
    assert torch.allclose(discriminator_loss(LOGITS, LOGITS.flip(0)), real + fake)
    assert torch.allclose(non_saturating_loss(LOGITS), real)


def test_losses_stay_exact_where_a_sigmoid_would_round_to_zero():
    assert non_saturating_loss(torch.tensor([-1e4])).item() == 1e4


def test_losses_pass_non_finite_logits_on():
    assert non_saturating_loss(torch.tensor([math.nan])).isnan().all()
    assert discriminator_loss(torch.tensor([-math.inf]), torch.tensor([0.0])).isinf().all()


def test_r1_of_a_linear_discriminator_is_half_its_squared_weight():
    weight = torch.tensor([3.0, 4.0])
    real = torch.randn(5, 2, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert torch.allclose(r1_penalty(real @ weight, real), torch.full((5,), 12.5))
