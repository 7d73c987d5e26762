"""How verdicts move when one threshold does."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import NamedTuple

from analysis.judging.judgements import Case, cases, count_verdicts
from analysis.judging.study_data import StudyData
from analysis.judging.thresholds import FACTORS, varied
from analysis.judging.verdicts import VerdictCode
from analysis.results.robustness import SensitivityRow
from runs.errors import UserError
from runs.plan import Thresholds

UNSETTLED = VerdictCode.UNSETTLED.value  # stands in the place of a threshold where such runs count as stable


def verdict_sensitivity(data: StudyData) -> tuple[tuple[SensitivityRow, ...], tuple[str, ...]]:
    """Verdicts by arm with each threshold in turn halved and doubled, after those as registered.

    As in the specification curve: of confidence the distance to 1, of divergence the rise above 1. The last rows, an
    arm each, count unsettled runs the other way: as stable. Also returns a sentence for each value that was skipped
    because the threshold cannot take it.
    """
    plan = data.study.plan.thresholds
    registered = asdict(plan)
    every_case = cases(data)
    arms = [case.run["arm"] for case in every_case]
    before = _codes(every_case, plan)
    rows, skipped = [], []
    for name, value in registered.items():
        rows += _rows(data.study.arms, arms, before, before, _Change(name, 1.0, value))
        for factor in FACTORS:
            try:
                thresholds = varied(plan, {name: factor})
            except UserError:
                skipped.append(f"{name} × {factor:g} is left out: no study can declare it")
                continue
            change = _Change(name, factor, getattr(thresholds, name))
            rows += _rows(data.study.arms, arms, before, _codes(every_case, thresholds), change)
    as_stable = [VerdictCode.STABLE if code is VerdictCode.UNSETTLED else code for code in before]
    rows += _rows(data.study.arms, arms, before, as_stable, _Change(UNSETTLED, None, None))
    return tuple(rows), tuple(skipped)


class _Change(NamedTuple):
    threshold: str
    factor: float | None
    value: float | None


def _codes(every_case: Sequence[Case], thresholds: Thresholds) -> list[VerdictCode]:
    return [case.verdict(thresholds).code for case in every_case]


def _rows(
    declared: Iterable[str],
    arms: Sequence[str],
    before: Sequence[VerdictCode],
    after: Sequence[VerdictCode],
    change: _Change,
) -> list[SensitivityRow]:
    """A row each declared arm; ``arms``, ``before`` and ``after`` are of the runs."""
    verdicts: dict[str, list[str]] = {arm: [] for arm in declared}
    changed: Counter[str] = Counter()
    for arm, registered, code in zip(arms, before, after, strict=True):
        verdicts[arm].append(code.value)
        changed[arm] += code is not registered
    return [
        SensitivityRow(
            threshold=change.threshold,
            factor=change.factor,
            value=change.value,
            arm=arm,
            verdicts=count_verdicts(own),
            changed=changed[arm],
        )
        for arm, own in verdicts.items()
    ]
