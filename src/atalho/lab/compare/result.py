"""What `lab compare` measures."""

from dataclasses import dataclass
from typing import Literal

from atalho.lab.shared.cells import Grows
from atalho.lab.shared.curves import Errors
from atalho.lab.shared.training import Trained
from atalho.networks.spec import Spec
from atalho.stored import Flat

Equal = Literal["params", "operations", "time"]
Kind = Literal["dense", "residual", "plain"]


@dataclass(frozen=True)
class CompareSettings:
    """What was made equal, and how the networks were trained."""

    experiment: Literal["compare"]
    """The experiment."""
    equal: Equal
    """What is equalised between the networks."""
    training: Flat[Trained]
    """The images and the recipe; `epochs` are those of the slowest network."""
    specs: dict[str, Spec]
    """Each network as it was trained, by the name that it comes from."""
    models: Grows[tuple[str, ...]]
    """The names in the order asked for."""


@dataclass(frozen=True)
class CompareSeries:
    """One network over the seeds that are finished."""

    name: str
    """Its name in the catalogue."""
    kind: Kind
    """Whether it concatenates, adds or does neither."""
    spec: Spec
    """As it was trained."""
    epochs: int
    """Passes over the training images."""
    parameters: int
    """How many it has."""
    multiply_adds: int
    """Multiply–adds for an image."""
    step_seconds: float | None
    """The median time of a training step, where the time was made equal."""
    seeds: tuple[int, ...]
    """The seeds that it was trained from."""
    errors: Flat[Errors]
    """What it got wrong."""


@dataclass(frozen=True)
class CompareMeasured:
    """Every network with at least one finished seed."""

    series: tuple[CompareSeries, ...]
    """In the order asked for."""
    test_images: int
    """How many the test errors were measured on."""
