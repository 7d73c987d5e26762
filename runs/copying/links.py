"""Records that name other records by id: those of what was measured on a run. At another store the id is another."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runs.contents.content import COPIED_FROM, Content
from runs.kinds import REPRESENTATION, kind_name
from runs.representation import representation_key

MEASURED, SHAPE = "run", "shape_of"  # fields of a representation's config that hold ids


def named_runs(content: Content) -> dict[str, int]:
    """Ids of the runs that a record names, by the field that does."""
    if kind_name(content.meta) != REPRESENTATION.name:
        return {}
    named = {field: content.config.get(field) for field in (MEASURED, SHAPE)}
    return {field: run for field, run in named.items() if isinstance(run, int)}


def copied_content(content: Content, new_ids: Mapping[int, int]) -> Content:
    """The content of the record's copy: it says which record it is a copy of, and names runs by their new ids.

    A run that lent its shape and is nowhere any more is named no more: only its config counts.
    """
    named = {field: new_ids.get(run) for field, run in named_runs(content).items()}
    config = {**content.config, **named}
    meta = {**content.meta, COPIED_FROM: content.identity}
    if named.get(MEASURED) is not None:
        meta |= _new_key(content, config)
    return replace(content, config=config, run={**content.run, "meta": meta})


def _new_key(content: Content, config: Mapping[str, Any]) -> dict[str, str]:
    """The key under which whoever measures finds the copy: the run's id is part of it.

    Nothing, where the old key is not what today's formula gives: such a record is not looked for by it.
    """
    weights, version = content.info.get("weights"), content.meta.get("representation_version")
    if weights is None or version is None:
        return {}
    for images in (content.info.get("images"), None):  # records of early runs do not say what their images were
        known = {"weights": weights, "images": images, "version": version}
        if representation_key(content.config, **known) == content.meta.get("representation_key"):
            return {"representation_key": representation_key(config, **known)}
    return {}
