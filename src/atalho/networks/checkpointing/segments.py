"""Which neighbouring blocks are recomputed together, so that the least is held at any moment of the backward pass.

Large segments keep little between them but hold much while one is recomputed; small ones the other way round. Where
all blocks are alike the best segments have about the root of their number in blocks (Chen et al. 2016, section 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from atalho.blocks.block import Block


@dataclass(frozen=True)
class Cost:
    """Numbers per image, in units of the network's first feature map's area: what enters a block, and what it keeps."""

    entering: float
    inside: float
    alone: bool
    """Never in one segment with its neighbours."""


def relative_areas(blocks: Sequence[nn.Module]) -> list[float]:
    """The area of the features that enter each block as a share of the first one's."""
    areas, area = [], 1.0
    for block in blocks:
        areas.append(area)
        area /= int(block.stride) ** 2  # type: ignore[arg-type]
    return areas


def cost(block: nn.Module, area: float) -> Cost:
    """A convolution keeps what enters it, and the norm behind it what leaves it."""
    inside = 0.0
    for layer in block.modules():
        if isinstance(layer, nn.Conv2d):
            inside += (layer.in_channels + layer.out_channels) * area
        elif isinstance(layer, nn.Linear):
            inside += (layer.in_features + layer.out_features) * area
    return Cost(int(block.in_channels) * area, inside, not isinstance(block, Block))  # type: ignore[arg-type]


def segments(costs: Sequence[Cost]) -> list[tuple[int, int]]:
    """Consecutive blocks as segments (first, behind the last) with the least held at any moment."""
    low, high = 0.0, 2 * sum(cost.entering + cost.inside for cost in costs) + 1
    for _halving in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if segments_within(costs, middle) else (middle, high)
    return segments_within(costs, high) or []


def segments_within(costs: Sequence[Cost], limit: float) -> list[tuple[int, int]] | None:
    """Segments as large as `limit` allows, from the first on; None where a single block exceeds it.

    While a segment is recomputed, what entered it and those before it is held besides what it keeps itself.
    """
    segments: list[tuple[int, int]] = []
    kept = inside = 0.0
    for place, cost in enumerate(costs):
        alone = cost.alone or (place > 0 and costs[place - 1].alone)
        if not segments or alone or kept + inside + cost.inside > limit:
            kept += cost.entering
            inside = 0.0
            segments.append((place, place))
            if kept + cost.inside > limit and not cost.alone:
                return None
        inside += cost.inside
        segments[-1] = (segments[-1][0], place + 1)
    return segments
