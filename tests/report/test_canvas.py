import re
import xml.etree.ElementTree as ElementTree

import matplotlib
import pytest

from atalho.report import figures
from atalho.report.canvas import AMBER, BLUE, INK, LINE, MUTED, panel, png, style, svg


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
