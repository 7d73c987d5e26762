import itertools
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import seaborn
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from analysis.figures.style import MISSING, VERDICTS, arm_styles, lay_out, new_figure, save, stamp, styled
from analysis.judging.verdicts import VerdictCode
from analysis.results.verdict_words import VERDICT_WORDS

ARMS = ["mlp", "mlp-bn", "dcgan-nobn", "dcgan", "mlp-lr1e-3", "mlp-bn-lr1e-3"]

# Machado, Oliveira & Fernandes 2009, table 1: what linear RGB becomes for full dichromats
SIGHT = {
    "no red": np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]),
    "no green": np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]),
}


@styled
def drawn() -> Figure:
    figure = new_figure(3.5, 2.0)
    axes = figure.subplots()
    axes.plot([0, 1], [1, 0])
    axes.set(xlabel="generator updates", ylabel="loss of D (nats)", title="costs $5 and $6")
    return figure


def luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_an_arm_keeps_its_style_whichever_arms_are_shown() -> None:
    styles = arm_styles(ARMS)
    assert [styles[arm] for arm in ("mlp", "dcgan")] == [arm_styles(ARMS)["mlp"], arm_styles(ARMS)["dcgan"]]
    assert arm_styles(ARMS[:2])["mlp-bn"] == styles["mlp-bn"]


def test_no_two_of_forty_arms_look_the_same() -> None:
    styles = arm_styles([f"arm{i}" for i in range(40)])
    assert len({(s.colour, s.marker, s.line) for s in styles.values()}) == 40


@pytest.mark.parametrize("attribute", ["colour", "marker"])
def test_each_mark_alone_tells_the_first_arms_apart(attribute: str) -> None:
    looks = [getattr(style, attribute) for style in arm_styles(ARMS).values()]
    assert len(set(looks)) == len(ARMS)


def test_every_verdict_has_a_look_with_a_letter_of_its_own() -> None:
    assert {code.value for code in VerdictCode} < set(VERDICTS)
    assert len({look.letter for look in VERDICTS.values()}) == len(VERDICTS)
    assert len({look.fill for look in VERDICTS.values()}) == len(VERDICTS)


@pytest.mark.parametrize("sight", [*sorted(SIGHT), "all colours"])
def test_verdicts_differ_in_fill_for_who_sees_no_red_or_no_green(sight: str) -> None:
    seen = [SIGHT.get(sight, np.eye(3)) @ np.array(to_rgb(look.fill)) ** 2.2 for look in VERDICTS.values()]
    shades = [np.clip(colour, 0, 1) ** (1 / 2.2) for colour in seen]
    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(shades, 2)) > 0.2


def test_verdicts_are_drawn_in_the_words_that_sentences_use() -> None:
    drawn = {code: (look.letter, look.meaning) for code, look in VERDICTS.items() if code != MISSING}
    assert drawn == {code.value: (words.letter, words.label) for code, words in VERDICT_WORDS.items()}
    assert (VERDICTS["unlearned"].meaning, VERDICTS["nonfinite"].meaning) == ("not learned", "non-finite")


def test_no_verdict_has_the_colour_of_an_arm() -> None:
    arms = {style.colour.lower() for style in arm_styles(ARMS).values()}
    assert not arms & {look.fill.lower() for look in VERDICTS.values()}


@pytest.mark.parametrize("verdict", sorted(VERDICTS))
def test_letters_can_be_read_on_their_fill(verdict: str) -> None:
    assert contrast(VERDICTS[verdict].ink, VERDICTS[verdict].fill) >= 4.5


def test_names_of_arms_can_be_read_in_their_dark_shade() -> None:
    assert all(contrast(style.dark, "white") >= 4.5 for style in arm_styles(ARMS).values())


