"""Kinds of run: what a record of each holds when it is complete. The record itself is the same for all."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Generic, TypeVar

from runs import representation, schema

_FIRST = "stability"  # the kind of all records from before kinds were recorded

C = TypeVar("C")  # a config: a validated, frozen dataclass of plain values


@dataclass(frozen=True, kw_only=True)
class RunKind(Generic[C]):
    """One kind of run. Its name is what a record's ``meta`` says under ``kind``."""

    name: str
    config: type[C]
    completed: Callable[[Mapping[str, Any]], dict[str, Any]]  # a recorded config, with the fields of today
    metrics: tuple[str, ...]  # every name that a record can hold points of
    promised: Callable[[C], Mapping[str, Sequence[int]]]  # steps of each metric that a complete record holds
    info: type[Any]  # what ``info`` has: a TypedDict
    artifacts: Callable[[C], tuple[str, ...]]  # names of those that a complete record holds
    shown: tuple[str, ...]  # fields that a list of runs shows unless others are asked for

    @cached_property
    def config_names(self) -> tuple[str, ...]:
        """The config's fields."""
        return tuple(field.name for field in fields(self.config))  # type: ignore[arg-type]

    @property
    def info_names(self) -> list[str]:
        """Names that a complete record's ``info`` has."""
        return sorted(self.info.__required_keys__)

    @property
    def config_fields(self) -> tuple[str, ...]:
        """Dotted paths of the config's fields."""
        return tuple(f"config.{name}" for name in self.config_names)

    @property
    def filter(self) -> dict[str, Any]:
        """A Mongo-style filter that this kind's records match."""
        return {"meta.kind": {"$in": [self.name, None] if self.name == _FIRST else [self.name]}}

    def faulty_points(self, config: C, recorded: Mapping[str, Sequence[int]]) -> str | None:
        """How the recorded points, by their steps in order, differ from those that the config promises, in a sentence.

        None if they are the same: the status that sacred stores proves nothing, since an observer that failed once is
        dropped while the run goes on to COMPLETED, and a write that is repeated records points twice.
        """
        missing, surplus, others = [], [], []
        promised = self.promised(config)
        same = set[tuple[int, int]]()  # most metrics share both objects, and thousands of runs are asked
        for name, steps in promised.items():
            found = recorded.get(name, ())
            if (id(found), id(steps)) in same or tuple(found) == tuple(steps):
                same.add((id(found), id(steps)))
                continue
            lacking, more = Counter(steps) - Counter(found), Counter(found) - Counter(steps)
            if not more:
                missing.append(f"{name} {lacking.total()}")
            elif not lacking:
                surplus.append(f"{more.total()} points too many: {name}")
            else:
                others.append(name)
        said = [f"missing points: {', '.join(missing)}"] if missing else []
        said += surplus + ([f"points at other steps than the config's: {', '.join(others)}"] if others else [])
        return "; ".join(said) or None


STABILITY = RunKind(
    name=_FIRST,
    config=schema.RunConfig,
    completed=schema.completed_fields,
    metrics=schema.TRACES,
    promised=schema.promised_steps,
    info=schema.RunInfo,
    artifacts=lambda config: schema.ARTIFACTS,
    shown=("config.study", "config.arm", "config.seed", "config.steps", "config.lr_g", "config.beta1"),
)

REPRESENTATION = RunKind(
    name="representation",
    config=representation.RepresentationConfig,
    completed=representation.completed_fields,
    metrics=(*representation.ACCURACY.values(), representation.ACCURACY_AT_SNAPSHOTS),
    promised=representation.promised_accuracies,
    info=representation.RepresentationInfo,
    artifacts=representation.promised_artifacts,
    shown=("config.study", "config.of", "config.arm", "config.seed", "config.run", "config.train_images"),
)

KINDS: Mapping[str, RunKind[Any]] = {kind.name: kind for kind in (STABILITY, REPRESENTATION)}


def kind_name(meta: Mapping[str, Any]) -> str:
    """The name of a record's kind; it may be none of KINDS, if newer code has written the record."""
    kind = meta.get("kind")
    return _FIRST if kind is None else str(kind)
