"""Checks on records: which of two counts, which cannot be compared with the others, what changed meanwhile."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from runs.errors import UserError
from runs.generations import latest_generation
from runs.plan import Plan, Thresholds
from runs.schema import CLOCK, TRACES
from runs.store import RunRecord, RunStore, Trace

# relative and absolute: how far the same measure of the same images may lie apart on two machines
REFERENCE_TOLERANCE = (0.01, 0.005)
MATCH_TOLERANCE = 0.01  # relative difference of trainable parameters that still counts as matched

_FIRST_SPACE = "classifier"  # of records from before there were others
_FIRST_WAY = "as written"
_PUBLISHED, _UNCHECKED = "as published", "not as published (other checksums)"
_OF_THE_DATA = ("feature network", "feature space", "image files")  # differ between data sets
_ABSENT = object()
_DEFAULTS = {  # of what a study's plan need not set
    "plan.alpha": Plan.alpha,
    **{f"plan.thresholds.{name}": value for name, value in asdict(Thresholds()).items()},
}

# the part of a config that decides what the measures of samples are relative to
MEASURED_DATA = ("dataset", "data", "image_size", "channels", "eval_samples", "feature_space")


def the_one_that_counts(records: Sequence[RunRecord], store: RunStore) -> RunRecord:
    """The earliest of complete records of one cell and seed; where it was trained again on request, of the latest.

    Raises UserError if traces of one training differ, training times aside: no rule could say which is the run.
    """
    first, *others = sorted(latest_generation(records), key=lambda record: record.id)
    for other in others:
        differing = differing_traces(first, other, store)
        if differing:
            raise UserError(
                f"records {first.id} and {other.id} are both complete for arm {first.config['arm']} at seed"
                f" {first.config['seed']} but differ in {_listed(differing)}: expected equal traces; find out why"
                " (another machine, other versions?), then train again (python -m experiments.sweep STUDY --again) or"
                " delete the record that should not count"
            )
    return first


def differing_traces(one: RunRecord, other: RunRecord, store: RunStore) -> list[str]:
    """Names of the traces in which two records differ, training times aside."""
    names = [name for name in TRACES if name != CLOCK]
    own, theirs = store.traces(one, names), store.traces(other, names)
    return [name for name in names if not _equal(own[name], theirs[name])]


def _equal(one: Trace, other: Trace) -> bool:
    return np.array_equal(one.steps, other.steps) and np.array_equal(one.values, other.values, equal_nan=True)


def measure_exclusions(records: Iterable[RunRecord]) -> dict[int, str]:
    """Why runs cannot be compared with the others, by run id: another feature network, or other references.

    Of runs on the same data most decide which feature network counts; of equally many, the earliest run's.
    """
    by_data: dict[tuple[Any, ...], list[RunRecord]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record.id):
        by_data[tuple(record.config[name] for name in MEASURED_DATA)].append(record)
    reasons: dict[int, str] = {}
    for group in by_data.values():
        counted = Counter(record.info["features"]["hash"] for record in group).most_common(1)[0][0]
        standard = next(record for record in group if record.info["features"]["hash"] == counted)
        for record in group:
            if record.info["features"]["hash"] != counted:
                reasons[record.id] = f"its samples were measured by another feature network than run {standard.id}'s"
            elif not _agree(record, standard):
                reasons[record.id] = f"its reference values differ from those of run {standard.id}"
    return reasons


def _agree(record: RunRecord, standard: RunRecord) -> bool:
    own, expected = _flat(record.info["references"]), _flat(standard.info["references"])
    if own.keys() != expected.keys() or record.info["classes"] != standard.info["classes"]:
        return False
    relative, absolute = REFERENCE_TOLERANCE
    names = list(expected)
    pairs = np.array([[own[name], expected[name]] for name in names], dtype=np.float64)
    return bool(np.allclose(pairs[:, 0], pairs[:, 1], rtol=relative, atol=absolute, equal_nan=True))


def changes(before: Any, after: Any) -> list[str]:
    """Where two contents of a study file differ, and how: «plan.alpha: 0.05 before, 0.1 now», sorted.

    Keys are dotted paths, values as in JSON. A threshold that is not set is shown by its default.
    """
    old, new = _flat(before), _flat(after)
    paths = sorted(path for path in old.keys() | new.keys() if old.get(path, _ABSENT) != new.get(path, _ABSENT))
    return [f"{path}: {_shown(path, old)} before, {_shown(path, new)} now" for path in paths]


def _shown(path: str, content: Mapping[str, Any]) -> str:
    if path in content:
        return json.dumps(content[path], ensure_ascii=False)
    return f"{_DEFAULTS[path]:g} (the default)" if path in _DEFAULTS else "not set"


def _flat(content: Any, path: str = "") -> dict[str, Any]:
    if isinstance(content, Mapping):
        items = [(str(key), value) for key, value in content.items()]
    elif isinstance(content, list | tuple):
        items = [(str(position), value) for position, value in enumerate(content)]
    else:
        return {path: content}
    flat: dict[str, Any] = {} if items else {path: None}
    for key, value in items:
        flat |= _flat(value, f"{path}.{key}" if path else key)
    return flat


def provenance(records: Iterable[RunRecord]) -> dict[str, tuple[str, ...]]:
    """What the runs were made with, every value once.

    Device, way of computing a step, commit, feature network and space, whether the images are their publisher's, and
    each library's version.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for record in records:
        info = record.info
        code = info["code"]
        found["device"].add(info["device"])
        found["way of computing a step"].add(info.get("step", _FIRST_WAY))
        found["commit"].add(f"{code['commit'] or 'unknown'}{' with changes' if code['modified'] else ''}")
        found["feature network"].add(info["features"]["hash"])
        found["feature space"].add(info["features"].get("space", _FIRST_SPACE))
        found["image files"].add(_PUBLISHED if info["features"].get("checked", True) else _UNCHECKED)
        for library, version in info["versions"].items():
            found[library].add(str(version))
    return {name: tuple(sorted(values)) for name, values in found.items()}


