"""One training by hand: ``python -m experiments.stability [print_config] with arm=dcgan seed=3 steps=200``.

``arm`` names an arm of the study ``digits``, whose settings the run starts from; every field of
``runs.schema.RunConfig`` can be set after ``with``. The record is marked ``study=adhoc``.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from experiments.datasets import source_of, training_images
from experiments.environment import on_this_machine
from experiments.networks import match_info, matched_config
from experiments.recording import NotRecorded, RunRequest, record
from experiments.sizes import refuse_sizes
from runs.addresses import check_local_folder
from runs.errors import UserError, report_user_errors
from runs.observers import check_store, parsed_settings, store_url
from runs.progress import progress, say
from runs.schema import RunConfig, config_fields
from runs.study import digest, load_study
from runs.study_file import spelled_out
from runs.validation import validated

ARMS_OF = "digits"
USAGE = "usage: python -m experiments.stability [print_config] [with FIELD=VALUE ...]"


def main(arguments: Sequence[str]) -> int:
    """Train one run and record it; 0 when its record is complete."""
    command, updates = _parse(arguments)
    request = _request(updates)
    if command == "print_config":
        sys.stdout.write(_shown(request.config))
        return 0
    check_local_folder()
    refuse_sizes(request.config, request.match, training_images(source_of(request.config), request.local))
    check_store(request.url)
    with progress(total=request.config.steps, unit="step", label=request.config.arm) as bar:

        def show(step: int) -> None:
            bar.update(step - bar.n)

        try:
            run_id = record(request, show)
        except NotRecorded as error:
            say(f"{error}; run the same command again")
            return 1
    sys.stdout.write(f"run {run_id} recorded; see it with: python -m runs.query '{{\"_id\": {run_id}}}'\n")
    return 0


def _parse(arguments: Sequence[str]) -> tuple[str, dict[str, Any]]:
    if arguments and arguments[0] in ("-h", "--help", "help"):
        sys.stdout.write(f"{__doc__}\n{USAGE}\n")
        raise SystemExit(0)
    words = list(arguments)
    command = words.pop(0) if words and words[0] in ("print_config", "run") else "run"
    if words and words.pop(0) != "with":
        raise UserError(f"{' '.join(arguments)!r} is not understood; {USAGE}")
    for word in words:
        if "=" not in word:
            raise UserError(f"{word!r} is not a setting; {USAGE}")
    return command, parsed_settings(words)


def _request(updates: Mapping[str, Any]) -> RunRequest:
    study = load_study(ARMS_OF)
    arm = str(updates.get("arm", study.reference_arm))
    study = study.override(arms=[arm])
    cell = next(study.cells())
    declared = {**config_fields(cell.config), "study": "adhoc", "seed": 0, **_spelled_out(updates)}
    config = validated(RunConfig, declared, "config")
    reference = cell.reference and _same_setting(cell.reference, config)
    config = on_this_machine(matched_config(config, reference))
    return RunRequest(
        config=config, match=match_info(config, reference), url=store_url(), key=digest(config_fields(config))
    )


def _spelled_out(updates: Mapping[str, Any]) -> dict[str, Any]:
    """Short forms as studies have them: ``lr`` sets ``lr_g`` and ``lr_d``. Raises UserError if one is set twice."""
    set_by: dict[str, str] = {}
    for name in updates:
        for field in spelled_out({name: updates[name]}):
            if set_by.setdefault(field, name) != name:
                raise UserError(f"{set_by[field]} and {name} both set {field}; give one of them")
    return spelled_out(updates)


def _same_setting(reference: RunConfig, config: RunConfig) -> RunConfig:
    """The reference arm for the images and latent vectors of ``config``."""
    return replace(
        reference,
        image_size=config.image_size,
        channels=config.channels,
        latent_dim=config.latent_dim,
        extra_layers=config.extra_layers,
    )


def _shown(config: RunConfig) -> str:
    return "".join(f"{name} = {value!r}\n" for name, value in config_fields(config).items())


if __name__ == "__main__":
    sys.exit(report_user_errors(lambda: main(sys.argv[1:])))
