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
class Cost:
    """A median over rounds, in seconds for an image; or a number that is counted, without spread."""

    median: float
    """The median, or the number."""
    low: float | None
    """The lower end of its 95% interval; null with fewer than six rounds."""
    high: float | None
    """The upper end."""
    values: tuple[float, ...] | None = None
    """One for each round; absent where it is counted."""

    @property
    def ends(self) -> tuple[float, float] | None:
        """Both ends, where it spreads."""
        return None if self.low is None or self.high is None or self.low == self.high else (self.low, self.high)


@dataclass(frozen=True)
class Costs:
    """What one network costs; null for what is not measured yet."""

    parameters: Cost | None
    """How many it has."""
    multiply_adds: Cost | None
    """Multiply–adds of the forward pass, for an image."""
    activation_bytes: Cost | None
    """Bytes kept for the backward pass in fp32, for an image."""
    training_seconds: Cost | None
    """A training step."""
    inference_seconds: Cost | None
    """Inference."""


@dataclass(frozen=True)
class CostMeasured:
    """Every network."""

    models: dict[str, Costs]
    """By name."""
