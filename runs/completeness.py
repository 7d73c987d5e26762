"""What keeps a record from being complete, by what its kind and its config promise."""

from collections.abc import Mapping, Sequence
from typing import Any

from runs.artifacts import faulty_artifacts
from runs.errors import UserError
from runs.kinds import RunKind
from runs.schema import MetaInfo
from runs.validation import type_fault, validated

_NAMED = 3  # missing fields in a sentence


def shortcoming(
    kind: RunKind[Any],
    config: Mapping[str, Any],
    info: Mapping[str, Any],
    meta: Mapping[str, Any],
    steps: Mapping[str, Sequence[int]],
    artifacts: Mapping[str, int],
) -> str | None:
    """What the record of a run that ended well lacks, in one sentence; None if nothing."""
    try:
        promise = validated(kind.config, config, "config")
    except UserError as error:
        return str(error)
    lacking = [name for name in kind.config_names if name not in config]
    if lacking:
        return f"config: {', '.join(lacking[:_NAMED])}{', …' if len(lacking) > _NAMED else ''} missing"
    points = kind.faulty_points(promise, steps)
    if points:
        return points
    absent = [name for name in kind.info_names if name not in info]
    absent += [name for name in kind.artifacts(promise) if name not in artifacts]
    if absent:
        return f"missing: {', '.join(absent)}"
    faults = type_fault(MetaInfo, meta, "meta") or type_fault(kind.info, info, "info")
    return faults or faulty_artifacts(info, artifacts)
