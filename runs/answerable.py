"""What a contrast's arms must have in common, or no data could answer it: refused before anything is trained."""

from collections.abc import Mapping, Sequence

from runs.errors import UserError
from runs.plan import Contrast
from runs.schema import RunConfig

# Budgets and streams (the same steps, minibatches and noise make a matched pair) and what samples are measured on:
# Fréchet distances to other data, of other numbers of samples or at other steps are other quantities.
COMMON_FIELDS = (
    "dataset",
    "data",
    "image_size",
    "channels",
    "latent_dim",
    "latent_distribution",
    "batch_size",
    "steps",
    "d_steps",
    "g_steps",
    "eval_every",
    "eval_samples",
    "feature_space",
)


def refuse_unanswerable(contrasts: Sequence[Contrast], configs: Mapping[str, RunConfig], where: str) -> None:
    """Raise UserError on the first contrast whose arms are not comparable; ``configs``: by arm, at one grid point."""
    for contrast in contrasts:
        first, *others = dict.fromkeys(contrast.arms)
        for other in others:
            for name in COMMON_FIELDS:
                own, theirs = getattr(configs[first], name), getattr(configs[other], name)
                if own != theirs:
                    raise UserError(
                        f"{where}: contrast {contrast.name!r} on {contrast.outcome}: no data can answer it, for arms"
                        f" {first} and {other} differ in {name}: {own} and {theirs};"
                        " give both the same, or leave the contrast out"
                    )
