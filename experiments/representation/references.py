"""Two networks of a discriminator's shape that were no GAN's: an autoencoder's encoder, and a classifier.

Both begin with the weights that the discriminator of that run began with, and take as many updates as it did (at most
MOST_UPDATES), of minibatches as large, by Adam with its own defaults (Kingma, Ba 2015).
"""

# B batch, C channels, H height, W width, N images

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from experiments.datasets.images import Images
from experiments.environment import resolve_device
from experiments.networks import build_discriminator, build_generator
from experiments.streams import MinibatchOrder, initial_weights
from models.architectures import recipe
from models.blocks import BlockNetwork
from models.frozen import hidden_activations
from models.initialization import initialize
from runs.schema import RunConfig

MOST_UPDATES = 20_000


def untrained_discriminator(run: RunConfig) -> BlockNetwork:
    """With the weights that this run's discriminator began with."""
    network = build_discriminator(run)
    initialize(network, run.init_d, initial_weights(run.seed, run.arm, "discriminator"))
    return network


def autoencoder(run: RunConfig, images: Images) -> BlockNetwork:
    """An encoder of D's shape: with a linear code as long as the run's latent vector, decoded by its G's shape.

    Minibatches are those that the run's discriminator was trained on; the loss is the mean squared error of pixels.
    """
    device = _device()
    encoder, decoder = untrained_discriminator(run), build_generator(run)
    initialize(decoder, run.init_g, initial_weights(run.seed, run.arm, "generator"))
    code = _head(encoder, run, run.latent_dim)
    feed = images.feed(device, recipe(run.architecture_d).memory_format)
    order = _order(run, len(images), feed.device)

    def losses() -> Iterator[Tensor]:
        for _ in range(_updates(run)):
            batch = feed(order.next(), order.following())
            yield mse_loss(decoder(code(_last_hidden(encoder, batch))), batch)

    _minimize(losses(), [network.to(device) for network in (encoder, code, decoder)])
    return encoder.cpu()


def supervised(run: RunConfig, images: Tensor, labels: Tensor) -> BlockNetwork:
    """A classifier of D's shape, trained on these images (N, C, H, W) in [-1, 1] and their classes (N,)."""
    network = untrained_discriminator(run)
    head = _head(network, run, int(labels.max()) + 1)
    device = _device()
    order = _order(run, len(images), device)
    images, labels = images.to(device), labels.to(device)

    def losses() -> Iterator[Tensor]:
        for _ in range(_updates(run)):
            chosen = order.next()
            yield cross_entropy(head(_last_hidden(network, images[chosen])), labels[chosen])

    _minimize(losses(), [one.to(device) for one in (network, head)])
    return network.cpu()


def _updates(run: RunConfig) -> int:
    return min(run.steps * run.d_steps, MOST_UPDATES)


def _device() -> torch.device:
    return torch.device(resolve_device("auto"))


def _order(run: RunConfig, images: int, device: torch.device) -> MinibatchOrder:
    return MinibatchOrder(seed=run.seed, images=images, batch_size=min(run.batch_size, images), device=device)


def _minimize(losses: Iterable[Tensor], networks: Iterable[nn.Module]) -> None:
    """A step of Adam for each loss, in training mode."""
    parameters = [parameter for network in networks for parameter in network.train().parameters()]
    optimizer = torch.optim.Adam(parameters, fused=True)
    for loss in losses:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _last_hidden(network: BlockNetwork, images: Tensor) -> Tensor:
    return list(hidden_activations(network, images).values())[-1].flatten(1)


def _head(network: BlockNetwork, run: RunConfig, outputs: int) -> nn.Linear:
    """A linear layer on the last hidden block."""
    with torch.no_grad():
        image = torch.zeros(1, run.channels, run.image_size, run.image_size)
        layer = nn.Linear(_last_hidden(network.eval(), image).shape[1], outputs)
    initialize(layer, run.init_d, initial_weights(run.seed, run.arm, "head"))
    return layer
