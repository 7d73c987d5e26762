"""Configs of trainings that take a fraction of a second."""

from dataclasses import replace

from runs.schema import RunConfig

TINY = RunConfig(
    arm="dcgan",
    width_g=8,
    width_d=8,
    latent_dim=8,
    batch_size=16,
    steps=12,
    eval_every=4,
    eval_samples=100,
    device="cpu",
)
ARMS = {
    "dcgan": TINY,
    "dcgan-nobn": replace(TINY, arm="dcgan-nobn", normalization="none"),
    "mlp": replace(TINY, arm="mlp", architecture="mlp", normalization="none"),
    "mlp-bn": replace(TINY, arm="mlp-bn", architecture="mlp"),
}
