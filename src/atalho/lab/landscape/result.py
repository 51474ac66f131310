"""What `lab landscape` measures."""

from dataclasses import dataclass
from typing import Literal

from atalho.inspection.landscape import Norms
from atalho.lab.shared.cells import Grows
from atalho.lab.shared.subset import MeasuredOn
from atalho.lab.shared.trained import Compared
from atalho.lab.shared.verdict import Sample
from atalho.stored import Flat

Row = tuple[float | None, ...]


@dataclass(frozen=True)
class LandscapeSettings:
    """Where the loss was measured, and on which images."""

    experiment: Literal["landscape"]
    """The experiment."""
    measured_on: Flat[MeasuredOn]
    """Networks and images."""
    points: int
    """Points on each line and on each side of the plane."""
    reach: float
    """The longest step, as a share of the weights."""
    norms: Norms
    """Statistics of batch norm: `recomputed` from the images at every point, or `kept`."""
    seed: int
    """Of the images and of the directions."""
    lines: Grows[int]
    """Random lines."""
    compared: Flat[Compared]
    """In what the networks differ."""


@dataclass(frozen=True)
class Line:
    """One random line, point by point."""

    loss: Row
    """Null where it is not finite."""
    error: Row
    """Share of the images that the network gets wrong."""


@dataclass(frozen=True)
class Centre:
    """The network as it is."""

    loss: float | None
    """On the images measured on."""
    error: float | None
    """Share of the images that it gets wrong."""


@dataclass(frozen=True)
class LandscapeSeries:
    """One network; null for what is not measured yet."""

    name: str
    """That of its run."""
    shortcuts: bool
    """Whether it has any."""
    lines: tuple[Line, ...]
    """Those that are measured."""
    loss: tuple[Row | None, ...]
    """The plane, row by row."""
    error: tuple[Row | None, ...]
    """The same of the error."""
    centre: Centre | None
    """At the trained weights."""
    radius: Sample | None
    """The step at which the loss is halfway to that of a guess, over the lines; null where it is not below a guess."""
    falling: Sample | None
    """The share of the steps outward on which the loss falls, over the lines."""


@dataclass(frozen=True)
class LandscapeMeasured:
    """Every network."""

    series: tuple[LandscapeSeries, ...]
    """In the order asked for."""
    steps: tuple[float, ...]
    """The places of the points on a line."""
    chance: float
    """The loss of a guess."""
