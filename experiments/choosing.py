"""The engines by the names that users give them. What one needs is imported once it has been chosen."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from runs.addresses import ray_address
from runs.errors import UserError

if TYPE_CHECKING:
    from experiments.engines import Engine


def checked_engine(name: str) -> str:
    """The same name. Raises UserError if that engine needs what is not installed."""
    if name == "ray" and find_spec("ray") is None:
        raise UserError(
            "--engine ray needs Ray, which is not installed here; it is the extra 'cluster':"
            " python -m pip install -r requirements-cluster.lock, or make stability-sweep ENGINE=ray, which does that"
        )
    return name


def engine_named(name: str) -> Engine:
    """The engine of that name, one of ENGINES. Raises UserError if it has nowhere to make runs."""
    return ENGINES[name]()


def _local() -> Engine:
    from experiments.engines import run_locally

    return run_locally


def _ray() -> Engine:
    from experiments.cluster.answering import refuse_unanswered

    address = ray_address()
    if address is not None:
        refuse_unanswered(address)  # before what takes seconds to import
    from experiments.cluster.engine import run_on_cluster

    return run_on_cluster


ENGINES = {"local": _local, "ray": _ray}
