"""The marks that every family uses: lines, arrows, boxes and sums, and where a column has them."""

from collections.abc import Callable, Sequence
from typing import Final

from atalho.report.drawing.scale import Paint
from atalho.report.drawing.segments import LayerBox
from atalho.report.drawing.svg import path, shape, words
from atalho.report.markup import Html
from atalho.text.numbers import significant

BOX: Final = 136.0
NARROW: Final = 112.0
HEIGHT: Final = 22.0
GAP: Final = 9.0
"""Between two boxes of a block."""
LEAD: Final = 12.0
"""From where a path leaves the line to the first box; and from the last box to the sum."""
CENTRE: Final = 184.0
RIGHT: Final = CENTRE + BOX / 2
ARC: Final = RIGHT + 21
"""Where shortcuts run."""
ROUND: Final = 11.0
NODE: Final = 6.5
"""The radius of the sum."""
CARD: Final = 4.0
"""From one card of a stack to the next."""
BAR: Final = 2.5
"""The height of a norm or a ReLU."""


class Pen:
    """Draws from top to bottom into `marks`; `y` is where the line has come to. `paint` colours by a block's name."""

    def __init__(self, paint: Callable[[str], Paint | None]) -> None:
        self.paint = paint
        self.marks: list[Html] = []
        self.y = 0.0

    def line(self, length: float) -> None:
        """Further down."""
        self.marks.append(path("M", (CENTRE, self.y), "v", length, class_="flow"))
        self.y += length

    def arrow(self, length: float) -> None:
        """Further down, into what comes next."""
        self.line(length)
        self.head(CENTRE, self.y, "down")

    def head(self, x: float, y: float, towards: str, class_: str = "tip") -> None:
        """The tip of an arrow at (x, y)."""
        side, back = 3.0, 5.0 if towards != "right" else -5.0
        corners = ((x - side, y - back), (x + side, y - back)) if towards == "down" else (
            (x + back, y - side), (x + back, y + side))  # fmt: skip
        self.marks.append(path("M", corners[0], "L", (x, y), "L", corners[1], "z", class_=class_))

    def box(self, layer: LayerBox, name: str) -> None:
        """A layer with its norm and ReLU as bars along its edge; the line goes on below it."""
        paint = self.paint(name)
        fill, ink = (paint.fill, paint.ink) if paint else (None, None)
        width = NARROW if layer.narrow else BOX
        left, top = CENTRE - width / 2, self.y
        self.marks.append(shape("rect", x=left, y=top, width=width, height=HEIGHT, rx=4, class_="box", style=fill))
        self.bars(layer, left, top, width)
        middle = top + HEIGHT / 2 + 4 + BAR * (len(layer.before) - len(layer.after)) / 2
        text = layer.label()
        self.marks.append(words(CENTRE, middle, text, class_="in", style=ink))
        self.y += HEIGHT

    def bars(self, layer: LayerBox, left: float, top: float, width: float) -> None:
        """Norm and ReLU, in their order: above the words what comes before the layer, below them what follows."""
        places = [(kind, top + 1.5 + i * BAR) for i, kind in enumerate(layer.before)]
        start = top + HEIGHT - 1.5 - BAR * len(layer.after)
        places += [(kind, start + i * BAR) for i, kind in enumerate(layer.after)]
        for kind, y in places:
            self.marks.append(shape("rect", x=left + 5, y=y, width=width - 10, height=BAR, class_=kind))

    def sum(self) -> None:
        """⊕: the residual branch and the shortcut meet."""
        y = self.y + NODE
        self.marks.append(shape("circle", cx=CENTRE, cy=y, r=NODE, class_="node"))
        self.marks.append(path("M", (CENTRE - 3.5, y), "h", 7, "M", (CENTRE, y - 3.5), "v", 7, class_="plus"))
        self.y += 2 * NODE

    def relu(self) -> None:
        """A ReLU that stands on the line by itself."""
        self.marks.append(shape("rect", x=CENTRE - 13, y=self.y, width=26, height=BAR + 0.5, class_="relu"))
        self.y += BAR + 0.5

    def value(self, name: str, x: float, y: float, class_: str = "value") -> None:
        """The number that a block's colour stands for, where it has one."""
        if paint := self.paint(name):
            self.say(x, y, significant(paint.value), class_)

    def stack(self, names: Sequence[str], height: float, text: str) -> None:
        """Many blocks as cards behind each other; with values, a stripe of colour for each."""
        left, top = CENTRE - BOX / 2 - CARD, self.y
        for shift in (2 * CARD, CARD, 0.0):
            corner = {"x": left + shift, "y": top + 2 * CARD - shift}
            self.marks.append(shape("rect", **corner, width=BOX, height=height - 2 * CARD, rx=4, class_="box"))
        lift = 5 if self.stripes(names, left, top + height, BOX) else 0
        self.say(CENTRE - CARD, top + height / 2 + 2 * CARD - lift, text, "in strong")
        self.y += height

    def stripes(self, names: Sequence[str], left: float, bottom: float, width: float) -> bool:
        """The colour of each of many blocks along the foot of their stack; False where they have none."""
        paints = [self.paint(name) for name in names]
        each, height = width / len(paints), 11.0
        for place, paint in enumerate(paints):
            if paint:
                self.marks.append(
                    shape("rect", x=left + place * each, y=bottom - height, width=each, height=height, style=paint.fill)
                )
        return any(paints)

    def say(self, x: float, y: float, text: str, class_: str) -> None:
        """Words beside the line."""
        self.marks.append(words(x, y, text, class_=class_))
