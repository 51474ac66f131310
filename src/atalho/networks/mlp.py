"""Residual networks of linear layers: one in numbers, the named ones, and which blocks follow. No torch here."""

from dataclasses import replace
from typing import Final, Literal

from pydantic.dataclasses import dataclass

from atalho.networks.family import STRICT, Count, Counts, FamilySpec, check_blocks
from atalho.networks.plan import LinearPlan, Plan, StemPlan


@dataclass(frozen=True, kw_only=True, config=STRICT)
class MLPSpec(FamilySpec):
    """A residual network of linear layers on the pixels."""

    family: Literal["mlp"] = "mlp"
    blocks: Counts
    """Blocks per stage."""
    widths: Counts
    """Features that leave each stage."""
    side: Count = 32
    """Side in pixels that every image is averaged (or repeated) to before the first layer."""
    shortcut: Literal["projection", "identity", "none"] = "projection"

    def __post_init__(self) -> None:
        check_blocks(self.blocks, self.widths)

    def plan(self) -> Plan:
        """Every block; the stem already has the first stage's width."""
        blocks = []
        before = self.widths[0]
        for stage, (count, width) in enumerate(zip(self.blocks, self.widths, strict=True)):
            for index in range(count):
                blocks.append(LinearPlan(stage, index, before, width, self.shortcut))
                before = width
        return self._planned(StemPlan("pixels", self.in_channels, self.widths[0], self.side), blocks, "vector")


# Linear layers → blocks, all of one width: 2 per block, one before and one after.
_BLOCKS: Final = {6: 2, 10: 4, 18: 8, 34: 16}
_WIDTH: Final = 256


def rows() -> dict[str, MLPSpec]:
    """The named networks of the family."""
    residual = {f"mlp{depth}": mlp(blocks) for depth, blocks in _BLOCKS.items()}
    return residual | {f"plain{name}": replace(row, shortcut="none") for name, row in residual.items()}


def mlp(blocks: int) -> MLPSpec:
    """The residual network of so many blocks of linear layers, all of one width."""
    return MLPSpec(blocks=(blocks,), widths=(_WIDTH,), classes=10)
