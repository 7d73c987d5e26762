"""What the study could have seen, in short."""

from collections.abc import Iterator, Sequence

from analysis.findings.questions import LABELS
from analysis.report.drawing import Heading
from analysis.results.document import Results
from analysis.results.precision import MarginResult
from analysis.results.wording import number

PRECISION = "What the study could have seen"
MOST_NAMED = 6  # arms in a sentence; of more, the lowest and the highest


def precision_chapter(results: Results) -> Heading:
    """Power, early looks and what can be said of equality."""
    precision = results.precision
    allowed = [found.sentence for found in precision.smallest_p]
    primaries = results.of_role("primary")
    of_rates = len(primaries) == 1 and primaries[0].rates is not None
    primary = precision.contrasts[0].sentence if of_rates and precision.contrasts else None
    return Heading(
        title=PRECISION,
        gist=primary or " ".join(allowed) or "No registered contrast could be made, so nothing could have been seen.",
        sentences=[
            *(allowed if primary else ()),
            *_margin_sentences(precision.equivalence),
            *([precision.without_margin] if precision.without_margin else ()),
        ],
        tables=("precision", "equivalence", "planning"),
    )


def _margin_sentences(found: Sequence[MarginResult]) -> Iterator[str]:
    """One a margin; where there are many, one a contrast for all its grid points."""
    contrasts: dict[tuple[str, ...], list[MarginResult]] = {}
    for one in found:
        contrasts.setdefault((one.role, one.name, one.outcome, one.first, one.second, str(one.margin)), []).append(one)
    for points in contrasts.values():
        if len(points) == 1 or len(found) <= MOST_NAMED:
            yield from (one.sentence for one in points)
        else:
            yield _over_the_grid(points)


def _over_the_grid(points: Sequence[MarginResult]) -> str:
    label, shown = LABELS[points[0].outcome], sum(one.shown for one in points)
    return (
        f"{label[0].upper()}{label[1:]}, {points[0].first} minus {points[0].second}: shown to differ by less than"
        f" {number(points[0].margin)} ({points[0].unit}) at {shown} of {len(points)} grid points; the table gives each"
        " interval."
    )
