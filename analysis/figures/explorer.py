"""Traces to explore in the browser: choose quantity, arms and seeds, zoom, read values. One HTML fragment."""

# P points of a trace

import base64
import gzip
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray
from plotly.offline import get_plotlyjs

from analysis.figures.parts import QUANTITY
from analysis.figures.style import UPDATES, ArmStyle, Marker, arm_styles
from analysis.figures.thinning import fair_share, thinned, window_length
from analysis.figures.traces import EQUILIBRIUM, FRECHET
from analysis.judging.study_data import StudyData
from analysis.results.wording import point_text
from runs.records import Trace

BUDGET = 2_500_000  # bytes that all traces together may take in the page, beside plotly's 2.0 million
VALUE_BYTES = 3.2  # in the page, compressed and in base64; measured, as the next
STEP_BYTES = 0.6
DIGITS = 4  # significant digits of a value
LEVEL = 6  # of gzip; 9 takes ten times as long for 2 % less
SYMBOLS: Mapping[Marker, str] = {  # plotly's names of matplotlib's marks
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "D": "diamond",
    "v": "triangle-down",
    "P": "cross",
    "X": "x",
    "p": "pentagon",
}
SHOWN_FIRST = FRECHET
LOGARITHMIC = frozenset({FRECHET})


@dataclass(frozen=True, kw_only=True, eq=False)
class ExploredRun:
    """One line of the explorer.

    group: what the line is coloured by, an arm or the run itself. point: its grid point in words, empty without one.
    onset: updates of G at its collapse, divergence or first non-finite value. series: its traces, steps as recorded.
    """

    group: str
    seed: int
    point: str
    run_id: int
    verdict: str
    onset: int | None
    updates_per_step: int
    series: Mapping[str, Trace]


def explorer(data: StudyData, verdicts: pd.DataFrame) -> str:
    """The explorer of all used runs of a study; ``verdicts`` as ``judge_study`` makes them.

    An HTML fragment for use once a page: style, controls, script, and compressed the data and plotly.js itself, about
    2 to 5 MB; nothing is loaded from elsewhere. Long traces are thinned so that all together take at most about BUDGET
    bytes, values rounded as :func:`significant_digits` says. The browser unpacks it when the fold that it stands in is
    first opened, or at once where it stands in none.
    """
    styles = arm_styles(list(data.study.document["arms"]))
    used = set(verdicts["arm"])
    runs = [_explored(data, row) for row in verdicts.to_dict(orient="records")]
    return explorer_of(runs, {arm: styles[arm] for arm in data.study.arms if arm in used}, coloured_by="arm")


