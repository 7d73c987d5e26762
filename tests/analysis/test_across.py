"""Studies side by side, from the tables of their reports."""

import pytest

from analysis.across import main, read_outcomes, share_stable, table
from runs.errors import UserError

HEADER = (
    "arm,lr,planned,judged,stable,unsettled,not learned,collapsed,diverged,non-finite,not stable,not stable low,"
    "not stable high,had learned,had learned low,had learned high,made_from\n"
)
ROWS = {
    "first": ["dcgan,2e-4,4,4,4,0,0,0,0,0,0.0,0.0,0.49,1,.51,1,x", "mlp,2e-4,4,4,1,0,2,1,0,0,0.75,0.3,0.95,.5,.2,.8,x"],
    "second": ["mlp,1e-3,2,2,0,0,2,0,0,0,1.0,0.34,1.0,0,0,.66,x"],
}


@pytest.fixture
def folder(tmp_path):
    for study, rows in ROWS.items():
        (tmp_path / study).mkdir()
        (tmp_path / study / "verdicts.csv").write_text(HEADER + "\n".join(rows) + "\n")
    return tmp_path


def outcomes(folder):
    return {study: read_outcomes(folder / study / "verdicts.csv") for study in ROWS}


def test_the_table_has_every_arm_and_recipe_with_what_became_of_its_runs(folder):
    rows = table(outcomes(folder)).frame.to_numpy().tolist()
    assert rows == [
        ["first", "mlp", "lr 2e-4", "1 of 4", "2 not learned, 1 collapsed"],
        ["first", "dcgan", "lr 2e-4", "4 of 4", "–"],
        ["second", "mlp", "lr 1e-3", "0 of 2", "2 not learned"],
    ]


def test_the_figure_draws_each_share_with_its_interval_and_an_arm_alike_in_every_panel(folder):
    first, second = share_stable(outcomes(folder)).axes
    interval, mark = first.lines[:2]  # of mlp, which stands first however the study names its arms
    assert interval.get_xdata() == pytest.approx([0.05, 0.7])
    assert mark.get_xdata() == pytest.approx([0.25])
    assert mark.get_color() == second.lines[1].get_color()
    assert [label.get_text() for label in first.get_yticklabels()] == ["mlp", "dcgan"]
    assert first.get_title(loc="left") == "first: 1 recipe"


def test_the_command_writes_both(folder, capsys):
    assert main([*ROWS, "--folder", str(folder), "--out", str(folder / "out")]) == 0
    assert {path.name for path in (folder / "out").iterdir()} == {"across.md", "across.svg", "across.pdf", "across.png"}
    assert "across.svg" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, "", "a,b\n1,2\n"])
def test_what_is_no_table_of_a_report_is_refused_by_name(folder, content):
    path = folder / "first" / "verdicts.csv"
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=r"verdicts\.csv"):
        main(["first", "--folder", str(folder), "--out", str(folder / "out")])
