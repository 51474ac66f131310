"""The folder of a run: the one list of its files, and what they hold."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, Self, TypeVar, cast

from atalho import limits
from atalho.config import Config, TaskName
from atalho.errors import RunError
from atalho.json_values import JsonObject
from atalho.storage import atomic, log
from atalho.storage.run_records import Cost, EpochRow, Provenance, RunNetwork, StepRow, TrainingTime
from atalho.text import Text

if TYPE_CHECKING:
    from atalho.data.manifest_record import ManifestRecord

CONFIG: Final = "run.toml"
"""The file that makes a folder a run: the last that is written when one begins."""
NETWORK: Final = RunNetwork.FILE
MANIFEST: Final = "manifest.json"
PROVENANCE: Final = Provenance.FILE
TRAINED_ON: Final = "trained_on.bin"
"""The images trained on, as `storage.trained_images` has them; a model folder holds it too."""
FIRST: Final = (NETWORK, MANIFEST, PROVENANCE, TRAINED_ON)
"""The files that are written, in this order, before there is a run."""
LOG: Final = "metrics.jsonl"
CHECKPOINTS: Final = "checkpoints"
MODEL: Final = "model"
"""The folder of the trained model, as `storage.model_folder` has it."""
EVALUATION: Final = "evaluation.json"
VERIFICATION: Final = "verification.json"
FIGURES: Final = "figures"
REPORT: Final = "report.html"
FILES: Final = (*FIRST, CONFIG, TrainingTime.FILE, MODEL, EVALUATION, VERIFICATION, REPORT)
"""Everything that is written whole, and so may be left under a temporary name."""
_GROWING: Final = (MANIFEST, EVALUATION, VERIFICATION, TrainingTime.FILE)
"""What grows with the images, the classes or the epochs."""


class Record(Protocol):
    """A value that has a file of its own in the folder of a run."""

    FILE: ClassVar[str]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The value of a file. Raises ValueError or KeyError for anything else."""

    def to_dict(self) -> JsonObject:
        """What the file holds."""


R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class RunFolder:
    """What a run has written, parsed when it is asked for; what is not there yet is None or empty."""

    path: Path

    @classmethod
    def open(cls, path: Path | str) -> RunFolder:
        """The run at `path`. Raises RunError where there is none."""
        if not is_run(path):
            raise RunError(
                "{path} is not a run folder: {name} is missing. Give a folder written by atalho train.",
                path=path,
                name=CONFIG,
            )
        return cls(Path(path))

    @cached_property
    def configuration(self) -> str:
        """run.toml as it is. Raises RunError, as every property does, where the file is damaged."""
        with self._reading():
            return limits.read_text(self.path / CONFIG, limits.SETTINGS)

    @cached_property
    def settings(self) -> JsonObject:
        """run.toml, parsed and not validated: a page shows also what this version would refuse."""
        with self._reading():
            return tomllib.loads(self.configuration)

    @cached_property
    def _rows(self) -> list[StepRow | EpochRow]:
        from atalho.validation import checked  # here, as a help text must not wait for it

        with self._reading():
            plain = log.read(self.path / LOG) if (self.path / LOG).is_file() else []
            return checked(list[StepRow | EpochRow], plain)

    @property
    def steps(self) -> list[StepRow]:
        """The steps in metrics.jsonl."""
        return [row for row in self._rows if isinstance(row, StepRow)]

    @property
    def epochs(self) -> list[EpochRow]:
        """The finished epochs in metrics.jsonl."""
        return [row for row in self._rows if isinstance(row, EpochRow)]

    @cached_property
    def manifest(self) -> ManifestRecord | None:
        """The images as they were when the run started, and what happened to them since."""
        from atalho.data.manifest_record import ManifestRecord

        return self._found(ManifestRecord)

    @cached_property
    def timing(self) -> TrainingTime | None:
        """How long training took."""
        return self._found(TrainingTime)

    @cached_property
    def evaluation(self) -> JsonObject | None:
        """What was measured at the end."""
        return self._object(EVALUATION) if (self.path / EVALUATION).is_file() else None

    @cached_property
    def provenance(self) -> Provenance | None:
        """Command, versions and machine."""
        return self._found(Provenance)

    @cached_property
    def network(self) -> RunNetwork | None:
        """The network's specification and how its images are prepared."""
        return self._found(RunNetwork)

    @cached_property
    def verification(self) -> JsonObject | None:
        """The threshold and the errors around it."""
        return self._object(VERIFICATION) if (self.path / VERIFICATION).is_file() else None

    @property
    def model(self) -> str:
        """What the network is called: as it was asked for, otherwise as the catalogue has it, or by its depth."""
        from atalho.networks.select import name_of

        name = self._setting("model", "name") or self.path.name
        return name_of(self.network.spec) if name == "auto" and self.network is not None else name

    @property
    def task(self) -> TaskName:
        """What the network was trained to do."""
        return cast(TaskName, self.settings.get("task", Config.task))

    @property
    def data(self) -> str:
        """The last part of the data's path, for a title."""
        path = self._setting("data", "path")
        return Path(path).name or path

    @property
    def cost(self) -> Cost:
        """Parameters and multiply-adds for one image, where the run recorded them."""
        return (self.provenance and self.provenance.cost) or Cost()

    def read(self, kind: type[R]) -> R:
        """One of the run's files, as it is now. Raises RunError where it is missing or damaged."""
        content = self._object(kind.FILE)
        with self._reading():
            return kind.from_dict(content)

    def write(self, record: Record) -> None:
        """Replace the file of `record`, durably. Raises RunError where that cannot be written."""
        atomic.write_json(self.path / record.FILE, record.to_dict())

    def sweep(self) -> None:
        """Remove what interrupted writes left. Raises RunError where the figures lie behind a link."""
        atomic.sweep(self.path, *FILES)
        atomic.sweep(self.path / FIGURES, "*.png", root=self.path)

    def _found(self, kind: type[R]) -> R | None:
        return self.read(kind) if (self.path / kind.FILE).is_file() else None

    def _setting(self, section: str, name: str) -> str:
        values = self.settings.get(section)
        return str(values.get(name, "")) if isinstance(values, Mapping) else ""

    def json(self, name: str) -> Any:
        """One JSON file of the run, which must be there. Raises RunError where it is missing or damaged."""
        try:
            return limits.read_json(self.path / name, limits.LARGE_JSON if name in _GROWING else limits.SMALL_JSON)
        except (OSError, ValueError) as error:
            raise RunError("Cannot read {path}: {reason}", path=self.path / name, reason=error) from error

    def _object(self, name: str) -> JsonObject:
        content: JsonObject = self.json(name)
        with self._reading():
            if not isinstance(content, dict):
                raise ValueError(Text("{name} does not contain a JSON object", name=name))
            return content

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise RunError("Cannot read {path} as a run: {reason}", path=self.path, reason=error) from error


def is_run(path: Path | str) -> bool:
    """Whether there is a run in the folder `path`."""
    return (Path(path) / CONFIG).is_file()
