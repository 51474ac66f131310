"""What `lab gradients` measures."""

from dataclasses import dataclass
from typing import Literal

from atalho.lab.shared.cells import Grows
from atalho.lab.shared.subset import MeasuredOn
from atalho.lab.shared.trained import Compared
from atalho.lab.shared.training import Trained
from atalho.lab.shared.verdict import Interval, Sample
from atalho.networks.spec import Spec
from atalho.stored import Flat


@dataclass(frozen=True, kw_only=True)
class GradientsSettings:
    """What was measured: a network of the catalogue (`recipe` and `model`), or runs (the keys of `MeasuredOn`)."""

    experiment: Literal["gradients"]
    """The experiment."""
    batch: int
    """Training images that are measured together."""
    recipe: Trained | None = None
    """How a network of the catalogue was trained; absent for runs."""
    model: str | None = None
    """The network of the catalogue; absent for runs."""
    measured_on: Flat[MeasuredOn | None] = None
    """Runs and images; absent for a network of the catalogue."""
    seeds: Grows[int]
    """How many beginnings were measured."""
    compared: Flat[Compared]
    """In what the networks differ."""


@dataclass(frozen=True)
class Paths:
    """The gradient by how many residual branches its path takes."""

    shares: tuple[float, ...]
    """The share of paths through 0, 1, 2, … branches."""
    middle: tuple[int, int]
    """Between which lengths 95% of the gradient comes."""


@dataclass(frozen=True)
class Moment:
    """One network at one moment, over seeds or, where it is trained already, over batches of images."""

    looks: int
    """How many seeds or batches."""
    blocks: tuple[str, ...]
    """The names of the blocks, from the first."""
    entering: tuple[Interval, ...]
    """The norm of the gradient by what enters each block."""
    relative: tuple[Interval, ...]
    """The same, divided by that at the last block."""
    weights: tuple[Interval, ...]
    """The norm of the gradient by each block's weights."""
    ratio: Sample
    """The first block's `entering`, divided by the last one's."""
    ratio_weights: Sample
    """The same of the weights."""
    factors: tuple[float, ...]
    """`ratio` or its inverse, whichever is larger: 1 where the gradient is even."""
    neighbours: tuple[float, ...]
    """The cosine between the gradients of neighbouring inputs."""
    neighbour: Interval
    """Its mean."""
    cosines: tuple[Interval, ...]
    """The cosine at every distance between one image and another."""
    paths: Paths | None
    """Null for a network that has only one path."""


@dataclass(frozen=True)
class GradientsSeries:
    """One network."""

    name: str
    """Its name in the catalogue or that of its run."""
    spec: Spec
    """The network."""
    shortcuts: bool
    """Whether it has any."""
    moments: dict[str, Moment]
    """`start`, then `epoch1`, `epoch2`, … or, of a run, `trained`."""


@dataclass(frozen=True)
class GradientsMeasured:
    """Every network."""

    series: tuple[GradientsSeries, ...]
    """The network, and its twin."""
    side: int
    """Side of the images in pixels."""
