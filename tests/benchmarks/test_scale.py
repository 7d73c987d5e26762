import json
import math
from pathlib import Path

import pytest

from benchmarks.scale import SIZES, ReportCost, report_costs
from runs.study import load_study
from tests.analysis.synthetic import small_study


def test_a_report_over_a_grid_has_its_time_memory_and_size_measured(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(json.dumps(dict(small_study(seeds=8, grid={"beta1": [0.5, 0.9]}).document)), encoding="utf-8")
    (cost,) = report_costs({str(path): (3,)})
    assert (cost.study, cost.grid_points, cost.runs) == ("small", 2, 4)
    assert 0.1 < cost.wall_seconds < 120
    assert 0.05 < cost.peak_gigabytes < 2
    assert 0.1 < cost.page_megabytes < 15


def test_costs_are_measured_at_about_100_and_1000_runs_of_a_small_and_of_a_large_grid() -> None:
    points = {name: math.prod(map(len, load_study(name).grid.values())) for name in SIZES}
    assert sorted(points.values()) == [4, 8]
    assert all({100, 1000} <= set(sizes) for sizes in SIZES.values())


@pytest.mark.parametrize(("points", "said"), [(1, "of small: 2.0 s"), (8, "of small, 8 grid points: 2.0 s")])
def test_a_cost_is_said_in_one_line(points: int, said: str) -> None:
    cost = ReportCost(
        study="small", grid_points=points, runs=8, wall_seconds=2.0, peak_gigabytes=0.5, page_megabytes=1.25
    )
    assert str(cost) == f"report over 8 runs {said}, 0.50 GB, page of 1.2 MB"
