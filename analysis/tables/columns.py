"""Columns that several tables of a report share."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.results.parts import Summary
from analysis.results.wording import Compared, level_text
from analysis.statistics import Interval, NotEstimable, Rate

PIXEL_GAUSSIAN = (
    "Pixel Gaussian: images drawn from the normal distribution that has the mean and the covariance of the real images'"
    " pixels; it takes no network and no training."
)


def frame(rows: Sequence[Mapping[str, Any]], whole: Iterable[str] = ()) -> pd.DataFrame:
    """A row a mapping; the columns in ``whole`` hold whole numbers, some of which may be absent."""
    made = pd.DataFrame(list(rows))
    return made.astype({name: "Int64" for name in whole if name in made})


def point_columns(point: Mapping[str, Any]) -> dict[str, str]:
    """A column a factor of the grid; levels as study files write them."""
    return {factor: level_text(level) for factor, level in point.items()}


def place_columns(arm: str, point: Mapping[str, Any]) -> dict[str, Any]:
    """The arm and its grid point."""
    return {"arm": arm, **point_columns(point)}


def ends(name: str, interval: Interval | None) -> dict[str, float | None]:
    """Columns «name low» and «name high», absent where there is no interval."""
    return {f"{name} low": interval.low if interval else None, f"{name} high": interval.high if interval else None}


def rate_columns(name: str, rate: Rate) -> dict[str, float | None]:
    """A rate with its interval."""
    return {name: rate.estimate, **ends(name, rate.interval)}


def summary_columns(name: str, summary: Summary | None) -> dict[str, float | None]:
    """Median, least and greatest value."""
    values = (None, None, None) if summary is None else (summary.median, summary.minimum, summary.maximum)
    return dict(zip((name, f"{name} least", f"{name} greatest"), values, strict=True))


def summary_interval(name: str) -> tuple[str, str, str]:
    """As :func:`interval`, of :func:`summary_columns`."""
    return name, f"{name} least", f"{name} greatest"


def interval(name: str) -> tuple[str, str, str]:
    """For ``Table.intervals``: a column and its two ends."""
    return name, f"{name} low", f"{name} high"


def level(alpha: float) -> str:
    """«[95% interval]»."""
    return f"[{1 - alpha:.0%} interval]"


def reason(*parts: object) -> str | None:
    """Why parts cannot be estimated, each reason once; None if all can."""
    found = dict.fromkeys(str(part) for part in parts if isinstance(part, NotEstimable))
    return "; ".join(found) or None


def contrast_arms(contrast: Compared) -> str:
    """«mlp − dcgan», or the difference of two such differences."""
    arms = f"{contrast.first} − {contrast.second}"
    return arms if contrast.minus is None else f"({arms}) − ({contrast.minus[0]} − {contrast.minus[1]})"
