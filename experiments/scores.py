"""The table of FID and KID: its rows, as a file and in words."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median

from runs.errors import UserError

HELD_OUT = "real, held out"


@dataclass(frozen=True, kw_only=True)
class Score:
    """One row of the table: a run's, or that of held-out real images."""

    run: int | None
    arm: str
    point: str  # of the grid
    seed: int | None
    samples: int
    real_images: int
    fid: float  # NaN where samples are not finite
    kid: float
    kid_sd: float  # over subsets of at most 1,000 images
    data: str  # digest of the images
    measured_by: str


def kept_scores(path: Path, samples: int) -> dict[tuple[int | None, str], Score]:
    """What an earlier call with as many samples has scored, by run and data."""
    if not path.is_file():
        return {}
    kept = {}
    try:
        for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))):
            score = _parsed(row)
            if score.run is None or score.samples == samples:
                kept[score.run, score.data] = score
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise UserError(f"{path} is not what this command writes ({error}); move it away") from None
    return kept


def _parsed(row: Mapping[str, str]) -> Score:
    run, seed = (int(row[name]) if row[name] else None for name in ("run", "seed"))
    return Score(
        run=run,
        arm=row["arm"],
        point=row["point"],
        seed=seed,
        samples=int(row["samples"]),
        real_images=int(row["real_images"]),
        fid=float(row["fid"]),
        kid=float(row["kid"]),
        kid_sd=float(row["kid_sd"]),
        data=row["data"],
        measured_by=row["measured_by"],
    )


def table(scores: Sequence[Score]) -> str:
    """All of them as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Score)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(score) for score in scores)
    return text.getvalue()


def summary(scores: Sequence[Score]) -> list[str]:
    """A line for each arm and grid point: medians over its runs."""
    lines = []
    for arm, point in dict.fromkeys((score.arm, score.point) for score in scores):
        own = [score for score in scores if (score.arm, score.point) == (arm, point)]
        finite = [score for score in own if math.isfinite(score.fid)]
        values = (
            f"FID {median(s.fid for s in finite):.1f}, KID × 1000 {1000 * median(s.kid for s in finite):.1f}"
            if finite
            else "no finite samples"
        )
        lines.append(f"{' '.join(filter(None, (arm, point)))}: {values}, median of {len(finite)} of {len(own)}")
    return lines
