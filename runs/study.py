"""Study: the arms, cells and seeds under comparison and the analysis plan, declared in one YAML file."""

import hashlib
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from runs.answerable import refuse_unanswerable
from runs.errors import UserError
from runs.plan import Plan
from runs.printable import SHOWN, printable
from runs.schema import SHAPE_FIELDS, TRAINING_VERSION, RunConfig, config_fields, key_fields
from runs.study_file import MOST_RUNS, MOST_SEEDS, StudyFile, spelled_out
from runs.validation import unknown, validated
from runs.yaml_file import read_yaml

LONGEST_LABEL = 200  # bytes; of the 255 that a file's name may have a few are for what is written beside it
STUDIES = Path(__file__).parent.parent / "experiments" / "studies"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One arm at one grid point. Its config lacks a seed of its own and the shapes that matching finds."""

    arm: str
    grid_point: Mapping[str, Any]
    config: RunConfig
    reference: RunConfig | None  # the arm that this one is matched to in parameters, at the same grid point

    def at_seed(self, seed: int) -> RunConfig:
        """The config of one run, widths not yet matched."""
        return replace(self.config, seed=seed)

    @property
    def key(self) -> str:
        """Hash of all that determines a training but the seed; equal in every study that declares the cell."""
        own = {name: value for name, value in config_fields(self.config).items() if name not in ("study", "seed")}
        reference = self.reference and {name: getattr(self.reference, name) for name in SHAPE_FIELDS}
        return digest(
            {
                "config": key_fields(own),
                "reference": reference and key_fields(reference),
                "version": TRAINING_VERSION,
            }
        )


@dataclass(frozen=True, kw_only=True)
class Study:
    """A declared study. Made by :func:`load_study`.

    ``document`` is the file's content as read, but for ``snapshot_every``, which is no part of the plan; ``source`` is
    what :func:`load_study` finds the study by again: a name or a path. ``snapshot_every``: at every so many probes both
    networks' weights are kept, see :mod:`runs.snapshots`; None: at none.
    """

    name: str
    question: str
    seeds: tuple[int, ...]
    base: Mapping[str, Any]
    arms: Mapping[str, Mapping[str, Any]]
    grid: Mapping[str, Sequence[Any]]
    reference_arm: str
    plan: Plan
    document: Mapping[str, Any]
    source: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    snapshot_every: int | None = None

    @property
    def plan_hash(self) -> str:
        """Hash of the whole file's content (comments, layout and ``snapshot_every`` aside)."""
        return digest(self.document)

    @property
    def label(self) -> str:
        """Name of the study's report: its own, or one that shows what the command line changed.

        Where that would be too long for a folder, it has a hash of the changes instead.
        """
        changes = [f"{name}={value}" for name, value in self.overrides.items()]
        label = "+".join([self.name, *changes])
        return label if len(label.encode()) <= LONGEST_LABEL else f"{self.name}+{digest(dict(self.overrides))}"

    def grid_points(self) -> list[dict[str, Any]]:
        """Every combination of the grid's factor levels; one empty point without a grid."""
        return [dict(zip(self.grid, levels, strict=True)) for levels in itertools.product(*self.grid.values())]

    @property
    def number_of_cells(self) -> int:
        """How many arms at how many grid points, multiplied."""
        return len(self.arms) * math.prod(len(levels) for levels in self.grid.values())

    def cells(self) -> Iterator[Cell]:
        """Every arm at every grid point."""
        for point in self.grid_points():
            for arm in self.arms:
                yield self.cell(arm, point)

    def cell(self, arm: str, point: Mapping[str, Any]) -> Cell:
        """One arm at one grid point; its config is validated here."""
        config = self._config(arm, point)
        declared = _arm_declaration(self.document, arm)
        matched = declared.get("matched", True) and arm != self.reference_arm
        reference = self._config(self.reference_arm, point) if matched else None
        return Cell(arm=arm, grid_point=dict(point), config=config, reference=reference)

    def is_matched(self, arm: str) -> bool:
        """Whether the arm has, by declaration, as many parameters as the reference arm."""
        return bool(_arm_declaration(self.document, arm).get("matched", True))

    def override(self, *, seeds: int | None = None, arms: Sequence[str] | None = None) -> Self:
        """The same study with another number of seeds or fewer arms; contrasts without their arms fall away."""
        study = self
        if seeds is not None and seeds != len(self.seeds):
            first, most = self.seeds[0], min(MOST_SEEDS, max(1, MOST_RUNS // self.number_of_cells))
            if not 1 <= seeds <= most:
                raise UserError(f"seeds={seeds}: expected the number of seeds to train, 1 to {most:,}")
            if first + seeds > 2**63:
                raise UserError(f"seeds={seeds}: from {first} on there are only {2**63 - first} below 2**63")
            study = replace(
                study, seeds=tuple(range(first, first + seeds)), overrides={**study.overrides, "seeds": seeds}
            )
        if arms is not None and set(arms) != set(self.arms):
            for arm in arms:
                if arm not in self.arms:
                    raise UserError(f"study {self.name}: {unknown('arm', arm, self.arms)}")
            chosen = {arm: spec for arm, spec in self.arms.items() if arm in arms}
            study = replace(study, arms=chosen, overrides={**study.overrides, "arms": ",".join(chosen)})
        return study

    def with_snapshots(self, every: int | None) -> Self:
        """The same study, under the same label, with snapshots at every so many probes; None: as its file says."""
        if every is None:
            return self
        if every < 1:
            raise UserError(f"snapshot_every={every}: expected a number of probes, 1 or more")
        return replace(self, snapshot_every=every)

    def _config(self, arm: str, point: Mapping[str, Any]) -> RunConfig:
        declared = {key: value for key, value in _arm_declaration(self.document, arm).items() if key != "matched"}
        values = {**spelled_out(self.base), **spelled_out(declared), **spelled_out(point)}
        levels = ", ".join(f"{factor} {printable(str(level)[:SHOWN])}" for factor, level in point.items())
        where = f"study {self.name}, arm {arm}" + (f", at {levels}" if point else "")
        return validated(RunConfig, {**values, "study": self.name, "arm": arm, "seed": self.seeds[0]}, where)


def load_study(name_or_path: str) -> Study:
    """The study of that name under ``experiments/studies``, or in that YAML file.

    Raises UserError if there is none, or if its content is not a study.
    """
    path = _find(name_or_path)
    document = read_yaml(path, f"study {path}")
    if not isinstance(document, dict):
        raise UserError(f"study {path}: expected a mapping with study, question, seeds, base, arms, plan")
    return replace(study_from_document(document, where=f"study {path.name}"), source=name_or_path)


def study_from_document(document: Mapping[str, Any], where: str = "study") -> Study:
    """A study from the content of its file. Raises UserError if that is not a study."""
    file = validated(StudyFile, document, where)
    study = Study(
        name=file.study,
        question=file.question,
        seeds=tuple(range(file.first_seed, file.first_seed + file.seeds)),
        base=file.base,
        arms=file.arms,
        grid=file.grid,
        reference_arm=file.reference_arm,
        plan=file.plan,
        document={name: value for name, value in document.items() if name != "snapshot_every"},
        source=file.study,
        snapshot_every=file.snapshot_every,
    )
    for point in study.grid_points():  # every cell is a valid config, or the file is refused
        configs = {arm: study.cell(arm, point).config for arm in study.arms}
        refuse_unanswerable(study.plan.contrasts, configs, where)
    _refuse_margins_finer_than_probes(study, where)
    return study


def _refuse_margins_finer_than_probes(study: Study, where: str) -> None:
    """Updates to the bar are known up to the probes: runs that differ by less have the same number."""
    for contrast in study.plan.contrasts:
        if contrast.margin is None or contrast.outcome != "updates_to_bar":
            continue
        configs = [study.cell(arm, point).config for arm in contrast.arms for point in study.grid_points()]
        between = max(config.eval_every * config.g_steps for config in configs)
        if contrast.margin < between:
            raise UserError(
                f"{where}: contrast {contrast.name!r} on updates_to_bar: margin={contrast.margin:g} should be at least"
                f" {between}, the updates between two probes: no finer difference is recorded"
            )


def study_names() -> list[str]:
    """Names of the studies that ship with the project."""
    return sorted(path.stem for path in STUDIES.glob("*.yaml"))


def digest(content: Any) -> str:
    """Short hash of plain data that depends on nothing but its content."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _find(name_or_path: str) -> Path:
    if name_or_path in study_names():
        return STUDIES / f"{name_or_path}.yaml"
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml"):
        if _is_file(path):
            return path
        raise UserError(
            f"study {printable(name_or_path[:SHOWN])}: there is no such file; studies here: {', '.join(study_names())}"
        )
    raise UserError(f"{unknown('study', name_or_path, study_names())}; or give the path of a .yaml file")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long for any file
        return False


def _arm_declaration(document: Mapping[str, Any], arm: str) -> Mapping[str, Any]:
    return document["arms"][arm]
