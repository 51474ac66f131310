import re
import xml.etree.ElementTree as ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure

from atalho.report import figures
from atalho.report.canvas import AMBER, BLUE, INK, LINE, MUTED, panel, percents, png, stacking, style, svg


@pytest.fixture
def drawn(run):
    return figures.draw_all(run)


def test_the_svg_takes_its_colours_from_the_page(drawn):
    for name, figure in drawn.items():
        text = svg(figure, name)
        ElementTree.fromstring(text)
        assert not re.search("|".join([INK, MUTED, LINE, BLUE, AMBER]), text)
        assert "var(--muted)" in text
        assert "<style" not in text
        assert "<metadata" not in text
        assert "DejaVu" not in text
        assert not re.search(r"<svg[^>]*\swidth=", text)


def test_ids_of_two_figures_differ(drawn):
    first, second = (set(re.findall(r'\bid="([^"]+)"', svg(drawn["loss"], name))) for name in ("a", "b"))
    assert first
    assert not first & second


def test_the_same_figure_gives_the_same_bytes(run):
    def both() -> tuple[str, bytes]:
        figure = figures.draw_all(run)["loss"]
        return svg(figure, "loss"), png(figure)

    assert both() == both()


def test_the_png_is_opaque_and_white_around(drawn):
    picture = png(drawn["accuracy"])
    import io

    from PIL import Image

    image = Image.open(io.BytesIO(picture)).convert("RGBA")
    assert image.getpixel((0, 0)) == (255, 255, 255, 255)
    assert image.width > 500


def test_nothing_of_the_users_own_matplotlib_changes(run):
    before = dict(matplotlib.rcParams)
    figures.draw_all(run)
    assert dict(matplotlib.rcParams) == before
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []


def test_names_in_any_script_and_with_dollars_are_drawn():
    with style():
        figure, axes = panel(2, 2)
        axes.set_title("$x^$ 日本 \U0001f600")
    assert "$x^$ 日本" in svg(figure, "any")
    assert png(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("ends", "expected"),
    [((0, 1), "0% 50% 100%"), ((0.01, 0.02), "1.0% 1.5% 2.0%"), ((0.001, 0.002), "0.10% 0.15% 0.20%")],
)
def test_ticks_of_shares_have_the_decimals_that_tell_them_apart(ends, expected):
    with style():
        figure, axes = panel(3, 3)
        axes.set_ylim(*ends)
        axes.set_yticks([ends[0], sum(ends) / 2, ends[1]])
        percents(axes.yaxis)
        figure.draw_without_rendering()
    assert " ".join(label.get_text() for label in axes.get_yticklabels()) == expected


def test_of_several_panels_each_stands_once_more_by_itself_within_the_figure():
    with style():
        figure = Figure(figsize=(6, 3), layout="constrained")
        for axes in figure.subplots(1, 2):
            axes.plot([1, 2])
        text = stacking(figure, "two")
    whole, *panels = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    ElementTree.fromstring(whole)
    width, height = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', whole).groups())
    assert len(panels) == 2 and all('href="#two-whole"' in one for one in panels)
    assert whole.count('id="two-whole"') == 1
    boxes = [tuple(map(float, re.search(r'viewBox="([^"]+)"', one)[1].split())) for one in panels]
    for box, one in zip(boxes, panels, strict=True):
        assert f'style="--natural:{box[2]}px"' in one
    for x, y, across, down in boxes:
        assert x >= -0.1 and y >= -0.1 and x + across <= width + 0.1 and y + down <= height + 0.1
    assert boxes[0][0] + boxes[0][2] < boxes[1][0] + 12


def test_a_panel_holds_a_title_that_is_longer_than_itself():
    with style():
        figure = Figure(figsize=(6, 3), layout="constrained")
        axes = figure.subplots(1, 2)[1]
        axes.set_title("a title that reaches beyond its panel, to the right end of all", loc="left")
        whole, _first, last = re.findall(r'viewBox="([^"]+)"', stacking(figure, "two"))
    x, _y, across, _down = map(float, last.split())
    assert x + across == pytest.approx(float(whole.split()[2]), abs=0.2)


def test_one_panel_stands_alone(drawn):
    assert stacking(drawn["loss"], "loss").count("<svg") == 1
