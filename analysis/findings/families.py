"""Families of registered tests: which are corrected together, and what has to be shown before what.

The primary tests, one or one a grid point, are corrected by Holm's method at alpha. The co-primary stands behind a
gatekeeper: it is confirmatory only where every primary test is significant, so that both together err at most at alpha
(Maurer, Hothorn, Lehmacher 1995; Westfall, Krishen 2001). The secondaries are a family of their own, by Holm at alpha.
All of that holds at equal updates, of a study that is complete. At an early look a p says nothing; an e-value does, of
which 1/alpha times the tests of the family ends the study.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from analysis.counting import counted
from analysis.judging.study_data import StudyData
from analysis.results.document import ContrastResult
from analysis.results.families import Family, Standing
from analysis.results.parts import Role
from analysis.statistics import e_value, holm, significant
from runs.plan import Contrast, Plan
from runs.study import Study


def registered(plan: Plan) -> list[tuple[Role, Contrast]]:
    """Every contrast of a plan with its role, the primary first."""
    secondaries: list[tuple[Role, Contrast]] = [("secondary", contrast) for contrast in plan.secondaries]
    return [("primary", plan.primary), ("co-primary", plan.co_primary), *secondaries]


def family_sizes(study: Study) -> dict[Role, int]:
    """Registered tests by role: one a contrast that is asked over the grid, else one a grid point.

    Those whose arms were left out on the command line stay counted.
    """
    n_points, sizes = len(study.grid_points()), Counter[Role]()
    for role, contrast in registered(study.plan):
        sizes[role] += 1 if contrast.over_grid else n_points
    return dict(sizes)


def corrected(results: Sequence[ContrastResult], data: StudyData) -> tuple[ContrastResult, ...]:
    """The results, of one scale, with Holm's correction over all tests of a role, and with their standing.

    Tests that could not be computed stay counted, and so do those whose arms were left out on the command line.
    """
    sizes = family_sizes(data.study)
    done = [result for role, size in sizes.items() for result in _holm([r for r in results if r.role == role], size)]
    standings = _standings(done, data)
    return tuple(
        replace(result, standing=standings[result.role] if result.scale == "equal updates" else "supporting")
        for result in done
    )


def _holm(family: Sequence[ContrastResult], size: int) -> list[ContrastResult]:
    p_values = [result.effect.p for result in family] + [None] * (size - len(family))
    return [
        replace(result, effect=replace(result.effect, p_holm=p_holm, family=size))
        for result, p_holm in zip(family, holm(p_values), strict=False)
    ]


def families(contrasts: Sequence[ContrastResult], data: StudyData) -> tuple[Family, ...]:
    """The families of a plan, by ``contrasts`` at equal updates as :func:`corrected` makes them."""
    standings = _standings(contrasts, data)
    return tuple(
        Family(
            role=role,
            size=size,
            n_computed=sum(result.effect.p is not None for result in contrasts if result.role == role),
            standing=standings[role],
            reason=_reason(role, standings[role], data),
            sentence=_sentence(role, size, standings[role], data),
        )
        for role, size in family_sizes(data.study).items()
    )


def left_out(data: StudyData) -> list[str]:
    """A sentence for each contrast whose arms are not all in the study, as after ``--arms``."""
    return [
        f"The {role} contrast {contrast.name!r} ({contrast.outcome}) is left out: its arms are not all in this report."
        for role, contrast in registered(data.study.plan)
        if not set(contrast.arms) <= set(data.study.arms)
    ]


def is_early_look(data: StudyData) -> bool:
    """Whether planned runs are still missing."""
    return not bool(data.runs["complete"].all())


def evidence(result: ContrastResult) -> float | None:
    """The e-value of a contrast of rates of runs not stable; None of others, which have no sequential test."""
    return None if result.rates is None else e_value(result.rates.counts.b, result.rates.counts.c)


def enough_evidence(alpha: float, family: int) -> float:
    """The e-value that ends a study at level ``alpha``, of one among ``family`` tests (Bonferroni: their mean's)."""
    return family / alpha


def is_shown(result: ContrastResult, alpha: float, *, early: bool) -> bool:
    """Whether a corrected test is significant; at an early look, whether its e-value ends the study."""
    if not early:
        return significant(result.effect.p_holm, alpha)
    e = evidence(result)
    return e is not None and e >= enough_evidence(alpha, result.effect.family)


def _standings(contrasts: Sequence[ContrastResult], data: StudyData) -> dict[Role, Standing]:
    early, alpha, size = is_early_look(data), data.study.plan.alpha, family_sizes(data.study)["primary"]
    primaries = [result for result in contrasts if result.role == "primary"]
    shown = len(primaries) == size and all(is_shown(result, alpha, early=early) for result in primaries)
    return {
        "primary": "exploratory" if early and not shown else "confirmatory",
        "co-primary": "confirmatory" if shown and not early else "exploratory",
        "secondary": "exploratory" if early else "confirmatory",
    }


def _reason(role: Role, standing: Standing, data: StudyData) -> str:
    if standing == "exploratory" and is_early_look(data):
        return "exploratory, as planned runs are missing"
    if role != "co-primary":
        return standing
    one = family_sizes(data.study)["primary"] == 1
    if standing == "confirmatory":
        return f"confirmatory, as {'the' if one else 'every'} primary test is significant"
    return f"exploratory, as {'the primary test is not' if one else 'not every primary test is'} significant"


def _sentence(role: Role, size: int, standing: Standing, data: StudyData) -> str:
    alpha = f"α = {data.study.plan.alpha:g}"
    together = "" if size == 1 else ", corrected together by Holm's method"
    if role == "primary":
        return f"{counted(size, 'primary test')} at {alpha}{together}."
    if role == "secondary":
        own = "its" if size == 1 else "their"
        return f"{counted(size, 'secondary test')}{together}: a family of {own} own at {alpha}, beside the primary's."
    behind = f"behind the primary as gatekeeper: {_reason(role, standing, data)}"
    return f"{counted(size, 'co-primary test')}{together}, {behind}."
