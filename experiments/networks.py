"""From a run's config to its two networks, with the widths that match the reference arm."""

from dataclasses import replace

import torch

from models.blocks import BlockNetwork
from models.dcgan import DCGANDiscriminator, DCGANGenerator
from models.matching import NoMatch, Widths, count_flops, count_parameters, match_widths
from models.mlp import MLPDiscriminator, MLPGenerator
from runs.errors import UserError
from runs.schema import MatchInfo, RunConfig

DEFAULT_WIDTH = 32  # of an arm that neither declares a width nor is matched


def build_generator(config: RunConfig) -> BlockNetwork:
    """The generator of a config whose widths are known; weights as torch leaves them."""
    return _generator(config, _known(config.width_g), config.inner_width_g)


def build_discriminator(config: RunConfig) -> BlockNetwork:
    """The discriminator of a config whose widths are known; weights as torch leaves them."""
    return _discriminator(config, _known(config.width_d), config.inner_width_d)


def with_widths(config: RunConfig, reference: RunConfig | None) -> RunConfig:
    """The config with both widths filled in: declared ones stay, others match the reference's parameters.

    Raises UserError if no width matches, or if the matched G would be narrower than its latent vector.
    """
    if reference is None:
        return replace(config, width_g=config.width_g or DEFAULT_WIDTH, width_d=config.width_d or DEFAULT_WIDTH)
    reference = with_widths(reference, None)
    try:
        return _matched(config, reference)
    except NoMatch as error:
        raise UserError(
            f"arm {config.arm} cannot match {reference.arm}: {error}; "
            "give the reference another width, or declare the arm with matched: false"
        ) from None


def match_info(config: RunConfig, reference: RunConfig | None) -> MatchInfo:
    """Sizes of a run's networks beside those of the arm that it is matched to (or beside itself)."""
    compared = with_widths(reference, None) if reference else config
    with torch.device("meta"):
        generator, discriminator = build_generator(config), build_discriminator(config)
        latent = torch.empty(1, config.latent_dim)
        image = torch.empty(1, config.channels, config.image_size, config.image_size)
        return MatchInfo(
            reference=reference.arm if reference else None,
            parameters_g=count_parameters(generator),
            parameters_d=count_parameters(discriminator),
            reference_parameters_g=count_parameters(build_generator(compared)),
            reference_parameters_d=count_parameters(build_discriminator(compared)),
            flops_g=count_flops(generator, latent),
            flops_d=count_flops(discriminator, image),
        )


def _matched(config: RunConfig, reference: RunConfig) -> RunConfig:
    with torch.device("meta"):
        target_g = count_parameters(build_generator(reference))
        target_d = count_parameters(build_discriminator(reference))
    floats = config.architecture == "mlp"
    if config.width_g is None:
        found = match_widths(lambda w, inner: _generator(config, w, inner), target_g, inner_may_differ=floats)
        _check_not_narrow(config, found)
        config = replace(config, width_g=found.width, inner_width_g=found.inner)
    if config.width_d is None:
        found = match_widths(lambda w, inner: _discriminator(config, w, inner), target_d, inner_may_differ=floats)
        config = replace(config, width_d=found.width, inner_width_d=found.inner)
    return config


def _check_not_narrow(config: RunConfig, found: Widths) -> None:
    if config.architecture == "mlp" and found.width < config.latent_dim:
        raise NoMatch(
            f"its generator would be {found.width} units wide, narrower than the latent vector ({config.latent_dim})"
        )


def _generator(config: RunConfig, width: int, inner: int | None) -> BlockNetwork:
    shape = (config.image_size, config.latent_dim, width, config.channels, config.extra_layers, config.normalization)
    if config.architecture == "mlp":
        return MLPGenerator(*shape, inner_width=inner)
    return DCGANGenerator(*shape)


def _discriminator(config: RunConfig, width: int, inner: int | None) -> BlockNetwork:
    shape = (config.image_size, width, config.channels, config.extra_layers, config.normalization)
    if config.architecture == "mlp":
        return MLPDiscriminator(*shape, inner_width=inner)
    return DCGANDiscriminator(*shape)


def _known(width: int | None) -> int:
    if width is None:
        raise ValueError("widths are not known yet: use with_widths first")
    return width
