"""Representations measured in several processes. Not part of the command's own module: that has another name there."""

import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import active_children, get_context

from experiments.representation.measured import Request, record_representation
from runs.errors import UserError
from runs.processes import interrupts_held
from runs.stopping import end_all, end_with_parent, interrupted_by_sigterm


def measured_by(requests: Sequence[Request], workers: int) -> Generator[tuple[Request, Exception | None]]:
    """Each request once it is done with, and what kept it from being measured."""
    if workers < 2:  # a process of its own would only cost its start
        for request in requests:
            yield request, _fault(partial(record_representation, request))
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=end_with_parent) as pool:
        with interrupts_held():
            waiting = {pool.submit(_measure_in_worker, request): request for request in requests}
        try:
            for done in as_completed(waiting):
                yield waiting[done], _fault(done.result)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            children = active_children()
            for child in children:
                child.terminate()
            end_all(children)
            raise


def _measure_in_worker(request: Request) -> None:
    try:
        with interrupted_by_sigterm():
            record_representation(request)
    except KeyboardInterrupt:
        os._exit(1)  # the pool would give it the next


def _fault(call: Callable[[], object]) -> Exception | None:
    try:
        call()
    except (UserError, BrokenProcessPool) as error:
        return error
    return None
