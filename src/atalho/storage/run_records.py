"""What the files of a run hold, as values: read also where an older version wrote them, written as ever.

A value that is None has no key in its file, and an older file may lack it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from atalho.json_values import JsonObject

if TYPE_CHECKING:
    from atalho.data.preprocessing import Preprocessing
    from atalho.networks.spec import Spec


class _Record:
    """A frozen dataclass that a file holds."""

    FILE: ClassVar[str]
    """The file's name in the folder of a run."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The record of a file; keys that it does not know are left out. Raises ValueError for anything else."""
        from atalho.validation import checked  # here, as a help text must not wait for it

        return checked(cls, values)

    def to_dict(self) -> JsonObject:
        """What the file holds."""
        return {name: value for name, value in asdict(self).items() if value is not None}  # type: ignore[call-overload]


@dataclass(frozen=True)
class Fingerprint:
    """What must be equal for a resumed run to end with byte-identical weights."""

    torch: str | None = None
    threads: int | None = None
    precision: str | None = None
    instructions: str | None = None
    processor: str | None = None
    ranks: int = 1

    def differences(self, other: Fingerprint) -> list[str]:
        """The names of the values that `other` has otherwise; why a precision was chosen decides nothing."""
        here, there = (replace(one, precision=one.precision and one.precision.split(" (")[0]) for one in (self, other))
        return [field.name for field in fields(self) if getattr(here, field.name) != getattr(there, field.name)]


@dataclass(frozen=True)
class Cost:
    """Parameters of a network, and its multiply-adds for one image."""

    parameters: int | None = None
    multiply_adds: int | None = None


@dataclass(frozen=True)
class Lengthened:
    """A run got another length: from `step` on its schedule is one of `epochs`; until then it was of `before` steps.

    `epoch` is the one that begins at `step`, where the one before it had ended early; otherwise None.
    """

    when: str
    step: int
    epochs: int
    before: int
    epoch: int | None = None


@dataclass(frozen=True)
class Provenance(_Record):
    """Where a result came from. `config` is the SHA-256 of run.toml; `asked` a hash of the settings asked for.

    `start` says of which model the weights were that training began with, and whether its head was kept; `longer` how
    the run was trained longer than run.toml says.
    """

    FILE = "provenance.json"
    atalho: str | None = None
    command: str | None = None
    seed: int | None = None
    precision: str | None = None
    threads: int | None = None
    versions: Mapping[str, str] | None = None
    machine: Mapping[str, str | int | float | None] | None = None
    started: str | None = None
    fingerprint: Fingerprint | None = None
    config: str | None = None
    asked: str | None = None
    start: Mapping[str, str] | None = None
    longer: tuple[Lengthened, ...] | None = None
    finished: str | None = None
    cost: Cost | None = None


@dataclass(frozen=True)
class EpochTime:
    """How long an epoch took, with its evaluation."""

    epoch: int
    seconds: float
    images_per_second: float


@dataclass(frozen=True)
class EpochInProgress:
    """What the epoch in progress had taken at the last checkpoint."""

    seconds: float = 0.0
    images: int = 0


@dataclass(frozen=True)
class TrainingTime(_Record):
    """How long training took in all, and epoch by epoch."""

    FILE = "timing.json"
    seconds: float = 0.0
    images_per_second: float | None = None
    epochs: tuple[EpochTime, ...] = ()
    unfinished: EpochInProgress = EpochInProgress()


@dataclass(frozen=True)
class StepRow:
    """A step in the metrics log."""

    kind: Literal["step"]
    step: int
    epoch: int
    lr: float
    loss: float


@dataclass(frozen=True)
class EpochRow:
    """An epoch in the metrics log; of the values on validation images those that its task measures."""

    kind: Literal["epoch"]
    epoch: int
    step: int
    train_loss: float | None = None
    train_top1: float | None = None
    val_loss: float | None = None
    val_top1: float | None = None
    val_rank1: float | None = None
    val_map: float | None = None
    learning_rate: float | None = None


@dataclass(frozen=True)
class RunNetwork(_Record):
    """What a run trains, and how its images are prepared, as decided when it began."""

    FILE = "network.json"
    spec: Spec
    preprocessing: Preprocessing

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The record of a file. Raises ConfigError for a network that cannot be, KeyError where a part is missing."""
        from atalho.data.preprocessing import Preprocessing
        from atalho.networks import spec as specs
        from atalho.validation import checked

        prepared = checked(Preprocessing, values["preprocessing"])
        return cls(specs.from_dict(values["spec"]), prepared)

    def to_dict(self) -> JsonObject:
        """What the file holds."""
        from pydantic import TypeAdapter

        from atalho.networks import spec as specs

        prepared = TypeAdapter(type(self.preprocessing)).dump_python(self.preprocessing, mode="json")
        return {"spec": specs.to_dict(self.spec), "preprocessing": prepared}