def provenance_problems(made_with: Mapping[str, Sequence[str]]) -> list[str]:
    """A sentence for everything that was not the same for all runs, and for code that no commit holds."""
    sentences = [
        f"The runs were not all made with one {name}: {_listed(values)}."
        for name, values in made_with.items()
        if len(values) > 1 and name not in _OF_THE_DATA
    ]
    if _UNCHECKED in made_with.get("image files", ()):
        sentences.append("Some images are not their publisher's files: their checksums are others.")
    if any(commit.endswith(" with changes") for commit in made_with.get("commit", ())):
        sentences.append("Some runs were made by code with changes that are not committed.")
    return sentences


def match_problem(record: RunRecord) -> str | None:
    """A sentence if a run's networks are not as large as those of the arm that they are matched to."""
    match = record.info["match"]
    if match["reference"] is None:
        return None
    off = {role: match[f"parameters_{role}"] / match[f"reference_parameters_{role}"] - 1 for role in ("g", "d")}
    beyond = [f"{role.upper()} by {share:+.1%}" for role, share in off.items() if abs(share) > MATCH_TOLERANCE]
    if not beyond:
        return None
    arm, reference = record.config["arm"], match["reference"]
    return f"Arm {arm} is declared matched to {reference}, but differs in trainable parameters: {_listed(beyond)}."


def unmatched(records: Sequence[RunRecord]) -> str | None:
    """Why runs at one seed are not matched: unequal budgets, or other minibatches or noise. None if they are."""
    first, *others = records
    for other in others:
        for name in ("steps", "d_steps", "g_steps"):
            if first.config[name] != other.config[name]:
                return f"unequal {name}: {first.config[name]} in run {first.id}, {other.config[name]} in run {other.id}"
        own, theirs = first.info["streams"], other.info["streams"]
        differing = sorted(name for name in own.keys() | theirs.keys() if own.get(name) != theirs.get(name))
        if differing:
            return f"runs {first.id} and {other.id} did not see the same {_listed(differing)}"
    return None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
