"""A network as a column of segments: the stem, each stage on its ground and the head, drawn apart and placed later."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from atalho.networks.plan import Plan
from atalho.report.drawing.dense_block import BAND, draw_dense_block
from atalho.report.drawing.marks import ARC, BOX, CENTRE, LEAD, RIGHT, Pen
from atalho.report.drawing.scale import Paint, Scale
from atalho.report.drawing.segments import (
    DenseLayers,
    LayerSequence,
    Segment,
    Shape,
    ShortcutBlock,
    Size,
    connection,
    segments,
)
from atalho.report.drawing.shortcuts import draw_block
from atalho.report.drawing.svg import shape
from atalho.report.markup import Html
from atalho.text import _

COLOURS: Final = 6
"""Stages take the style's colours in turn."""
_LEFT: Final = CENTRE - BOX / 2 - 9
_MARGIN: Final = 8.0


@dataclass(frozen=True)
class NetworkToDraw:
    """A network to draw. `values` are numbers by the names of its blocks, to be painted on it.

    Such a name is "stages.0.2", for a dense layer also "stages.0.0.layers.3".
    """

    plan: Plan
    name: str
    side: int | None = None
    """Of the images in pixels; what the network is usually quoted for, if not given."""
    values: Mapping[str, float] | None = None
    note: str | None = None
    """A line below the name, in the language of the drawing."""

    @property
    def size(self) -> Size:
        """Height and width of the images."""
        side = self.side or self.plan.usual_side
        return (side, side)


@dataclass(frozen=True)
class DrawnSegment:
    """A segment's marks, from y = 0 to `height`."""

    marks: Html
    height: float


def width_of(network: NetworkToDraw) -> float:
    """How broad a column of this network is, with its margins."""
    connections = set(map(connection, network.plan.blocks))
    if "concatenation" in connections:
        return BAND + 44
    return RIGHT + (66 if network.values else 20) if connections == {"none"} else ARC + 70


def draw_column(network: NetworkToDraw, scale: Scale | None, *, unfold: bool) -> list[DrawnSegment]:
    """Every segment of the network, from the image to the classifier."""
    values = network.values or {}

    def paint(name: str) -> Paint | None:
        # A dense layer shows its block's value where it has none of its own.
        value = values.get(name, values.get(name.partition(".layers.")[0]))
        return scale.paint(value) if scale else None

    most = max(block.out_channels for block in network.plan.blocks)
    parts = segments(network.plan, network.size, unfold=unfold)
    return [_segment(part, Pen(paint), width_of(network), most) for part in parts]


def _segment(segment: Segment, pen: Pen, width: float, most: int) -> DrawnSegment:
    pen.y = 0.0
    if segment.stage is not None:
        _caption(pen, segment)
    dense_layers = [piece for piece in segment.pieces if isinstance(piece, DenseLayers)]
    if dense_layers:
        draw_dense_block(pen, dense_layers, most)
    for piece in segment.pieces:
        if isinstance(piece, ShortcutBlock):
            draw_block(pen, piece)
        elif isinstance(piece, LayerSequence):
            _sequence(pen, piece)
    if segment.stage is None:
        return DrawnSegment(shape("g", pen.marks), pen.y)
    pen.line(5)
    ground = shape("rect", x=_MARGIN, y=0, width=width - 2 * _MARGIN, height=pen.y, rx=8, class_="ground")
    return DrawnSegment(shape("g", ground, pen.marks, class_=f"s{segment.stage % COLOURS}"), pen.y)


def _sequence(pen: Pen, sequence: LayerSequence) -> None:
    before: Shape | None = None
    for layer, after in zip(sequence.layers, sequence.shapes, strict=True):
        pen.arrow(LEAD)
        top = pen.y
        pen.box(layer, sequence.name)
        if after != before and layer.kind not in ("classifier", "dropout", "norm", "flatten", "linear"):
            pen.say(_LEFT, top + 15, written(after), "end soft")
        before = after


def _caption(pen: Pen, segment: Segment) -> None:
    lines = (
        (_("stage {n}").format(n=(segment.stage or 0) + 1), "name strong"),
        (written(segment.shape), ""),
        (_count(segment), "soft"),
    )
    for place, (text, class_) in enumerate(lines):
        pen.say(_MARGIN + 10, 22 + 15 * place, text, class_)


def _count(segment: Segment) -> str:
    dense = isinstance(segment.pieces[0], DenseLayers)
    if segment.blocks == 1:
        return _("1 layer") if dense else _("1 block")
    text = _("{n} layers") if dense else _("{n} blocks")
    return text.format(n=segment.blocks)


def written(shape_: Shape) -> str:
    """64 × 56 × 56, channels first; a vector is its length."""
    channels, height, width = shape_
    return f"{channels} × {height} × {width}" if height else str(channels)
