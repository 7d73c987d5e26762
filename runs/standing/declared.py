"""The studies that a store has records of, by the files that declare them or else by what the records say."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from runs.errors import UserError
from runs.records import RunRecord, RunStore
from runs.study import Study, load_study, study_from_document, study_names


@dataclass(frozen=True, kw_only=True, eq=False)
class Declared:
    """A study with its records, complete or not. ``study`` is None where nobody says what was planned."""

    name: str
    study: Study | None
    records: Sequence[RunRecord] = field(default_factory=list)

    @property
    def choice(self) -> str:
        """What chooses this study, and these of its runs, in the words of make: «STUDY=digits SEEDS=3»."""
        overrides = self.study.overrides if self.study else {}
        words = shlex.join(f"{name.upper()}={value}" for name, value in overrides.items())
        return f"STUDY={self._source} {words}".rstrip()

    @property
    def _source(self) -> str:
        source = self.study.source if self.study else self.name
        is_known = source in study_names() or source.endswith((".yaml", ".yml"))
        return shlex.quote(source) if is_known else f"…/{source}.yaml"  # wherever its file may lie


def all_declared(store: RunStore) -> list[Declared]:
    """Every study that has records, by name; runs by hand are the study «adhoc»."""
    groups: dict[str, list[RunRecord]] = {}
    for record in store.find(complete_only=False):
        name = record.config.get("study")
        if isinstance(name, str):
            groups.setdefault(name, []).append(record)
    return [Declared(name=name, study=_study(name, found), records=found) for name, found in sorted(groups.items())]


def declared(name: str, store: RunStore, *, seeds: int | None = None, arms: Sequence[str] | None = None) -> Declared:
    """The study of that name or file. Raises UserError if there is none, and no record of one either."""
    try:
        study: Study | None = load_study(name)
    except UserError:
        found = store.find({"config.study": name}, complete_only=False)
        if not found:
            raise
        study = _study(name, found)
    else:
        assert study is not None
        found = store.find({"config.study": study.name}, complete_only=False)
    if study is None and (seeds is not None or arms is not None):
        raise UserError(f"study {name}: no file declares its seeds and arms; leave --seeds and --arms out")
    chosen = study and study.override(seeds=seeds, arms=arms)
    return Declared(name=study.name if study else name, study=chosen, records=found)


def _study(name: str, records: Iterable[RunRecord]) -> Study | None:
    """As its file says, if it is one of the project's, else as the latest record says that has the file's content."""
    if name in study_names():
        study = load_study(name)
        if study.name == name:
            return study
    plans = [record.info["plan"] for record in records if record.info.get("plan")]
    try:
        return study_from_document(plans[-1]) if plans else None
    except UserError:  # an older project's file
        return None
