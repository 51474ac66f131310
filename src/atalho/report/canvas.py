"""What a figure is drawn on: its colours and type, and how it becomes a PNG or a part of the page.

Figures are drawn in the light colours; in the page, `svg` turns them into the page's own, so that a figure follows
light and dark. Nothing of pyplot: every figure is an object of its own.
"""

import io
import math
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import RendererSVG
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter

from atalho.report.markup import Html
from atalho.text.numbers import percent

INK: Final = "#1c2430"
MUTED: Final = "#667085"
LINE: Final = "#e3e7ee"
BLUE: Final = "#2f5fd0"
AMBER: Final = "#c2630c"
_VARIABLES: Final = {INK: "--ink", MUTED: "--muted", LINE: "--line", BLUE: "--blue", AMBER: "--amber"}
# As in page.css.
_DARK: Final = {
    "--ink": "#e8ecf3",
    "--muted": "#98a2b3",
    "--line": "#2b3340",
    "--blue": "#7aa2ff",
    "--amber": "#f0a35a",
}
_PAD: Final = 0.06  # inches around a figure
_SANS: Final = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Liberation Sans',sans-serif"
_SETTINGS: Final[dict[Any, Any]] = {
    "font.size": 9.5,
    "text.parse_math": False,  # a class may be called $5$
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "legend.frameon": False,
    "svg.fonttype": "none",
}


class Picture(Figure):
    """A figure that a notebook shows, without pyplot."""

    def _repr_png_(self) -> bytes:
        return png(self)


def svg(figure: Figure, name: str) -> Html:
    """The figure as inline SVG in the page's own colours and font; `name` keeps its ids apart from other figures'."""
    text = _saved(figure, "svg", name).decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r' width="[\d.]+pt" height="[\d.]+pt"', "", text, count=1)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    # Matplotlib names its fonts in either of two ways, by its version; the page's font takes their place.
    text = re.sub(r"font: [^;\"]*?([\d.]+px) [^;\"]*", r"font-size: \1", text)
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    width = text.partition('viewBox="')[2].split()[2]
    return Html(text.replace("<svg ", f'<svg style="--natural:{width}px" ', 1))


def stacking(figure: Figure, name: str) -> Html:
    """`svg` and, of several panels, each once more by itself: a narrow page shows these, one above the other."""
    whole, panels = str(svg(figure, name)), _panels(figure)
    if not panels:
        return Html(whole)
    whole = whole.replace("<g", f'<g id="{name}-whole"', 1).replace("<svg ", '<svg class="whole" ', 1)
    alone = [
        f'<svg class="panel" style="--natural:{box.split()[2]}px" viewBox="{box}"><use href="#{name}-whole"/></svg>'
        for box in panels
    ]
    return Html(whole + "".join(alone))


def standalone(drawing: Html) -> bytes:
    """SVG of a page as a file of its own, which follows the reader's light or dark as the page does."""
    light = ";".join(f"{variable}:{colour}" for colour, variable in _VARIABLES.items())
    dark = ";".join(f"{variable}:{colour}" for variable, colour in _DARK.items())
    style = f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}svg{{font-family:{_SANS}}}"
    head, bracket, rest = drawing.partition(">")
    return f"{head}{bracket}<style>{style}</style>{rest}".encode()


def png(figure: Figure) -> bytes:
    """The figure on white, for documents and slides."""
    return _saved(figure, "png", "")


def _panels(figure: Figure) -> list[str]:
    """Where each panel lies in the saved SVG, in points; none where there is one panel, or a scale for several."""
    shown = [axes for axes in figure.axes if axes.get_visible() and axes.axison]
    if len(shown) < 2 or any(axes.get_label() == "<colorbar>" for axes in figure.axes):
        return []
    dpi, figure.dpi = figure.dpi, 72
    # What draws the SVG measures its letters as well: others find them narrower, and would cut a long title.
    width, height = 72 * figure.get_size_inches()
    measure = RendererSVG(width, height, io.StringIO())  # type: ignore[no-untyped-call]
    whole, panels = figure.get_tightbbox(measure), [axes.get_tightbbox(measure) for axes in shown]
    figure.dpi = dpi
    left, top, pad = 72 * whole.x0, 72 * whole.y1, 72 * _PAD
    boxes = [(box.x0 - left, top - box.y1, box.width + 2 * pad, box.height + 2 * pad) for box in panels if box]
    return [" ".join(f"{number:.1f}" for number in box) for box in boxes]


@contextmanager
def style() -> Iterator[None]:
    """The look of all figures; around their making and their saving."""
    with matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
        # Names in scripts that the font lacks show as boxes in the PNG; the page uses the reader's fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def _saved(figure: Figure, kind: str, salt: str) -> bytes:
    buffer = io.BytesIO()
    metadata: dict[str, Any] = {"Date": None} if kind == "svg" else {"Software": None}
    with style(), matplotlib.rc_context({"svg.hashsalt": salt}):
        figure.savefig(
            buffer, format=kind, dpi=160, transparent=kind == "svg", bbox_inches="tight", pad_inches=_PAD,
            metadata=metadata,
        )  # fmt: skip
    return buffer.getvalue()


def percents(axis: Axis) -> None:
    """Shares as per cent, with the decimals that tell neighbouring ticks apart."""
    axis.set_major_formatter(_Percents())


class _Percents(Formatter):
    def __init__(self) -> None:
        self._digits = 0

    def format_ticks(self, values: Any) -> list[str]:
        places = sorted({round(100 * float(value), 9) for value in values})
        step = min((after - before for before, after in pairwise(places)), default=1.0)
        # A step of 2.5 needs a decimal, as one of 0.5 does.
        self._digits = next((n for n in range(5) if math.isclose(round(step, n), step, rel_tol=1e-6)), 4)
        return [self(float(value)) for value in values]

    def __call__(self, x: float, pos: int | None = None) -> str:
        return percent(x, self._digits)


def panel(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Picture(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()
