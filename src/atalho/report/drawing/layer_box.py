"""One box of the drawing: a layer, as the article's figure writes it."""

from dataclasses import dataclass
from typing import Final, Literal

from atalho.text import N_, _
from atalho.text.numbers import number

Kind = Literal["conv", "linear", "max-pool", "average-pool", "global-pool", "norm", "dropout", "classifier", "flatten"]
Beside = Literal["norm", "relu"]
_LABELS: Final[dict[Kind, str]] = {
    "conv": N_("{side} conv, {channels}"),
    "linear": N_("linear, {channels}"),
    "max-pool": N_("{side} max pool"),
    "average-pool": N_("{side} average pool"),
    "global-pool": N_("average pooling"),
    "norm": N_("batch norm, ReLU"),
    "dropout": N_("dropout {share}"),
    "flatten": N_("flatten, {channels}"),
    "classifier": N_("classifier, {channels}"),
}
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
        label, side = _LABELS[self.kind], f"{self.kernel}×{self.kernel}"
        text = _(label).format(side=side, channels=self.channels, share=number(self.share, 2))
        return text + (f", /{self.stride}" if self.stride > 1 else "")

    def size_after(self, size: Size) -> Size:
        """The sides that leave the layer, for those that enter it."""
        if self.kind in ("global-pool", "linear", "flatten"):
            return (0, 0)
        if self.kind == "average-pool":
            return (size[0] // self.stride, size[1] // self.stride)
        return (-(-size[0] // self.stride), -(-size[1] // self.stride))
