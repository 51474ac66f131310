"""What `lab depth` measures."""

from dataclasses import dataclass
from typing import Literal

from atalho.blocks.kinds import ShortcutKind
from atalho.lab.shared.cells import Grows
from atalho.lab.shared.curves import Errors
from atalho.lab.shared.training import Trained
from atalho.stored import Flat


@dataclass(frozen=True)
class DepthSettings:
    """How the networks were trained."""

    experiment: Literal["depth"]
    """The experiment."""
    family: str
    """Which blocks: `resnet`, `preact` or `mlp`."""
    training: Flat[Trained]
    """The images and the recipe."""
    depths: Grows[tuple[int, ...]]
    """Numbers of layers."""
    shortcuts: Grows[tuple[ShortcutKind, ...]]
    """Kinds of shortcuts; `none` is the control."""


@dataclass(frozen=True)
class DepthSeries:
    """One network over the seeds that are finished."""

    name: str
    """Such as `plain56`."""
    depth: int
    """Its layers."""
    shortcut: ShortcutKind
    """Its kind of shortcut."""
    parameters: int
    """How many it has."""
    multiply_adds: int
    """Multiply–adds for an image."""
    seeds: tuple[int, ...]
    """The seeds that it was trained from."""
    errors: Flat[Errors]
    """What it got wrong."""


@dataclass(frozen=True)
class DepthMeasured:
    """Every network with at least one finished seed."""

    series: tuple[DepthSeries, ...]
    """By depth, and by kind of shortcut."""
    test_images: int
    """How many the test errors were measured on."""