def explorer_of(
    runs: Sequence[ExploredRun], styles: Mapping[str, ArmStyle], *, coloured_by: Literal["arm", "run"]
) -> str:
    """The explorer of any runs: as :func:`explorer`, with a style for each of their groups."""
    lengths = [len(run.series[name].steps) for run in runs for name in QUANTITY]
    most = _most_points(lengths)
    content = {
        "coloured_by": coloured_by,
        "updates": UPDATES,
        "first": SHOWN_FIRST,
        "quantities": [_quantity(name) for name in QUANTITY],
        "groups": [_group(name, style) for name, style in styles.items()],
        "seeds": sorted({run.seed for run in runs}),
        "points": list(dict.fromkeys(run.point for run in runs)),
        **_lines(runs, list(styles), most),
    }
    here = Path(__file__).parent
    environment = Environment(loader=FileSystemLoader(here), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("explorer.html.j2").render(
        content=content,
        about=caption(runs, most),
        data=_packed(json.dumps(content, separators=(",", ":"), allow_nan=False)),
        script=Markup((here / "explorer.js").read_text(encoding="utf-8")),
        plotly=_packed(get_plotlyjs()),
    )


def caption(runs: Sequence[ExploredRun], most: int) -> str:
    """What is drawn, and how thin: of which quantities, and how many points stand for how many."""
    by_window = defaultdict(list)
    for name, (title, _) in QUANTITY.items():
        length = max((window_length(len(run.series[name].steps), most) for run in runs), default=1)
        by_window[length].append(title)
    whole = by_window.pop(1, [])
    drawn = [
        f"Of every {length} recorded points of {', '.join(titles)} the least and the greatest are drawn, at their own"
        " steps."
        for length, titles in by_window.items()
    ]
    if whole:
        drawn.append(
            "Of the other quantities every recorded point is drawn." if drawn else "Every recorded point is drawn."
        )
    return (
        f"One line a run, {len(runs)} in all. {' '.join(drawn)} Values are rounded to {DIGITS} significant digits, or"
        " to more where a trace varies little beside its size. Those that are not finite are gaps."
    )


def significant_digits(values: NDArray[np.float64]) -> int:
    """To how many digits the values (P,) of a trace are rounded: DIGITS, and as many more as all of them share.

    What is lost is then at most a quarter of a percent of what lies between the least and the greatest finite value,
    and of each value at most 5 in its (DIGITS + 1)th digit.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return DIGITS
    least, greatest = float(finite.min()), float(finite.max())
    amplitude = greatest / 2 - least / 2  # the whole span can be beyond float64
    return DIGITS + math.floor(math.log10(max(-least, greatest) / amplitude)) if amplitude else DIGITS


def _most_points(lengths: Sequence[int]) -> int:
    """How many points a trace may keep: all if their values fit, for then traces share their updates."""
    if sum(lengths) * VALUE_BYTES <= BUDGET:
        return max(lengths, default=0)
    return fair_share(lengths, int(BUDGET / (VALUE_BYTES + STEP_BYTES)))


def _explored(data: StudyData, row: Mapping[Any, Any]) -> ExploredRun:
    run_id = int(row["run_id"])
    updates_per_step = int(data.records[run_id].config["g_steps"])
    return ExploredRun(
        group=str(row["arm"]),
        seed=int(row["seed"]),
        point=point_text({factor: row[factor] for factor in data.factors}) if data.factors else "",
        run_id=run_id,
        verdict=str(row["verdict"]),
        onset=None if pd.isna(row["onset_step"]) else int(row["onset_step"]) * updates_per_step,
        updates_per_step=updates_per_step,
        series=data.series[run_id],
    )


def _quantity(name: str) -> dict[str, Any]:
    title, unit = QUANTITY[name]
    lines = [line.value for line in EQUILIBRIUM.get(name, ())]
    kind = "Samples, at probes" if name.startswith("eval_") else "Training"
    return {"name": name, "title": title, "unit": unit, "kind": kind, "lines": lines, "log": name in LOGARITHMIC}


def _group(name: str, style: ArmStyle) -> dict[str, str]:
    dashes = ",".join(f"{2 * length:g}px" for length in style.line[1])
    return {"name": name, "colour": style.colour, "symbol": SYMBOLS[style.marker], "dash": dashes or "solid"}


def _lines(runs: Sequence[ExploredRun], groups: Sequence[str], most: int) -> dict[str, Any]:
    """Runs and their traces; updates stand as differences, kept once where several traces share them."""
    shared: dict[tuple[int, ...], int] = {}
    rows = []
    for run in runs:
        traces = {}
        for name in QUANTITY:
            kept = thinned(run.series[name], most)
            updates = tuple(np.diff(kept.steps * run.updates_per_step, prepend=0).tolist())
            traces[name] = [shared.setdefault(updates, len(shared)), _rounded(kept.values)]
        about = {"seed": run.seed, "point": run.point, "id": run.run_id, "verdict": run.verdict, "onset": run.onset}
        rows.append({"group": groups.index(run.group), **about, "traces": traces})
    return {"runs": rows, "shared": list(shared)}


def _rounded(values: NDArray[np.float64]) -> list[float | None]:
    """JSON has no number for what is not finite: None, also for what rounding takes beyond float64."""
    digits = significant_digits(values)
    rounded = [float(f"{value:.{digits}g}") for value in values.tolist()]
    return [value if math.isfinite(value) else None for value in rounded]


def _packed(text: str) -> str:
    """What the page's script unpacks: UTF-8, gzip, base64; the same text gives the same bytes."""
    return base64.b64encode(gzip.compress(text.encode(), LEVEL, mtime=0)).decode("ascii")