def test_a_figure_is_written_as_svg_pdf_and_png_and_twice_the_same(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    first, second = save(drawn(), tmp_path / "loss.v1"), save(drawn(), tmp_path / "again" / "loss.v1")
    assert [path.name for path in first] == ["loss.v1.svg", "loss.v1.pdf", "loss.v1.png"]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_a_figure_is_drawn_once_a_format_as_drawing_takes_most_of_a_reports_time(tmp_path: Path) -> None:
    class Counted(Figure):
        drawn = 0

        def draw(self, renderer: RendererBase) -> None:
            self.drawn += 1
            super().draw(renderer)

    figure = styled(Counted)()
    figure.subplots()
    assert len(save(figure, tmp_path / "counted")) == figure.drawn == 3


def test_text_is_set_in_the_font_that_matplotlib_ships_whatever_else_the_machine_has(tmp_path: Path) -> None:
    shipped = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    other = tmp_path / "DejaVuSans.ttf"
    other.write_bytes(shipped.read_bytes())
    code = (
        "from matplotlib import font_manager as fonts\n"
        f"fonts.fontManager.ttflist = [fonts.FontEntry(fname={str(other)!r}, name='DejaVu Sans')]\n"
        "import analysis.figures.style\n"
        "print(fonts.findfont('DejaVu Sans'))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str(shipped)


def test_pdf_embeds_truetype_so_that_its_text_stays_text(tmp_path: Path) -> None:
    content = save(drawn(), tmp_path / "loss")[1].read_bytes()
    assert b"/Type3" not in content
    assert b"/CIDFontType2" in content or b"/TrueType" in content


def test_drawing_and_writing_change_no_global_setting(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    save(drawn(), tmp_path / "loss")
    assert dict(matplotlib.rcParams) == before


def test_a_theme_of_the_users_own_does_not_show(tmp_path: Path) -> None:
    plain = [path.read_bytes() for path in save(drawn(), tmp_path / "plain")]
    with matplotlib.rc_context():
        seaborn.set_theme(style="darkgrid", context="talk", palette="pastel")
        matplotlib.rcParams["axes.formatter.use_locale"] = True
        themed = [path.read_bytes() for path in save(drawn(), tmp_path / "themed")]
    assert themed == plain


def test_a_stamp_adds_a_line_below_and_leaves_the_axes_their_size(tmp_path: Path) -> None:
    plain, stamped = drawn(), drawn()
    stamp(stamped, "Study digits, plan 0123456789abcdef. INTERIM.")
    for figure, name in ((plain, "plain"), (stamped, "stamped")):
        save(figure, tmp_path / name)
    heights = [figure.axes[0].get_window_extent().height for figure in (plain, stamped)]
    assert heights[1] == pytest.approx(heights[0], rel=0.02)
    text = stamped.findobj(lambda artist: artist.get_gid() == "stamp")[0]
    assert text.get_window_extent().y1 <= stamped.axes[0].xaxis.get_label().get_window_extent().y0


def test_a_stamp_too_long_for_its_figure_takes_more_lines_and_covers_nothing() -> None:
    figure, (width, height) = drawn(), drawn().get_size_inches()
    said = " ".join(f"Study number {n}, samples measured by classifier." for n in range(5))
    stamp(figure, said)
    lay_out(figure)
    text = figure.findobj(lambda artist: artist.get_gid() == "stamp")[0]
    place = text.get_window_extent()
    assert text.get_text().split() == said.split() and "\n" in text.get_text()
    assert place.x1 <= figure.bbox.x1 and place.y0 >= 0
    assert place.y1 <= figure.axes[0].xaxis.get_label().get_window_extent().y0
    assert tuple(figure.get_size_inches()) > (width, height)


@pytest.mark.parametrize("sight", sorted(SIGHT))
def test_arms_differ_in_colour_for_who_sees_no_red_or_no_green(sight: str) -> None:
    seen = [SIGHT[sight] @ np.array(to_rgb(style.colour)) ** 2.2 for style in arm_styles(ARMS).values()]
    shades = [np.clip(colour, 0, 1) ** (1 / 2.2) for colour in seen]
    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(shades, 2)) > 0.15
