"""The plain texts of a report: what the verdicts mean, and what the study cannot tell."""

import math
from collections.abc import Iterator, Mapping

from analysis.counting import counted
from analysis.judging.guards import MATCH_TOLERANCE
from analysis.judging.verdicts import VerdictCode
from analysis.results.document import Findings, MatchRow
from analysis.results.verdict_words import VERDICT_WORDS
from analysis.results.wording import ARCHITECTURES, learning_rate, listed, number
from analysis.statistics.mean_intervals import FEWEST_TO_BOOTSTRAP
from analysis.statistics.resampling import N_RESAMPLES
from runs.datasets import DATASETS
from runs.schema import RunConfig, config_fields
from runs.study import Study

# 95 % BCa intervals held the mean in 81 to 87 % of simulated studies of 8 seeds, and in 86 to 92 % of those of 20
# (python -m benchmarks.calibration)
FEW_SEEDS = 50
_NOT_TUNED = (
    *("study", "arm", "seed"),
    *(
        f"{name}_{role}"
        for name in ("architecture", "normalization", "hidden_layers", "width", "inner_width")
        for role in "gd"
    ),
)


def verdict_definitions(results: Findings) -> dict[str, str]:
    """Each verdict in words, with this study's limits as numbers; in order of precedence."""
    thresholds = results.thresholds
    probes = int(thresholds["probes"])
    last = "the last probe" if probes == 1 else f"the last {probes} probes"
    in_a_row = "a probe" if probes == 1 else f"{probes} probes in a row"

    def at(limit: str) -> str:
        value = getattr(results.limits, limit, None)
        return "" if value is None else f" ({number(value)})"

    bar = f"the bar{at('bar')}, {thresholds['bar']:g} of the Fréchet distance of constant grey"
    realistic = (
        f"precision at least {thresholds['precision']:g} of that of held-out real images{at('precision')}, density at"
        f" least {thresholds['density']:g} of theirs{at('density')} and mean classifier confidence at least"
        f" {thresholds['confidence']:g}"
    )
    definitions = {
        VerdictCode.NONFINITE: "A trace holds a value that is not finite. Onset: the first such step.",
        VerdictCode.UNLEARNED: (
            f"At no probe was the Fréchet distance at or below {bar}, nor were samples realistic though narrow:"
            f" {realistic}, at {in_a_row}. A run that has not learned within the budget is not judged for collapse or"
            f" divergence. Degraded: it ended above {thresholds['divergence']:g} times its own best, at {last}."
        ),
        VerdictCode.COLLAPSED: (
            f"Had learned, and at {last} or more recall was below {thresholds['recall']:g} of that of"
            f" held-out real images{at('recall')}, or modes were below {thresholds['modes']:g} of the"
            f" classes{at('modes')}. Total if diversity was below that of one real class"
            f"{at('diversity')}, else partial. Onset: the first probe of that stretch."
        ),
        VerdictCode.DIVERGED: (
            f"Had been at or below the bar, and at {last} or more the Fréchet distance was above it"
            f" and above {thresholds['divergence']:g} times the run's best so far. Onset: the first probe of that"
            " stretch."
        ),
        VerdictCode.UNSETTLED: (
            "Had learned, failed by none of these rules, and was not healthy at each of the last probes either: the"
            " budget ended in the middle of a failure or of a recovery, or before there were enough probes to tell."
            " Counts as not stable."
        ),
        VerdictCode.STABLE: (
            f"Healthy at each of {last}, all of them from learning on: the Fréchet distance at or below the bar or"
            " samples realistic, recall and modes not below their limits, and the Fréchet distance not both above the"
            f" bar and above {thresholds['divergence']:g} times the run's best so far. A stable run that ends above the"
            f" bar is realistic. Degraded, but stable: above that multiple of its best at {last}, yet at or below the"
            " bar."
        ),
    }
    return {VERDICT_WORDS[code].label: text for code, text in definitions.items()}


def limitations(study: Study, results: Findings) -> list[str]:
    """What a reader has to know before believing more than the study shows."""
    return list(_limitations(study, results))


def limits_in_short(study: Study, results: Findings) -> list[str]:
    """The first of them for who reads a page for code hosts."""
    steps = listed([f"{steps:,}" for steps in results.steps])
    return [
        f"Every verdict is after {steps} training steps: a run that had not learned by then may still do so.",
        *_data_limits([cell.config for cell in study.cells()]),
        f"{counted(len(results.seeds), 'seed')}: seeds are the only replicates; one small network, trained on the same"
        " data, measures all samples.",
        "Equal updates are not equal computation; the contrasts are given at both.",
        "An arm's best grid point and tolerance of settings are two things; neither speaks for settings not tried.",
    ]


