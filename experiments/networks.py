"""From a run's config to its two networks, with the depth and the widths that match the reference arm."""

from dataclasses import replace

import torch

from models.architectures import Shape, recipe
from models.blocks import BlockNetwork
from models.matching import NoMatch, Widths, count_flops, count_parameters, match_widths
from runs.errors import UserError
from runs.schema import MatchInfo, Role, RunConfig, player_config

DEFAULT_WIDTH = 32  # of an arm that neither declares a width nor is matched


def build_generator(config: RunConfig) -> BlockNetwork:
    """The generator of a config whose shape is known; weights as torch leaves them."""
    return _build(config, "g")


def build_discriminator(config: RunConfig) -> BlockNetwork:
    """The discriminator of a config whose shape is known; weights as torch leaves them."""
    return _build(config, "d")


def matched_config(config: RunConfig, reference: RunConfig | None) -> RunConfig:
    """The config with depth and widths filled in: what is declared stays, the rest matches the reference.

    Hidden layers are as many as the reference's, widths such that parameters are. Without a reference: as many hidden
    layers as its architecture has at this image size, and a default width. Raises UserError if no network can be built
    so, or if the matched G would be narrower than its latent vector.
    """
    try:
        return _alone(config) if reference is None else _matched(config, _alone(reference))
    except NoMatch as error:
        raise UserError(
            f"arm {config.arm} cannot match {reference.arm if reference else config.arm}: {error}; "
            "give the reference another width, or declare the arm with matched: false"
        ) from None
    except ValueError as error:
        raise UserError(f"arm {config.arm}: {error}") from None


def match_info(config: RunConfig, reference: RunConfig | None) -> MatchInfo:
    """Sizes of a run's networks beside those of the arm that it is matched to (or beside itself)."""
    compared = _alone(reference) if reference else config
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
            hidden_layers_g=_depth(config, "g"),
            hidden_layers_d=_depth(config, "d"),
            reference_hidden_layers_g=_depth(compared, "g"),
            reference_hidden_layers_d=_depth(compared, "d"),
            flops_g=count_flops(generator, latent),
            flops_d=count_flops(discriminator, image),
        )


def _alone(config: RunConfig) -> RunConfig:
    config = replace(
        config,
        hidden_layers_g=config.hidden_layers_g or recipe(config.architecture_g).hidden_layers(config.image_size),
        hidden_layers_d=config.hidden_layers_d or recipe(config.architecture_d).hidden_layers(config.image_size),
        width_g=config.width_g or DEFAULT_WIDTH,
        width_d=config.width_d or DEFAULT_WIDTH,
    )
    return _buildable(config)


def _buildable(config: RunConfig) -> RunConfig:
    """The same config. Raises ValueError for a shape that nothing can build."""
    with torch.device("meta"):
        build_generator(config), build_discriminator(config)
    return config


def _matched(config: RunConfig, reference: RunConfig) -> RunConfig:
    config = replace(
        config,
        hidden_layers_g=config.hidden_layers_g or reference.hidden_layers_g,
        hidden_layers_d=config.hidden_layers_d or reference.hidden_layers_d,
    )
    if config.width_g is None:
        found = _match(config, reference, "g")
        _check_not_narrow(config, found)
        config = _with_widths(config, "g", found)
    if config.width_d is None:
        config = _with_widths(config, "d", _match(config, reference, "d"))
    return _buildable(config)


def _match(config: RunConfig, reference: RunConfig, role: Role) -> Widths:
    with torch.device("meta"):
        target = count_parameters(_build(reference, role))

    def build(width: int, inner: int | None) -> BlockNetwork:
        return _build(_with_widths(config, role, Widths(width=width, inner=inner)), role)

    player = player_config(config, role)
    floats = recipe(player.architecture).one_width and _depth(config, role) > 1
    return match_widths(build, target, inner_may_differ=floats)


def _with_widths(config: RunConfig, role: Role, widths: Widths) -> RunConfig:
    if role == "g":
        return replace(config, width_g=widths.width, inner_width_g=widths.inner)
    return replace(config, width_d=widths.width, inner_width_d=widths.inner)


def _check_not_narrow(config: RunConfig, found: Widths) -> None:
    if recipe(config.architecture_g).one_width and found.width < config.latent_dim:
        raise NoMatch(
            f"its generator would be {found.width} units wide, narrower than the latent vector ({config.latent_dim})"
        )


def _build(config: RunConfig, role: Role) -> BlockNetwork:
    player = player_config(config, role)
    if player.width is None or player.hidden_layers is None:
        raise ValueError("widths and depth are not known yet: use matched_config first")
    shape = Shape(
        image_size=config.image_size,
        channels=config.channels,
        latent_dim=config.latent_dim,
        width=player.width,
        inner_width=player.inner_width,
        hidden_layers=player.hidden_layers,
        extra_layers=config.extra_layers,
        normalization=player.normalization,
    )
    found = recipe(player.architecture)
    return found.generator(shape) if role == "g" else found.discriminator(shape)


def _depth(config: RunConfig, role: Role) -> int:
    """Hidden layers of a player whose shape is known."""
    return (player_config(config, role).hidden_layers or 0) + config.extra_layers
