"""``python -m runs.export RUN FOLDER``: both networks of a run, its samples and its config, to be used elsewhere."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from runs.addresses import store_url
from runs.errors import CommandLine, UserError, report_user_errors
from runs.files import replaced
from runs.records import RunRecord
from runs.schema import ARTIFACTS, DISCRIMINATOR, GENERATOR, RunConfig, config_fields
from runs.store import open_store
from runs.validation import validated

CONFIG, LOADER = "config.json", "load.py"
_LOADER = f'''"""Both networks of run {{run}} (arm {{arm}}, seed {{seed}}): from load import generator, discriminator.

Needs the project on the path of Python, and torch and safetensors.
"""

import json
from pathlib import Path

from safetensors.torch import load_file

from experiments.networks import build_discriminator, build_generator
from runs.schema import RunConfig

HERE = Path(__file__).parent
config = RunConfig(**json.loads((HERE / "{CONFIG}").read_text(encoding="utf-8")))
generator, discriminator = build_generator(config), build_discriminator(config)
generator.load_state_dict(load_file(HERE / "{GENERATOR}"))
discriminator.load_state_dict(load_file(HERE / "{DISCRIMINATOR}"))
'''


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files. Raises UserError if there is no such run, it lacks a file, or the folder holds something."""
    options = _parse(arguments)
    store, folder = open_store(store_url()), Path(options.folder)
    record = _recorded(options.run, store.find({"_id": options.run}, complete_only=False))
    files = {name: store.artifact(record, name) for name in ARTIFACTS}
    config = config_fields(validated(RunConfig, record.config, f"run {record.id}"))
    named = {"run": record.id, "arm": config["arm"], "seed": config["seed"]}
    files[CONFIG] = (json.dumps(config, indent=1) + "\n").encode()
    files[LOADER] = _LOADER.format(**named).encode()
    _write(folder, files)
    print(f"run {record.id} is in {folder}: {', '.join(files)}")
    return 0


def _recorded(run: int, found: Sequence[RunRecord]) -> RunRecord:
    if not found:
        raise UserError(f"run {run} is not in the record; python -m runs.query lists what is")
    lacking = [name for name in ARTIFACTS if name not in found[0].artifacts]
    if lacking:
        raise UserError(f"run {run} has no {', '.join(lacking)}: {found[0].shortcoming}")
    return found[0]


def _write(folder: Path, files: dict[str, bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UserError(f"{folder} holds files already; name a folder that is new or empty")
        for name, content in files.items():
            with replaced(folder / name) as part:
                part.write_bytes(content)
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror}; name another folder") from None


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandLine(prog="python -m runs.export", description=__doc__)
    parser.add_argument("run", type=int, help="its id, as runs.query shows it")
    parser.add_argument("folder", help="a folder that is new or empty")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
