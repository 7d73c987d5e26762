"""The table of FID and KID: its rows, as a file and in words."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median

from runs.errors import UserError

HELD_OUT = "real, held out"

Key = tuple[int | None, str, str, int, str]


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
    weights: str  # digest of the generator's; empty for real images

    @property
    def key(self) -> Key:
        """What makes it the same measurement. A run's number is not enough: another store has other runs."""
        return self.run, self.weights, self.data, self.samples, self.measured_by


def kept_scores(path: Path) -> dict[Key, Score]:
    """What earlier calls have scored."""
    if not path.is_file():
        return {}
    try:
        rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
        return {score.key: score for score in map(_parsed, rows)}
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise UserError(f"{path} is not what this command writes ({error}); move it away") from None


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
        weights=row["weights"],
    )


def table(scores: Iterable[Score]) -> str:
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
        of_images = f"{own[0].samples:,} images each" if len(own) > 1 else f"{own[0].samples:,} images"
        name = " ".join(filter(None, (arm, point)))
        lines.append(f"{name}: {values}, median of {len(finite)} of {len(own)}, {of_images}")
    return lines
