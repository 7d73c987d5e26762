"""Configs of trainings that take a fraction of a second."""

from dataclasses import replace

from experiments.datasets.images import Images
from runs.schema import RunConfig
from runs.study_file import spelled_out

TINY = RunConfig(
    arm="dcgan",
    hidden_layers_g=2,
    hidden_layers_d=2,
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
    "dcgan-nobn": replace(TINY, arm="dcgan-nobn", **spelled_out({"normalization": "none"})),
    "mlp": replace(TINY, arm="mlp", **spelled_out({"architecture": "mlp", "normalization": "none"})),
    "mlp-bn": replace(TINY, arm="mlp-bn", **spelled_out({"architecture": "mlp"})),
}


class FromDisk(Images):
    """The same images without their classes, of which no more than a few are ever in memory."""

    labels = None

    def __init__(self, images):
        self._images = images

    def __len__(self):
        return len(self._images)

    def take(self, indices):
        assert len(indices) <= 250
        return self._images.take(indices)
