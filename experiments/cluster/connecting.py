"""To a Ray cluster that there is, or to one of this machine that is started for the sweep and ends with it."""

import logging
import os
import signal
from textwrap import shorten
from typing import Any

import ray

from experiments.cluster.answering import refuse_unanswered
from experiments.cluster.nodes import ROOT
from runs.addresses import DATA_VARIABLE, LOCAL_VARIABLE, data_folder, local_folder
from runs.errors import UserError
from runs.processes import available_cores, interrupts_held
from runs.stopping import Interrupted

_REASON = 300  # characters of what Ray says
_STORE = 100 * 2**20  # bytes for objects: nothing but requests and answers travels
# which instructions compute decides a run's bits: nodes compute as this machine was told to
_INSTRUCTIONS = ("ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA")


def connect(address: str | None) -> None:
    """Begin to use the cluster whose head is at this ``host:port``, or if None one of this machine alone.

    Raises UserError in seconds if nothing answers there.
    """
    if address is not None:
        refuse_unanswered(address)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray._private.worker._worker_logs_enabled = False  # pages on stdout when a node dies, whatever log_to_driver says
    for last in (False, True):  # Ray gives up on its own processes after 30 seconds, on a busy machine too soon
        try:
            with interrupts_held():  # what it starts lies in the terminal's group; it also changes what SIGTERM does
                _init(address)
            return
        except SystemExit:
            raise Interrupted(signal.SIGTERM) from None
        except Exception as error:
            ray.shutdown()
            if address or last:
                raise UserError(_refusal(address, error)) from None


def _init(address: str | None) -> None:
    own = {"num_cpus": len(available_cores()), "object_store_memory": _STORE, "include_dashboard": False}
    ray.init(
        address=address or "local",
        log_to_driver=False,
        logging_level=logging.CRITICAL,
        runtime_env={"env_vars": _variables()},
        **({} if address else own),
    )


def _variables() -> dict[str, str]:
    """For the processes of tasks: numbers, code and folders as here."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {
        "OMP_NUM_THREADS": "1",  # it must stand before they import numpy; torch's threads come from the config
        "PYTHONPATH": path,
        LOCAL_VARIABLE: str(local_folder()),
        DATA_VARIABLE: str(data_folder()),
        **{name: os.environ[name] for name in _INSTRUCTIONS if name in os.environ},
    }


def _refusal(address: str | None, error: Any) -> str:
    said = shorten(f"{type(error).__name__}: {error}", _REASON)
    if address is None:
        return f"Ray cannot be started on this machine: {said}"
    return (
        f"RAY_ADDRESS={address}: this machine cannot use that cluster: {said}; it has to be a node of it, with the same"
        f" versions: ray start --address={address}"
    )
