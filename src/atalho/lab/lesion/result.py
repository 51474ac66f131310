"""What `lab lesion` measures."""

import math
from dataclasses import dataclass
from typing import Literal

from atalho.lab.shared.subset import MeasuredOn
from atalho.lab.shared.trained import Compared
from atalho.lab.shared.verdict import Interval
from atalho.networks.spec import Spec
from atalho.stored import Flat

Kind = Literal["whole", "remove", "silence", "random", "swap"]


@dataclass(frozen=True)
class LesionSettings:
    """What was cut, and on which images it was measured."""

    experiment: Literal["lesion"]
    """The experiment."""
    measured_on: Flat[MeasuredOn]
    """Networks and images."""
    draws: int
    """Random choices for each number of blocks."""
    seed: int
    """Of the images and of the random choices."""
    compared: Flat[Compared]
    """In what the networks differ."""


@dataclass(frozen=True)
class Lesion:
    """One lesion of a network, and what it is still right about."""

    kind: Kind
    """`whole`, `remove`, `silence` or `swap`."""
    names: tuple[str, ...]
    """The blocks that it is about."""
    accuracy: float
    """Share of the images that the network gets right with it."""
    interval: tuple[float, float]
    """Wilson's 95% interval."""


@dataclass(frozen=True)
class RandomLesions:
    """So many blocks removed at random."""

    count: int
    """How many blocks."""
    values: tuple[float, ...]
    """The accuracy of each draw."""
    interval: tuple[float, float] | None
    """Student's 95% interval over the draws; null with one draw."""


@dataclass(frozen=True)
class LesionSeries:
    """One network."""

    name: str
    """That of its run."""
    spec: Spec
    """The network."""
    blocks: tuple[str, ...]
    """The names of the blocks, from the first."""
    shortcuts: bool
    """Whether it has any."""
    whole: Lesion | None
    """Without a lesion; null while that is not measured."""
    rows: tuple[Lesion, ...]
    """One block or swap at a time."""
    random: tuple[RandomLesions, ...]
    """By number of blocks."""
    median_drop: Interval | None = None
    """The accuracy lost without one block, median over the blocks that can be removed; absent while not measured."""
    median_swap: Interval | None = None
    """The accuracy lost by one swap, median over the swaps; absent where there are none."""
    median_lost: Interval | None = None
    """`median_drop` as a share of the accuracy above chance; absent for a network that is not above it."""

    @property
    def accuracy(self) -> float:
        """Without a lesion; not a number while that is not measured."""
        return math.nan if self.whole is None else self.whole.accuracy

    def singles(self) -> list[Lesion]:
        """The rows of single blocks, in the order of the network."""
        rows = [row for row in self.rows if row.kind in ("remove", "silence")]
        return sorted(rows, key=lambda row: [int(part) for part in row.names[0].split(".") if part.isdigit()])

    def swaps(self) -> list[Lesion]:
        """The rows of neighbours that changed places."""
        return [row for row in self.rows if row.kind == "swap"]


@dataclass(frozen=True)
class LesionMeasured:
    """Every network."""

    series: tuple[LesionSeries, ...]
    """In the order asked for."""
    chance: float
    """The accuracy of an answer that is always the most frequent class."""
    side: int
    """Side of the images in pixels."""
