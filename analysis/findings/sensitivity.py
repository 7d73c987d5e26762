"""How verdicts move when one threshold does."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from analysis.judging.judgements import Case, cases, count_verdicts
from analysis.judging.study_data import StudyData
from analysis.judging.verdicts import VerdictCode
from analysis.results.robustness import SensitivityRow
from runs.errors import UserError
from runs.plan import Thresholds
from runs.validation import validated

FACTORS = (0.5, 2.0)  # by which a threshold is multiplied


def verdict_sensitivity(data: StudyData) -> tuple[tuple[SensitivityRow, ...], tuple[str, ...]]:
    """Verdicts by arm with each threshold in turn halved and doubled, after those as registered.

    Also returns a sentence for each value that was skipped because the threshold cannot take it. A number of probes
    is rounded to whole probes.
    """
    plan = data.study.plan.thresholds
    registered = asdict(plan)
    every_case = cases(data)
    before = [case.verdict(plan).code for case in every_case]
    rows, skipped = [], []
    for name, value in registered.items():
        for factor in (1.0, *FACTORS):
            changed = round(value * factor) if isinstance(value, int) else value * factor
            try:
                thresholds = validated(Thresholds, {**registered, name: changed}, "threshold")
            except UserError:
                skipped.append(f"{name} × {factor:g} is left out: {name} cannot be {changed:g}")
                continue
            rows += _sensitivity_rows(data.study.arms, every_case, before, thresholds, name, factor)
    return tuple(rows), tuple(skipped)


def _sensitivity_rows(
    arms: Iterable[str],
    every_case: Sequence[Case],
    before: Sequence[VerdictCode],
    thresholds: Thresholds,
    name: str,
    factor: float,
) -> list[SensitivityRow]:
    verdicts: dict[str, list[str]] = {arm: [] for arm in arms}
    changed: Counter[str] = Counter()
    for case, registered in zip(every_case, before, strict=True):
        arm, code = case.run["arm"], case.verdict(thresholds).code
        verdicts[arm].append(code.value)
        changed[arm] += code is not registered
    return [
        SensitivityRow(
            threshold=name,
            factor=factor,
            value=getattr(thresholds, name),
            arm=arm,
            verdicts=count_verdicts(own),
            changed=changed[arm],
        )
        for arm, own in verdicts.items()
    ]
