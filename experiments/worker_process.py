"""A worker's life from its first moment. It listens before it imports torch, which takes seconds."""

import logging
import os
from collections.abc import Sequence
from multiprocessing.connection import Connection

from runs.stopping import StopRequest


def live(pipe: Connection, cores: Sequence[int]) -> None:
    """Make one run after another until the other end of the pipe closes, or it is asked to stop.

    ``cores``: to run on; none: on any.
    """
    stop = StopRequest()
    try:
        stop.listen()
        logging.basicConfig(format="%(message)s")
        if cores and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, cores)
        from experiments.serving import serve

        serve(pipe, stop)
    except (EOFError, ConnectionError, KeyboardInterrupt):
        return  # the sweep has ended, or ends us
