"""From a study's cells to runs that can be made here: matched widths, a device, and what is still missing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from experiments.environment import resolve_device
from experiments.networks import match_info, with_widths
from experiments.recording import RunRequest
from runs.schema import MatchInfo, RunConfig
from runs.store import RunStore
from runs.study import Cell, Study


@dataclass(frozen=True, kw_only=True)
class MatchedCell:
    """A cell with the widths and the device that its runs have."""

    cell: Cell
    config: RunConfig
    match: MatchInfo


def matched_cells(study: Study) -> list[MatchedCell]:
    """All cells of the study. Raises UserError if one cannot be matched, or its device is not here."""
    return [_matched(cell) for cell in study.cells()]


def requests(study: Study, cells: list[MatchedCell], url: str) -> Iterator[RunRequest]:
    """Every run of the study, all arms of a seed before the next seed: an interrupted sweep leaves whole pairs."""
    for seed in study.seeds:
        for one in cells:
            yield RunRequest(
                config=replace(one.config, seed=seed),
                match=one.match,
                url=url,
                key=one.cell.key,
                plan_hash=study.plan_hash,
                plan=dict(study.document),
            )


def missing(study: Study, cells: list[MatchedCell], store: RunStore, url: str) -> list[RunRequest]:
    """The runs of the study that have no complete record."""
    keys = [one.cell.key for one in cells]
    found = store.find({"config.study": study.name, "meta.cell_key": {"$in": keys}})
    done = {(record.meta["cell_key"], record.config["seed"]) for record in found}
    return [one for one in requests(study, cells, url) if (one.key, one.config.seed) not in done]


def _matched(cell: Cell) -> MatchedCell:
    config = with_widths(cell.config, cell.reference)
    config = replace(config, device=resolve_device(config.device))
    return MatchedCell(cell=cell, config=config, match=match_info(config, cell.reference))
