"""The figures of a campaign, with what they were made by."""

import json
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measure import machine
from experiments.environment import code_state, versions
from runs.files import write_output


def keep_figures(path: Path, command: str, figures: Mapping[str, object]) -> None:
    """Write them as JSON, after the command that makes them, the machine, the versions and the code."""
    made_by = {
        "command": command,
        "machine": machine(),
        "versions": versions(),
        "code": code_state(),
    }
    write_output(path, json.dumps({**made_by, **figures}, indent=1) + "\n")
