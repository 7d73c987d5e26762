"""Complete records that carry a study's name but are of no run that it declares: which they are, and how that came."""

import shlex
from collections.abc import Collection, Sequence

from analysis.judging.guards import changes
from runs.records import RunRecord
from runs.study import Study, study_from_document

SHOWN = 3  # reasons in one sentence
_NOT_RECORDED = "(not recorded)"
# reasons that are not in the study file
_UNKNOWN = "what the study said then is not recorded"
_OTHER_SEEDS = "made at seeds that it never declared"
_OTHER_CODE = "made by another version of the training code"


def plan_changes(study: Study, record: RunRecord) -> list[str]:
    """What the study file says otherwise than when the run was made."""
    if record.meta.get("plan_hash") == study.plan_hash:
        return []
    plan = record.info["plan"]
    return [_NOT_RECORDED] if plan is None else changes(plan, study.document)


def of_other_cells(study: Study, records: Sequence[RunRecord]) -> list[RunRecord]:
    """Those of the study's records that are of no cell and seed that it declares.

    Arms and seeds that only the command line leaves out are declared.
    """
    whole = study_from_document(study.document)
    keys, seeds = _keys(whole), {*whole.seeds, *study.seeds}
    return [one for one in records if one.meta.get("cell_key") not in keys or one.config["seed"] not in seeds]


def why_of_other_cells(study: Study, others: Sequence[RunRecord]) -> str:
    """How the records came to be so, most often a setting of the file: «base.lr: 0.0002 before, 0.001 now»."""
    return _in_short(_all_reasons(study, others))


def what_to_do(study: Study, records: Sequence[RunRecord]) -> str:
    """Ends the sentence that a study lacks runs; ``records`` are what there is of it in their stead."""
    train = f"make stability-sweep STUDY={shlex.quote(study.source)}"
    others = of_other_cells(study, records)
    if not others:
        return f"; train it first: {train}"
    reasons = _all_reasons(study, others)
    edited = set(reasons) - {_UNKNOWN, _OTHER_SEEDS, _OTHER_CODE}
    return (
        f"; complete records of its name but of cells or seeds that it does not declare: {len(others)}"
        f" ({_in_short(reasons)});"
        f" {'undo the edit, give the study another name, or train it' if edited else 'train it'}: {train}"
    )


def _all_reasons(study: Study, others: Sequence[RunRecord]) -> list[str]:
    keys = _keys(study_from_document(study.document))
    return sorted({reason for record in others for reason in _reasons(study, record, keys)})


def _in_short(reasons: Sequence[str]) -> str:
    rest = f" and {len(reasons) - SHOWN} more" if len(reasons) > SHOWN else ""
    return "; ".join(reasons[:SHOWN]) + rest


def _reasons(study: Study, record: RunRecord, keys: Collection[str]) -> list[str]:
    changed = plan_changes(study, record)
    if changed == [_NOT_RECORDED]:
        return [_UNKNOWN]
    if record.meta.get("cell_key") in keys:
        return _of(changed, ["seeds", "first_seed"]) or [_OTHER_SEEDS]
    arms = {record.config["arm"], study.reference_arm, record.info["match"]["reference"]}
    deciding = ["base", "grid", "reference_arm", *(f"arms.{arm}" for arm in arms)]
    return _of(changed, deciding) or [_OTHER_CODE]


def _of(changed: Sequence[str], parts: Sequence[str]) -> list[str]:
    """The changes in those parts of the file."""
    starts = tuple(f"{part}{end}" for part in parts for end in ".:")
    return [change for change in changed if change.startswith(starts)]


def _keys(study: Study) -> set[str]:
    return {cell.key for cell in study.cells()}
