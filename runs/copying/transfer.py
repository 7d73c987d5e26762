"""Copying one record after another, each whole, and none twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from runs.contents.content import Content, Contents
from runs.copying.links import MEASURED, copied_content, named_runs
from runs.errors import UserError
from runs.records import UNREADABLE


@dataclass(frozen=True, kw_only=True, eq=False)
class Copied:
    """What became of one record: its id at the target, or why it was not copied."""

    content: Content
    new_id: int | None
    why_not: str = ""


class Transfer:
    """Copies records between two stores. Raises UserError if one of them cannot be read or written any more."""

    def __init__(self, source: Contents, target: Contents) -> None:
        self._source, self._target = source, target

    @cached_property
    def _there(self) -> dict[str, int]:
        """Ids at the target by the identity of what it holds; of several copies the first."""
        found: dict[str, int] = {}
        for content in self._target.every():
            found.setdefault(content.identity, content.id)
        return found

    def lacking(self, wanted: Sequence[int]) -> list[int]:
        """Ids of the records that the target does not hold: of those wanted, and before them of the runs they name."""
        known = set(self._source.ids())
        order: dict[int, None] = {}
        for run_id in wanted:
            content = self._source.read(run_id)
            if content.identity not in self._there:
                named = [run for run in named_runs(content).values() if run in known]
                order |= dict.fromkeys(run for run in named if self._source.read(run).identity not in self._there)
                order[run_id] = None
        return list(order)

    def copies(self, run_ids: Sequence[int]) -> Iterator[Copied]:
        """Copy them, in this order; one that cannot be copied keeps no other from it."""
        for run_id in run_ids:
            content = self._source.read(run_id)
            try:
                why_not = self._obstacle(content)
                new_id = None if why_not else self._copy(content)
            except (KeyError, TypeError, ValueError) as error:
                why_not, new_id = f"its content is damaged: {error.args[0] if error.args else error!r}", None
            except UserError as error:
                raise UserError(f"run {run_id} is not copied: {error}") from None
            yield Copied(content=content, new_id=new_id, why_not=why_not)

    def _copy(self, content: Content) -> int:
        ids = {run: self._new_id(run) for run in named_runs(content).values()}
        new_ids = {run: new for run, new in ids.items() if new is not None}
        new_id = self._target.add(copied_content(content, new_ids), self._source)
        self._there[content.identity] = new_id
        return new_id

    def _obstacle(self, content: Content) -> str:
        if content.status == UNREADABLE:
            return "its run.json is missing or cut off"
        measured = named_runs(content).get(MEASURED)
        if measured is not None and self._new_id(measured) is None:
            return f"it is about run {measured}, which is in neither store"
        if self._target.begun_elsewhere(content.identity):
            return "another process is copying it, or just has"
        return ""

    def _new_id(self, run_id: int) -> int | None:
        try:
            return self._there.get(self._source.read(run_id).identity)
        except KeyError:
            return None
