"""Synthetic studies whose answers are known: records of runs that behave as told."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from analysis.chapters.form import Judged
from analysis.judging.frames import StudyData, load_study_data
from analysis.judging.judgements import judge_study
from analysis.report.contents import answered
from analysis.results.document import Results
from runs.schema import PROBES, REFERENCES, RunConfig, probe_steps
from runs.store import open_store
from runs.study import Study, study_from_document
from tests.recording import record_run, synthetic_info, synthetic_traces

NO_STORE = open_store("/there/are/no/records")  # of chapters that look up nothing but what was judged

Behaviour = Literal["stable", "unlearned", "collapsed", "diverged", "nonfinite", "unsettled"]

STEPS, EVERY = 200, 10
LEARNED = 100  # step at which runs learn, those that do
FELL = 150  # step from which collapsed, diverged and non-finite runs are so
LATE = 190  # step from which an unsettled run is above the bar: two probes, one fewer than a divergence takes
SECONDS_PER_STEP = {"mlp": 0.01, "dcgan": 0.04}
FLOPS = {"mlp": (5000, 4000), "dcgan": (20000, 16000)}  # of G and D, one image, forward: a step of DCGAN costs 4 of MLP

SCORES = {
    "held_out": {
        "eval_frechet": 0.15,
        "eval_density": 1.0,
        "eval_precision": 0.92,
        "eval_recall": 0.96,
        "eval_diversity": 1.0,
    },
    "grey": {"eval_frechet": 40.0, "eval_precision": 0.0, "eval_recall": 0.0, "eval_diversity": 0.0},
    "one_class": {"eval_frechet": 32.0, "eval_precision": 0.9, "eval_recall": 0.24, "eval_diversity": 0.46},
}


def small_study(*, seeds: int = 8, arms: Mapping[str, Any] | None = None, **changes: Any) -> Study:
    """A study of an MLP without BatchNorm and a DCGAN with it; ``changes`` replace parts of its file."""
    document: dict[str, Any] = {
        "study": "small",
        "question": "Does it work?",
        "seeds": seeds,
        "reference_arm": "dcgan",
        "base": {"steps": STEPS, "eval_every": EVERY, "trace_every": 100, "eval_samples": 100, "lr": 2e-4},
        "arms": arms
        or {
            "mlp": {"architecture": "mlp", "normalization": "none"},
            "dcgan": {"architecture": "dcgan", "normalization": "batch", "width_g": 8, "width_d": 8},
        },
        "plan": {
            "primary": {"name": "MLP against DCGAN", "outcome": "not_stable", "first": "mlp", "second": "dcgan"},
            "co_primary": {"name": "MLP against DCGAN", "outcome": "updates_to_bar", "first": "mlp", "second": "dcgan"},
        },
    }
    return study_from_document({**document, **changes})


def references() -> dict[str, dict[str, float]]:
    """Probe values of all reference images."""
    return {name: {**dict.fromkeys(PROBES, 0.5), **SCORES.get(name, {})} for name in REFERENCES}


def probe_values(config: RunConfig, behaviour: Behaviour, *, learned: int = LEARNED) -> dict[str, Any]:
    """Traces of a run that behaves so, over the probes of its config."""
    steps = np.array(probe_steps(config))
    begun, fallen = steps >= learned, steps >= (LATE if behaviour == "unsettled" else FELL)
    good = begun & (behaviour != "unlearned")
    bad = fallen & (behaviour not in ("stable", "unlearned"))
    values: dict[str, Any] = {
        "eval_frechet": np.where(good, 3.0 + config.seed / 100, 41.0),
        "eval_precision": np.where(good, 0.7, 0.1),
        "eval_recall": np.where(good, 0.9, 0.0),
        "eval_modes": np.where(good, 10.0, 1.0),
        "eval_confidence": np.where(good, 0.8, 0.5),
        "eval_diversity": np.where(good, 0.95, 0.1),
        "eval_hopping": np.where(steps[1:] > steps[-1] / 2, 0.05, 0.9),
    }
    if behaviour == "collapsed":
        values |= {"eval_recall": np.where(bad, 0.0, values["eval_recall"])}
        values |= {"eval_diversity": np.where(bad, 0.1, values["eval_diversity"])}
    if behaviour in ("diverged", "unsettled"):
        values |= {"eval_frechet": np.where(bad, 20.0, values["eval_frechet"])}
    if behaviour == "nonfinite":
        values |= {name: np.where(bad, np.nan, values[name]) for name in values if name != "eval_hopping"}
    return values


def record(url: str, study: Study, arm: str, seed: int, behaviour: Behaviour = "stable", **options: Any) -> int:
    """Record one run of a study without a grid; options: learned, point, match, info, traces, meta, status."""
    cell = study.cell(arm, options.get("point", {}))
    config = cell.at_seed(seed)
    pace = SECONDS_PER_STEP.get(arm, 0.02)
    given = {
        **probe_values(config, behaviour, learned=options.get("learned", LEARNED)),
        "train_seconds": pace * np.array(probe_steps(config)),
        **options.get("traces", {}),
    }
    info = synthetic_info(config) | {"references": references(), "plan": dict(study.document)}
    info["match"] |= dict(zip(("flops_g", "flops_d"), FLOPS.get(arm, (10000, 8000)), strict=True))
    info["match"] |= options.get("match", {})
    info |= options.get("info", {})
    meta = {"cell_key": cell.key, "plan_hash": study.plan_hash} | options.get("meta", {})
    return record_run(
        url,
        config,
        traces=synthetic_traces(config, given),
        info=info,
        artifacts=None,
        meta=meta,
        status=options.get("status", "COMPLETED"),
    )


def recorded(folder: Path, study: Study, behaviours: Mapping[str, Sequence[Behaviour]]) -> StudyData:
    """The data of a study whose arms' runs behave so, one behaviour a seed."""
    for arm, by_seed in behaviours.items():
        for seed, behaviour in zip(study.seeds, by_seed, strict=False):
            record(str(folder), study, arm, seed, behaviour)
    return loaded(folder, study)


def loaded(folder: Path, study: Study) -> StudyData:
    """What the folder holds on a study."""
    return load_study_data(study, open_store(str(folder)))


def judged(data: StudyData) -> Judged:
    """What chapters that show no sample images are written from."""
    return Judged(data=data, verdicts=judge_study(data), store=NO_STORE)


def results_of(data: StudyData) -> Results:
    """What a report states but its chapters."""
    return answered(judged(data).findings, [])
