"""Tables of stability regions: how many grid points each arm is stable at, in all and by seed."""

from analysis.results.document import Results
from analysis.results.wording import point_text
from analysis.tables.columns import frame
from analysis.tables.formats import Table


def regions_table(results: Results) -> Table:
    """Each arm's stable grid points over seeds, and its best ones."""
    rows = []
    for region in results.regions:
        counts = [seed.stable for seed in region.seeds if seed.judged == region.n_points]
        rows.append(
            {
                "arm": region.arm,
                "grid points": region.n_points,
                "seeds": region.n_complete,
                "planned": len(region.seeds),
                "mean of stable points": region.mean,
                "least": min(counts, default=None),
                "greatest": max(counts, default=None),
                "best at": "; ".join(point_text(point) for point in region.best) or None,
                "stable there": region.best_stable,
                "judged there": region.best_judged,
            }
        )
    return Table(
        name="regions",
        caption="Stable grid points of a seed, by arm, over the seeds with a judged run at every grid point. Best: the"
        " grid points with most stable runs, chosen by these very runs.",
        frame=frame(rows, whole=("least", "greatest")),
    )


def stable_points_table(results: Results) -> Table:
    """Stable grid points by seed, a column an arm."""
    by_arm = {region.arm: region for region in results.regions}
    rows = [
        {
            "seed": seed,
            **{
                arm: region.seeds[place].stable if region.seeds[place].judged == region.n_points else None
                for arm, region in by_arm.items()
            },
        }
        for place, seed in enumerate(results.seeds if by_arm else ())
    ]
    return Table(
        name="stable_points",
        caption="At how many grid points each seed's run ended stable; empty where not every one is judged.",
        frame=frame(rows, whole=tuple(by_arm)),
    )
