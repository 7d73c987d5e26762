"""From a study's cells to runs that can be made: matched depth and widths."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from experiments.datasets import source_of, training_images, why_absent
from experiments.datasets.protocol import Source
from experiments.networks import match_info, matched_config
from experiments.recording import RunRequest
from experiments.sizes import refuse_sizes
from runs.addresses import local_folder
from runs.manifest import RunKey
from runs.schema import MatchInfo, RunConfig
from runs.study import Cell, Study


@dataclass(frozen=True, kw_only=True)
class MatchedCell:
    """A cell with the depth and the widths that its runs have. Their device is found where they are made."""

    cell: Cell
    config: RunConfig
    match: MatchInfo


def matched_cells(study: Study, *, without_data: bool = False) -> list[MatchedCell]:
    """All cells of the study. Raises UserError if one cannot be matched or trained, absent data aside if so wanted."""

    @cache  # cells share their data, and to look for them in a large folder takes seconds
    def images(source: Source) -> int | None:
        local = local_folder()
        return None if without_data and why_absent(source, local) else training_images(source, local)

    return [_matched(cell, images) for cell in study.cells()]


def requests(
    study: Study, cells: Sequence[MatchedCell], runs: Iterable[RunKey], url: str, generation: int = 0
) -> list[RunRequest]:
    """What a worker needs to make each of these runs, for that time (see :mod:`runs.generations`)."""
    by_key = {one.cell.key: one for one in cells}
    return [
        RunRequest(
            config=replace(by_key[key].config, seed=seed),
            match=by_key[key].match,
            url=url,
            key=key,
            generation=generation,
            plan_hash=study.plan_hash,
            plan=dict(study.document),
            snapshot_every=study.snapshot_every,
        )
        for key, seed in runs
    ]


def _matched(cell: Cell, images: Callable[[Source], int | None]) -> MatchedCell:
    config = matched_config(cell.config, cell.reference)
    match = match_info(config, cell.reference)
    refuse_sizes(config, match, images(source_of(config)))
    return MatchedCell(cell=cell, config=config, match=match)
