"""How verdicts move when one threshold does."""

from dataclasses import asdict

from analysis.judging.judgements import Case, cases, count_verdicts
from analysis.judging.study_data import StudyData
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
    registered = asdict(data.study.plan.thresholds)
    every_case = cases(data)
    rows, skipped = [], []
    for name, value in registered.items():
        for factor in (1.0, *FACTORS):
            changed = round(value * factor) if isinstance(value, int) else value * factor
            try:
                thresholds = validated(Thresholds, {**registered, name: changed}, "threshold")
            except UserError as error:
                skipped.append(f"{name} × {factor:g} is left out: {error}")
                continue
            rows += _sensitivity_rows(data, every_case, thresholds, name, factor)
    return tuple(rows), tuple(skipped)


def _sensitivity_rows(
    data: StudyData, every_case: list[Case], thresholds: Thresholds, name: str, factor: float
) -> list[SensitivityRow]:
    by_arm: dict[str, list[str]] = {arm: [] for arm in data.study.arms}
    for case in every_case:
        by_arm[case.run["arm"]].append(case.verdict(thresholds).code.value)
    return [
        SensitivityRow(
            threshold=name,
            factor=factor,
            value=getattr(thresholds, name),
            arm=arm,
            verdicts=count_verdicts(verdicts),
        )
        for arm, verdicts in by_arm.items()
    ]
