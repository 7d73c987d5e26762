"""Starting processes that train: each with a pipe, one thread for BLAS, and a GPU of its own if wanted."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import torch

GPU = "CUDA_VISIBLE_DEVICES"


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    count = torch.cuda.device_count()
    named = [name for part in os.environ.get(GPU, "").split(",") if (name := part.strip())]
    return named[:count] if named else [str(number) for number in range(count)]


def spawned(target: Callable[..., None], *arguments: Any, gpu: str | None = None) -> tuple[BaseProcess, Connection]:
    """A new process that calls ``target`` with one end of a pipe and these arguments, and the pipe's other end.

    ``gpu``: the only one that it sees, as CUDA_VISIBLE_DEVICES names it; None: all that this process sees. Signals that
    a terminal sends to all its processes are to be held by who calls, until the process is noted.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *arguments), daemon=True)
    # must stand before numpy is imported there; torch's threads come from the config
    with _environment({"OMP_NUM_THREADS": "1", **({} if gpu is None else {GPU: gpu})}):
        process.start()
    theirs.close()
    return process, ours


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """For processes started within."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