def _limitations(study: Study, results: Findings) -> Iterator[str]:
    configs = [cell.config for cell in study.cells()]
    steps = listed([f"{steps:,}" for steps in results.steps])
    rates = listed([learning_rate(rate) for rate in sorted({config.lr_g for config in configs})])
    yield (
        f"Budget and learning rate decide: every verdict here is after {steps} training steps at the learning rates"
        f" {rates}. A run that had not learned by then may still do so later, or at another rate; no arm was tuned"
        " beyond what is declared."
    )
    yield from _data_limits(configs)
    yield (
        "Learned means at or below the bar, or realistic though narrow; «updates to the bar» count up to whichever came"
        " first. FLOPs to it are in whole probe intervals of the arm whose interval is cheapest: no finer difference is"
        " known."
    )
    yield from _tuning(configs)
    init = listed(sorted({init for config in configs for init in (config.init_g, config.init_d)}))
    yield (
        f"Initialisation ({init}) is a factor, and not a neutral one: the same standard deviation gives layers of"
        " different width different gains."
    )
    yield _matching(results)
    yield (
        "Fréchet distance, precision, recall, density, coverage and modes are all measured by one small network that"
        " was trained on the same data set: what it does not see, they do not measure."
    )
    probes = listed(sorted({f"{config.eval_every} steps" for config in configs}))
    yield (
        "The two runs of a pair share data order and noise, not weights. Seeds are the only replicates: steps, probes"
        f" and samples are never n. The time of an onset is known up to the interval between two probes ({probes})."
    )
    if len(results.seeds) < FEW_SEEDS:
        yield _few_seeds(len(results.seeds))
    yield f"{_families(results)} Everything else is exploratory."
    if not results.margins:
        yield "No test here can show that there is no difference: read the intervals."


def _matching(results: Findings) -> str:
    """Which arms have as many trainable parameters as their reference, and which have not."""
    arms = list(dict.fromkeys(row.arm for row in results.match))
    unmatched = [arm for arm in arms if any(row.arm == arm and not _is_matched(row) for row in results.match)]
    if not unmatched:
        text = "Arms are matched in trainable parameters, not in computation"
    elif len(unmatched) >= len(arms) - 1:
        text = "Arms are matched neither in trainable parameters nor in computation"
    else:
        text = f"Arms are matched in trainable parameters, but for {listed(unmatched)}, and not in computation"
    return (
        f"{text}: the cost of a step differs between them. That is why the contrasts are also given at"
        " equal computation: in floating-point operations, counted from the networks' sizes with a backward pass as two"
        " forward ones, which is about a tenth too much for an MLP. Seconds depend on the machine and its load, and"
        f" stand beside them for information. {_depths(results)}"
    )


def _depths(results: Findings) -> str:
    """Which arms have as many hidden layers as their reference, and which have not."""
    unequal = list(dict.fromkeys(row.arm for row in results.match if row.depth_matched is False))
    if not unequal:
        return "G and D have as many hidden layers in every arm as in the one that it is compared in size with."
    return f"Depth is not matched for {listed(unequal)}: what differs there may be the number of layers."


def _is_matched(row: MatchRow) -> bool:
    """By what was declared, and where a run tells it by the parameters themselves."""
    relative = [value for value in (row.relative_g, row.relative_d) if value is not None]
    return row.declared != "unmatched" and all(abs(value) <= MATCH_TOLERANCE for value in relative)


def _few_seeds(n: int) -> str:
    """What intervals and p over so few seeds are worth."""
    if n < FEWEST_TO_BOOTSTRAP:
        intervals = "Intervals of means over so few seeds are what the exact sign-flip test does not reject"
    else:
        intervals = (
            "Bootstrap intervals (BCa) of means over so few seeds are narrower than they claim; the sign-flip p beside"
            " them is the one to trust"
        )
    enumerated = int(math.log2(N_RESAMPLES))
    exact = "exact" if n <= enumerated else f"exact where at most {enumerated} differ, else of {N_RESAMPLES:,} draws"
    return (
        f"{intervals}. The sign-flip p is {exact}. The log-rank p within pairs is asymptotic; the sign test beside it"
        " is exact."
    )


def _tuning(configs: list[RunConfig]) -> Iterator[str]:
    """How many settings each architecture was tried at, where that differs."""
    tried: dict[str, set[str]] = {}
    for config in configs:
        own = {name: value for name, value in config_fields(config).items() if name not in _NOT_TUNED}
        names = [ARCHITECTURES[name] for name in (config.architecture_g, config.architecture_d)]
        tried.setdefault(listed(list(dict.fromkeys(names))), set()).add(repr(own))
    counts = {name: len(settings) for name, settings in tried.items()}
    if len(set(counts.values())) > 1:
        each = listed([f"{name} at {count}" for name, count in counts.items()])
        yield f"Tuning was not equal. Settings tried besides architecture and normalization: {each}."


def _families(results: Findings) -> str:
    told = " ".join(family.sentence for family in results.families)
    return f"{told} The same tests at equal computation are corrected alike and in no family: they support."


def _data_limits(configs: list[RunConfig]) -> Iterator[str]:
    for name in sorted({config.dataset for config in configs}):
        own = [config for config in configs if config.dataset == name]
        sizes = listed(sorted({f"{config.image_size} × {config.image_size}" for config in own}))
        yield f"The images are {DATASETS[name].origin} to {sizes}: {DATASETS[name].limits}"


def provenance_lines(results: Findings) -> Mapping[str, str]:
    """What the runs were made with, one line each."""
    return {name: ", ".join(values) for name, values in results.provenance.items()}
