"""Traces to explore in the browser: choose quantity, arms and seeds, zoom, read values. One HTML fragment."""

# P points of a trace

import base64
import json
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

BUDGET = 4_000_000  # bytes that all traces together may take in the page, beside plotly's 4.8 million
NUMBER_BYTES = 4 * 4 / 3  # 32 bits in base64
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

    An HTML fragment for use once a page: style, controls, data, script and plotly.js itself, about 5 to 9 MB; nothing
    is loaded from elsewhere. Long traces are thinned so that all together take at most about BUDGET bytes.
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
        **_packed(runs, list(styles), most),
    }
    here = Path(__file__).parent
    environment = Environment(loader=FileSystemLoader(here), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("explorer.html.j2").render(
        content=content,
        about=caption(runs, most),
        data=Markup(_json_in_html(content)),
        script=Markup((here / "explorer.js").read_text(encoding="utf-8")),
        plotly=Markup(get_plotlyjs()),
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
    return f"One line a run, {len(runs)} in all. {' '.join(drawn)} Values that are not finite are gaps."


def _most_points(lengths: Sequence[int]) -> int:
    """How many points a trace may keep: all if their values fit, for then traces share their updates."""
    if sum(lengths) * NUMBER_BYTES <= BUDGET:
        return max(lengths, default=0)
    return fair_share(lengths, int(BUDGET / (2 * NUMBER_BYTES)))


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


def _packed(runs: Sequence[ExploredRun], groups: Sequence[str], most: int) -> dict[str, Any]:
    """Runs and their traces; arrays of updates that several traces share are kept once."""
    shared: dict[str, int] = {}
    rows = []
    for run in runs:
        traces = {}
        for name in QUANTITY:
            kept = thinned(run.series[name], most)
            updates = _base64(kept.steps * run.updates_per_step, np.uint32)
            traces[name] = [shared.setdefault(updates, len(shared)), _base64(kept.values, np.float32)]
        about = {"seed": run.seed, "point": run.point, "id": run.run_id, "verdict": run.verdict, "onset": run.onset}
        rows.append({"group": groups.index(run.group), **about, "traces": traces})
    return {"runs": rows, "shared": list(shared)}


def _base64(values: NDArray[Any], kind: type[np.uint32] | type[np.float32]) -> str:
    """Little-endian numbers of 32 bits; a value beyond float32 becomes infinite, and so a gap."""
    with np.errstate(over="ignore"):
        packed = values.astype(np.dtype(kind).newbyteorder("<"))
    return base64.b64encode(packed.tobytes()).decode("ascii")


def _json_in_html(content: Any) -> str:
    """JSON that cannot end the script element that it stands in."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
