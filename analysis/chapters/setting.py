"""What was compared: each arm's recipe, and how its networks compare in size and cost with the reference's."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.chapters.form import Chapter, Judged
from analysis.results.document import ArmResult, Findings, MatchRow
from analysis.results.wording import learning_rate, point_text
from analysis.tables.columns import place_columns
from analysis.tables.formats import Table

SECONDS = "s a step"
INNER = "inner width"
_DEPTH = {None: None, True: "matched", False: "depth not matched"}
_WHOLE = ("hidden layers", "width", INNER, "parameters", "FLOPs", "FLOPs a step")


def setting(judged: Judged) -> Chapter:
    """Arms, and the players of each."""
    results = judged.findings
    return Chapter(name="setting", title="Setting", tables=(_arms(results), _players(results)), folded=False)


def _arms(results: Findings) -> Table:
    """What each arm is, and what a training step of it costs; one row an arm where a grid leaves all that."""
    one_rate = all(arm.settings["lr_g"] == arm.settings["lr_d"] for arm in results.arms)
    matches = _matches(results)
    made = [
        {
            **place_columns(arm.arm, arm.grid_point),
            **_settings(arm, one_rate),
            "size": matches[arm.arm, point_text(arm.grid_point)].declared,
            "depth": _DEPTH[matches[arm.arm, point_text(arm.grid_point)].depth_matched],
            "FLOPs a step": arm.flops_per_step,
            SECONDS: arm.seconds_per_step,
        }
        for arm in results.arms
    ]
    return Table(
        name="arms",
        caption="Arms. Size and depth: whether an arm has as many trainable parameters, and hidden layers, as the"
        " reference. FLOPs a step are of all updates of a training step, a backward pass as two forward ones. Seconds"
        " a step: median over runs, as measured, and over the grid points where they share a row.",
        frame=_whole(without_grid(made, ["arm"], results)),
    )


def _players(results: Findings) -> Table:
    """How an arm's generator and discriminator compare in size and cost; one row each where a grid leaves all that."""
    matches = _matches(results)
    one_differs = any(match.inner_width_g or match.inner_width_d for match in matches.values())
    made = [
        {
            **place_columns(arm.arm, arm.grid_point),
            "player": player.upper(),
            "hidden layers": getattr(match, f"hidden_layers_{player}"),
            "width": getattr(match, f"width_{player}"),
            **({INNER: getattr(match, f"inner_width_{player}")} if one_differs else {}),
            "parameters": getattr(match, f"parameters_{player}"),
            "excess": _percent(getattr(match, f"relative_{player}")),
            "FLOPs": getattr(match, f"flops_{player}"),
        }
        for arm in results.arms
        for match in [matches[arm.arm, point_text(arm.grid_point)]]
        for player in ("g", "d")
    ]
    return Table(
        name="players",
        caption="Generators and discriminators. Parameters are trainable ones, their excess is over the reference's;"
        " FLOPs are of one image, forward, multiply and add counted apart."
        + (" Inner width: of the one hidden layer that is not as wide as the others." if one_differs else ""),
        frame=_whole(without_grid(made, ["arm", "player"], results)),
    )


def without_grid(rows: Sequence[Mapping[str, Any]], key: Sequence[str], results: Findings) -> pd.DataFrame:
    """One row for each ``key``, without the factors, seconds by their median; all rows where they differ in more."""
    made, factors = pd.DataFrame(rows), list(results.arms[0].grid_point)
    measured = [SECONDS] if SECONDS in made else []
    alone = made.drop(columns=[*factors, *measured]).drop_duplicates()
    if alone.duplicated(subset=list(key)).any():
        return made
    medians = made.groupby(list(key), sort=False)[measured].median().reset_index()
    return alone.merge(medians, on=list(key))


def _matches(results: Findings) -> dict[tuple[str, str], MatchRow]:
    return {(row.arm, point_text(row.grid_point)): row for row in results.match}


def _whole(made: pd.DataFrame) -> pd.DataFrame:
    return made.astype({name: "Int64" for name in _WHOLE if name in made})


def _settings(arm: ArmResult, one_rate: bool) -> dict[str, Any]:
    """The arm's settings that its grid point does not say; both players' learning rates as one if all arms share it."""
    shown = {name: value for name, value in arm.settings.items() if name not in {*arm.grid_point, "lr_g", "lr_d"}}
    rates = {} if "lr" in arm.grid_point else {name: learning_rate(arm.settings[name]) for name in ("lr_g", "lr_d")}
    if rates and one_rate:
        rates = {"lr": rates["lr_g"]}
    names = {name.replace("_", " "): value for name, value in {**shown, **rates}.items()}
    return {name: learning_rate(value) if isinstance(value, float) else value for name, value in names.items()}


def _percent(relative: float | None) -> str | None:
    return None if relative is None else f"{relative:+.2%}".replace("-", "−")
