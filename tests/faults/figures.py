"""The figures of a campaign, with what they were made by."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import torch

from experiments.environment import code_state, device_name, versions
from runs.files import write_output


def keep_figures(path: Path, command: str, figures: Mapping[str, object]) -> None:
    """Write them as JSON, after the command that makes them, the machine, the versions and the code."""
    made_by = {
        "command": command,
        "machine": f"{device_name(torch.device('cpu'))}, {os.cpu_count()} cores",
        "versions": versions(),
        "code": code_state(),
    }
    write_output(path, json.dumps({**made_by, **figures}, indent=1) + "\n")
