"""One box of the drawing: a layer, as the article's figure writes it."""

from dataclasses import dataclass
from typing import Literal

from atalho.text import _
from atalho.text.numbers import number

Kind = Literal["conv", "linear", "max-pool", "average-pool", "global-pool", "norm", "dropout", "classifier", "flatten"]
Beside = Literal["norm", "relu"]
Size = tuple[int, int]
"""Height and width in pixels; (0, 0) where the image has become a vector."""


@dataclass(frozen=True)
class LayerBox:
    """`kernel` is the side of what slides over the image; `before` and `after` are the norm and ReLU around it."""

    kind: Kind
    channels: int = 0
    kernel: int = 0
    stride: int = 1
    before: tuple[Beside, ...] = ()
    after: tuple[Beside, ...] = ()
    narrow: bool = False
    """Drawn narrower: the middle of a bottleneck."""
    share: float = 0.0
    """Of what a dropout leaves out."""

    def label(self) -> str:
        """What stands in the box: 3×3 conv, 64, /2."""
        half = f", /{self.stride}" if self.stride > 1 else ""
        side = f"{self.kernel}×{self.kernel}"
        match self.kind:
            case "conv":
                return _("{side} conv, {channels}").format(side=side, channels=self.channels) + half
            case "linear":
                return _("linear, {channels}").format(channels=self.channels)
            case "max-pool":
                return _("{side} max pool").format(side=side) + half
            case "average-pool":
                return _("{side} average pool").format(side=side) + half
            case "global-pool":
                return _("average pooling")
            case "norm":
                return _("batch norm, ReLU")
            case "dropout":
                return _("dropout {share}").format(share=number(self.share, 2))
            case "flatten":
                return _("flatten, {channels}").format(channels=self.channels)
            case "classifier":
                return _("classifier, {channels}").format(channels=self.channels)

    def size_after(self, size: Size) -> Size:
        """The sides that leave the layer, for those that enter it."""
        if self.kind in ("global-pool", "linear", "flatten"):
            return (0, 0)
        if self.kind == "average-pool":
            return (size[0] // self.stride, size[1] // self.stride)
        return (-(-size[0] // self.stride), -(-size[1] // self.stride))
