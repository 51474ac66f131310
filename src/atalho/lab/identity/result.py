"""What `lab identity` measures."""

from dataclasses import dataclass
from typing import Literal

Case = Literal["zeroed", "convolutions", "shift", "statistics", "no-shortcut", "not-negative", "negative", "projection"]
Mode = Literal["eval", "train"]
Kind = Literal["random", "real"]


@dataclass(frozen=True)
class IdentitySettings:
    """Which blocks of which network became zero."""

    model: str
    """The network."""
    weights: str
    """SHA-256 of its weights, or `new`."""
    blocks: tuple[str, ...]
    """The blocks that became zero."""
    images: int
    """How many random images, and as many real ones."""
    seed: int
    """Of everything random."""
    side: int
    """Side of the images in pixels."""
    data: str
    """Where the real images come from."""
    design: str
    """That of the blocks: `basic`, `bottleneck`, … or `linear`."""
    convolutions: int
    """Convolutions (or linear layers) in those blocks."""
    precision: Literal["bf16"] | None = None
    """Number type of the layers; absent: fp32."""


@dataclass(frozen=True)
class IdentityRow:
    """One comparison of outputs."""

    cell: str
    """Case, mode and images as one word."""
    case: Case
    """What was zeroed, and what was taken away of what must hold."""
    mode: Mode
    """`eval` or `train`."""
    images: Kind
    """`random` or `real`."""
    difference: float
    """The largest difference of the outputs."""
    largest_output: float
    """The largest output of the network that it is compared with."""


@dataclass(frozen=True)
class IdentityMeasured:
    """Every comparison."""

    largest_difference: float
    """Over the rows whose case is `zeroed`."""
    rows: tuple[IdentityRow, ...]
    """In the order in which they were measured."""
