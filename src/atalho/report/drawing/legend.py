"""What the marks of a drawing mean: only those that are in it."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Final

from atalho.report.drawing.network import NetworkToDraw
from atalho.report.drawing.scale import Scale
from atalho.report.drawing.segments import Connection, connection
from atalho.report.drawing.svg import path, shape, words
from atalho.report.markup import Html
from atalho.text import _
from atalho.text.numbers import significant

ROW: Final = 20.0
_KEY: Final = 34.0
"""The width of the sample mark before its words."""
_LETTER_OF_ITEMS: Final = 6.2
"""The width of a letter of these words, on average and with some to spare."""
_STEPS: Final = 24
_LINE: Final = 14.0
"""From one line of the scale's label to the next."""
_LETTER: Final = 7.0
"""The width of a letter of it, on average and with some to spare."""


def draw_legend(networks: Sequence[NetworkToDraw], scale: Scale | None, width: float) -> tuple[Html, float]:
    """The legend for a sheet of `width`, from y = 0, and its height."""
    told = _items(networks)
    items = [_item(mark, text) for mark, text in told]
    longest = _KEY + _LETTER_OF_ITEMS * max(len(text) for _mark, text in told)
    columns = max(1, int((width - 16) // longest))
    rows = -(-len(items) // columns)
    marks = [
        shape("g", item, transform=f"translate({16 + (width - 16) / columns * (place // rows):.0f} "
                                   f"{12 + ROW * (place % rows):.0f})")
        for place, item in enumerate(items)
    ]  # fmt: skip
    height = 12 + ROW * rows
    if scale:
        lines = wrap(scale.label, int((width - 32) / _LETTER))
        marks.append(shape("g", _bar(scale, lines), transform=f"translate(16 {height:.0f})"))
        height += 28 + _LINE * len(lines)
    return shape("g", marks), height


def _items(networks: Sequence[NetworkToDraw]) -> list[tuple[str, str]]:
    connections = {connection(block) for network in networks for block in network.plan.blocks}
    texts: dict[Connection, str] = {
        "identity": _("identity: x is added unchanged"),
        "projection": _("projection: a 1×1 convolution changes the shape of x"),
        "zero-pad": _("zero padding: x plus zeros for the new channels"),
    }
    if all(network.plan.stem.design == "pixels" for network in networks):
        texts["projection"] = _("projection: a linear layer changes the shape of x")
    items: list[tuple[str, str]] = [(name, text) for name, text in texts.items() if name in connections]
    if items:
        items.append(("sum", _("sum: F(x) + x")))
    if "concatenation" in connections:
        items.append(("band", _("concatenation: x and the output of each layer")))
    return [*items, ("norm", _("batch norm")), ("relu", _("ReLU"))]


def _item(mark: str, text: str) -> Html:
    match mark:
        case "sum":
            key = [shape("circle", cx=12, cy=0, r=6.5, class_="node"),
                   path("M", (8.5, 0), "h", 7, "M", (12, -3.5), "v", 7, class_="plus")]  # fmt: skip
        case "band":
            key = [shape("rect", x=14, y=-7, width=10, height=14, class_="x"),
                   shape("g", shape("rect", x=8, y=-2, width=6, height=9, class_="new"), class_="s0")]  # fmt: skip
        case "norm" | "relu":
            key = [shape("rect", x=0, y=-1.5, width=24, height=3, class_=mark)]
        case _:
            key = [path("M", (0, 0), "h", 26, class_=f"shortcut {mark}")]
    return shape("g", key, words(_KEY, 4, text))


def _bar(scale: Scale, lines: Sequence[str]) -> Html:
    """Its label in lines, its colours, its ends and its middle."""
    low, high = scale.low, scale.high
    each, below = 220 / _STEPS, _LINE * len(lines)
    marks = [words(0, 8 + _LINE * place, line, class_="strong") for place, line in enumerate(lines)]
    for place in range(_STEPS):
        share = (place + 0.5) / _STEPS
        value = low * (high / low) ** share if scale.logarithmic else low + (high - low) * share
        marks.append(
            shape("rect", x=place * each, y=below, width=each + 0.4, height=8, style=f"fill:{scale.colour(value)}")
        )
    for x, value, class_ in zip((0, 110, 220), scale.ticks(), ("note", "note in", "note end"), strict=True):
        marks.append(words(x, below + 20, significant(value), class_=class_))
    return shape("g", marks)
