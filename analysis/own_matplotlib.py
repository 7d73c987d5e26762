"""Imported first by commands that draw: matplotlib then starts as it ships, whatever the user has set for himself.

A ``MPLBACKEND`` that is not there, or a ``matplotlibrc`` that cannot be read, would end the command as it starts. Who
imports figures as a library keeps his own backend.
"""

import importlib.util
import os
import sys
from pathlib import Path

_found = importlib.util.find_spec("matplotlib")
if "matplotlib" not in sys.modules and _found is not None and _found.origin is not None:
    os.environ["MPLBACKEND"] = "agg"
    os.environ["MATPLOTLIBRC"] = str(Path(_found.origin).parent / "mpl-data" / "matplotlibrc")
