"""Runs made on a Ray cluster: an engine, as :mod:`experiments.engines` defines it."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import wait
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from textwrap import shorten
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from experiments.cluster.connecting import connect
from experiments.cluster.nodes import ROOT, Expected, expected, purposes, shared_files
from experiments.cluster.pool import Tasks
from experiments.cluster.resources import Need, device_on, need_of, refuse_too_little
from experiments.cluster.tasks import compare
from experiments.engines import Event, Notice, make_all
from experiments.environment import resolve_device
from experiments.features import data_digest
from experiments.recording import RunRequest, real_images
from runs.addresses import folder_at, is_mongo_url, ray_address
from runs.errors import UserError

_CHECK_SECONDS = 180.0  # for a node to import torch, read the data, and answer
_REASON = 300  # characters of why it did not


def run_on_cluster(
    requests: Sequence[RunRequest], workers: int | None, runs_per_gpu: int | None = None
) -> Generator[Event | Notice]:
    """Make the runs as tasks of the Ray cluster at RAY_ADDRESS, or of one that is started on this machine.

    At most ``workers`` at a time (None: as many as it has room for), ``runs_per_gpu`` on each GPU (None: one). All else
    is as :func:`run_locally` does it. A task whose node dies is a failed attempt. Raises UserError if no cluster
    answers, no node has the device, or a node has other folders, code, versions or data than this machine.
    """
    address = ray_address()
    for device in {request.config.device for request in requests} if address is None else ():
        resolve_device(device)
    with ExitStack() as stack:
        stack.callback(ray.shutdown)
        connect(address)
        nodes = ray.nodes()
        requests = [_placed(request, nodes) for request in requests]
        needs = [need_of(request.config, runs_per_gpu or 1) for request in requests]
        need = Need(cpus=max(one.cpus for one in needs), gpus=max(one.gpus for one in needs))
        refuse_too_little(nodes, need)
        here = stack.enter_context(_expected(requests))
        if address is not None:
            refuse_other_nodes(nodes, here)
        return make_all(requests, Tasks(workers or len(requests), need, here, stack.pop_all()))


def refuse_other_nodes(nodes: Sequence[Mapping[str, Any]], here: Expected) -> None:
    """Have each node compare itself with what is expected. Raises UserError, naming the node, if one is otherwise.

    A node that joins later compares itself before its first run.
    """
    asked = {_name(node): _ask(node, here) for node in nodes if node["Alive"]}
    wait(list(asked.values()), _CHECK_SECONDS)
    for name, answer in asked.items():
        if not answer.done():
            raise UserError(
                f"node {name} of the Ray cluster did not answer for {_CHECK_SECONDS:.0f} s; is it overloaded?"
            )
        error = answer.exception()
        if error is not None:
            said = shorten(f"{type(error).__name__}: {error}", _REASON)
            raise UserError(f"node {name} cannot run this code: {said}; it needs it in {ROOT}, with requirements.lock")
        fault = answer.result()
        if fault:
            raise UserError(f"node {name} would not make the same runs: {fault}")


def _ask(node: Mapping[str, Any], here: Expected) -> Any:
    there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
    return ray.remote(compare).options(num_cpus=0, max_retries=0, scheduling_strategy=there).remote(here).future()


def _name(node: Mapping[str, Any]) -> str:
    return f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']}:{node['NodeManagerPort']})"


def _placed(request: RunRequest, nodes: Sequence[Mapping[str, Any]]) -> RunRequest:
    """With the device that it has on this cluster."""
    return replace(request, config=replace(request.config, device=device_on(nodes, request.config.device)))


@contextmanager
def _expected(requests: Sequence[RunRequest]) -> Iterator[Expected]:
    """What each node has to have for these runs, while their sweep lasts."""
    (local,), (url,) = {request.local for request in requests}, {request.url for request in requests}
    digests = {}
    for source, folder, space in dict.fromkeys(request.data for request in requests):
        digests[source] = data_digest(real_images(source, folder, space)[0])
    with shared_files(purposes(local, None if is_mongo_url(url) else folder_at(url))) as files:
        yield expected(digests, local, files)
