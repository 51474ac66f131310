"""What `lab cost` measures."""

from dataclasses import dataclass

from atalho.lab.shared.cells import Grows


@dataclass(frozen=True)
class CostSettings:
    """How the networks were measured."""

    models: tuple[str, ...]
    """Their names, in the order asked for."""
    kinds: dict[str, str]
    """What each one is: `residual`, `plain`, `dense`, or `other` where Atalho does not build it."""
    side: int
    """Side of the images in pixels."""
    batch: int
    """Images per step."""
    precision: str
    """Device and number type."""
    threads: int
    """Threads of PyTorch."""
    rounds: Grows[int]
    """How often the times were to be measured."""


@dataclass(frozen=True)
class Count:
    """A number that is counted, as a median without spread."""

    median: int
    """The number."""
    low: int
    """The number."""
    high: int
    """The number."""


@dataclass(frozen=True)
class Time:
    """A median over rounds, in seconds for an image."""

    median: float
    """The median."""
    low: float | None
    """The lower end of its 95% interval; null with fewer than six rounds."""
    high: float | None
    """The upper end."""
    values: tuple[float, ...]
    """One for each round."""


@dataclass(frozen=True)
class Costs:
    """What one network costs; null for what is not measured yet."""

    parameters: Count | None
    """How many it has."""
    multiply_adds: Count | None
    """Multiply–adds of the forward pass, for an image."""
    activation_bytes: Count | None
    """Bytes kept for the backward pass in fp32, for an image."""
    training_seconds: Time | None
    """A training step."""
    inference_seconds: Time | None
    """Inference."""


@dataclass(frozen=True)
class CostMeasured:
    """Every network."""

    models: dict[str, Costs]
    """By name."""
