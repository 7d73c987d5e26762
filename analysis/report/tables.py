"""All tables of a report."""

from analysis.report.drawing import Drawing
from analysis.tables.contrasts import (
    budgets_table,
    comparisons_table,
    contrasts_table,
    over_grid,
    rates_table,
    remarks_table,
    verdicts_table,
)
from analysis.tables.designs import specifications_table
from analysis.tables.factors import factors_table, trends_table
from analysis.tables.formats import Table
from analysis.tables.regions import regions_table, stable_points_table
from analysis.tables.settings import (
    arms_table,
    measures_table,
    players_table,
    references_table,
    runs_table,
    sensitivity_table,
)


def report_tables(drawing: Drawing) -> dict[str, Table]:
    """Those that have a row, by name."""
    results = drawing.results
    tables = [
        arms_table(results),
        players_table(results),
        verdicts_table(results),
        remarks_table(results),
        regions_table(results),
        stable_points_table(results),
        contrasts_table(over_grid(results.contrasts), "contrasts_over_grid", "over the grid", results),
        contrasts_table(results.contrasts, "contrasts", "at equal numbers of updates", results),
        contrasts_table(
            results.contrasts_at_equal_compute, "contrasts_equal_compute", "at equal computation (FLOPs)", results
        ),
        budgets_table(results),
        rates_table(results),
        comparisons_table(results),
        measures_table(results),
        factors_table(results),
        trends_table(results),
        *(table for chapter in drawing.chapters for table in chapter.tables),
        specifications_table(results),
        references_table(results),
        sensitivity_table(results),
        runs_table(drawing.verdicts),
    ]
    return {table.name: table for table in tables if len(table.frame)}
