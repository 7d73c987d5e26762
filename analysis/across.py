"""``python -m analysis.across``: one figure and one table over studies, from the table ``verdicts.csv`` of each report.

Reads ``FOLDER/STUDY/verdicts.csv`` (default: the results that come with the project) and writes ``across/across.svg``
(.pdf, .png) and ``across/across.md`` among the reports. Studies are set side by side, not pooled: their data, networks
and budgets differ.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import analysis.own_matplotlib  # noqa: F401
from analysis.figures.style import FAINT, PAGE, RULE, ArmStyle, arm_styles, new_figure, save, styled
from analysis.results.verdict_words import VERDICT_WORDS
from analysis.results.wording import point_text
from analysis.tables.formats import Table, to_markdown
from runs.addresses import reports_folder
from runs.errors import CommandLine, UserError, report_user_errors
from runs.files import write_output

RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
STUDIES = (
    "digits",
    "patience",
    "depth",
    "learning_rates",
    "stacked_digits",
    "mnist",
    "mnist_wide",
    "fashion_mnist",
    "fashion_wide",
    "bedroom_places",
    "bedroom_wide",
    "cifar10",
)
# the order of arms in every panel; others follow in the order in which studies name them
ARMS = ("mlp", "mlp-bn-g", "mlp-bn", "dcgan-nobn", "dcgan")
_COUNTS = tuple(words.label for words in VERDICT_WORDS.values())
_OTHER_COLUMNS = ("arm", "planned", "judged", "made_from", *_COUNTS)
_ROW = 0.2  # inches an arm


def main(arguments: Sequence[str] | None = None) -> int:
    """Write both, and print where they are."""
    parser = CommandLine(prog="python -m analysis.across", description=__doc__)
    parser.add_argument("studies", nargs="*", default=list(STUDIES), help=f"default: {' '.join(STUDIES)}")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="folder with a folder for each study")
    parser.add_argument("--out", type=Path, help="folder to write to")
    options = parser.parse_args(arguments)
    outcomes = {study: read_outcomes(options.folder / study / "verdicts.csv") for study in options.studies}
    out = options.out or reports_folder() / "across"
    write_output(out / "across.md", to_markdown(table(outcomes)))
    save(share_stable(outcomes), out / "across")
    print(f"{out / 'across.svg'}, {out / 'across.md'}")
    return 0


def read_outcomes(path: Path) -> pd.DataFrame:
    """One row an arm and grid point: arm, point (text), counts of verdicts, share stable with its Wilson interval."""
    try:
        raw = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}; expected the table of a report") from None
    missing = [name for name in _OTHER_COLUMNS if name not in raw.columns]
    if missing:
        raise UserError(f"{path}: {', '.join(missing)} missing; expected the table of outcomes of a report")
    factors = list(raw.columns[1 : raw.columns.get_loc("planned")])
    return raw.assign(
        point=[point_text({name: row[name] for name in factors}) for row in raw.to_dict(orient="records")],
        share=1 - raw["not stable"],
        low=1 - raw["not stable high"],
        high=1 - raw["not stable low"],
    )


def table(outcomes: dict[str, pd.DataFrame]) -> Table:
    """Every arm at every grid point of every study."""
    rows = []
    for study, frame in outcomes.items():
        for _, row in _sorted(frame).iterrows():
            others = [f"{row[name]} {name}" for name in _COUNTS[1:] if row[name]]
            rows.append(
                {
                    "study": study,
                    "arm": row["arm"],
                    "recipe": row["point"] or "–",
                    "stable": f"{row['stable']} of {row['judged']}",
                    "the others": ", ".join(others) or "–",
                }
            )
    caption = "How every run of every study ended. Studies differ in data, networks and budget, and are not pooled."
    return Table(name="across", caption=caption, frame=pd.DataFrame(rows))


@styled
def share_stable(outcomes: dict[str, pd.DataFrame]) -> Figure:
    """A panel a study: for each arm a mark a recipe, the share of its runs that ended stable with its interval."""
    names = _ordered([arm for frame in outcomes.values() for arm in frame["arm"]])
    looks = arm_styles(names)
    columns = min(3, len(outcomes))
    rows = -(-len(outcomes) // columns)
    most = max(len(_ordered(frame["arm"])) for frame in outcomes.values())
    figure = new_figure(PAGE, rows * (0.75 + _ROW * most * 1.4))
    for place, (study, frame) in enumerate(outcomes.items()):
        axes = figure.add_subplot(rows, columns, place + 1)
        _panel(axes, frame, looks)
        recipes = frame["point"].nunique()
        axes.set_title(f"{study}: {recipes} recipe{'s' if recipes > 1 else ''}")
        axes.set_xlabel("share of runs that ended stable")
    return figure


def _panel(axes: Axes, frame: pd.DataFrame, looks: Mapping[str, ArmStyle]) -> None:
    arms, points = _ordered(frame["arm"]), list(dict.fromkeys(frame["point"]))
    for row, arm in enumerate(arms):
        look = looks[arm]
        for place, (_, one) in enumerate(frame[frame["arm"] == arm].iterrows()):
            y = row + 0.7 * ((place + 0.5) / len(points) - 0.5)
            axes.plot([one["low"], one["high"]], [y, y], color=RULE, linewidth=1.0, zorder=1)
            axes.plot(one["share"], y, marker=look.marker, color=look.colour, markersize=3.5, zorder=2, clip_on=False)
        mean = frame.loc[frame["arm"] == arm, "share"].mean()
        axes.text(1.06, row, f"{mean:.2f}", color=FAINT, va="center", clip_on=False)
    axes.set_yticks(range(len(arms)), arms)
    axes.set_ylim(len(arms) - 0.5, -0.5)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0, 0.5, 1], ["0", "½", "1"])


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    arms = _ordered(frame["arm"])
    places = {arm: place for place, arm in enumerate(arms)}
    return frame.assign(_place=frame["arm"].map(places)).sort_values("_place", kind="stable")


def _ordered(arms: Iterable[str]) -> list[str]:
    there = dict.fromkeys(arms)
    return [arm for arm in ARMS if arm in there] + [arm for arm in there if arm not in ARMS]


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
