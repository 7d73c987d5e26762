"""What a report contains: names by which its parts are found."""

import pandas as pd
import pytest

from analysis.chapters.form import Chapter
from analysis.report.contents import check_names
from analysis.tables.formats import Table


def chapter(name: str, *tables: str) -> Chapter:
    return Chapter(
        name=name, title=name, tables=[Table(name=table, caption="", frame=pd.DataFrame()) for table in tables]
    )


@pytest.mark.parametrize(
    "chapters",
    [
        [chapter("times"), chapter("times")],
        [chapter("")],
        [chapter("times", "arms"), chapter("setting", "arms")],
    ],
)
def test_a_second_of_one_name_or_one_without_is_an_error(chapters: list[Chapter]) -> None:
    with pytest.raises(ValueError, match="one each"):
        check_names(chapters)


def test_names_of_their_own_are_fine() -> None:
    check_names([chapter("times", "curves"), chapter("setting", "arms")])
