"""A run as `train` returns it: what it was started with, what it measured, and its model."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from atalho import model
from atalho.config import Config
from atalho.data.manifest import Manifest
from atalho.data.manifest_record import ManifestRecord
from atalho.errors import ConfigError
from atalho.pretrained import located
from atalho.settings import merge, validate
from atalho.storage import model_folder, run_file, run_folder
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import Lengthened, RunNetwork, TrainingTime
from atalho.tasks.by_name import evaluation_of
from atalho.tasks.classification import ClassificationEvaluation
from atalho.tasks.task import Evaluation
from atalho.training.setup import EpochOrigin, Schedules


@dataclass(frozen=True)
class Run:
    """A run by its folder; everything is read from there when it is asked for."""

    path: Path

    @classmethod
    def open(cls, path: Path | str) -> "Run":
        """The run at `path`. Raises RunError where there is none."""
        return cls(RunFolder.open(path).path)

    @classmethod
    def begun(cls, path: Path, config: Config) -> "Run":
        """The run that begins at `path`: its configuration is known and is not read again."""
        run = cls(path)
        vars(run)["config"] = config
        return run

    @cached_property
    def config(self) -> Config:
        """The resolved configuration, with the length that was asked for last, and where the images were last found."""
        # A run of a version that did not know the setting goes on as it began.
        values = merge({"training": {"deterministic": False}}, run_file.read(self.path / run_folder.CONFIG))
        for change in self._longer:
            values = merge(values, {"training": {"epochs": change.epochs, "steps": None, "minutes": None}})
        moved = self.images.path
        return validate(merge(values, {"data": {"path": moved}}) if moved else values)

    @cached_property
    def _longer(self) -> tuple[Lengthened, ...]:
        record = RunFolder(self.path).provenance
        return (record.longer if record is not None else None) or ()

    @property
    def earlier(self) -> Schedules:
        """The schedules that the run followed before it got another length."""
        return tuple((change.step, change.before) for change in self._longer)

    @property
    def origins(self) -> tuple[EpochOrigin, ...]:
        """Where an epoch began after one that had ended early, because the run got another length."""
        return tuple(EpochOrigin(change.step, change.epoch) for change in self._longer if change.epoch is not None)

    @cached_property
    def images(self) -> ManifestRecord:
        """The images as they were when the run started, and what happened to them since."""
        return RunFolder(self.path).read(ManifestRecord)

    @property
    def manifest(self) -> Manifest:
        """The images as they were when the run started."""
        return self.images.manifest

    @property
    def network(self) -> RunNetwork:
        """What the run trains, and how its images are prepared."""
        return RunFolder(self.path).read(RunNetwork)

    @cached_property
    def model(self) -> model.Model:
        """The trained model."""
        return model.load(self.path)

    @property
    def evaluation(self) -> Evaluation | None:
        """What was measured at the end, on the split that nothing was chosen on; None where there was none."""
        return evaluation_of(RunFolder(self.path))

    @property
    def top1(self) -> float | None:
        """Top-1 accuracy of `evaluation`, as a share."""
        evaluation = self.evaluation
        return evaluation.top1 if isinstance(evaluation, ClassificationEvaluation) else None

    @property
    def seconds(self) -> float:
        """Time spent training, in seconds, over all sessions."""
        return RunFolder(self.path).read(TrainingTime).seconds

    def json(self, name: str) -> Any:
        """One JSON file of the run. Raises RunError where it is missing or damaged."""
        return RunFolder(self.path).json(name)


def run_at(path: Path | str) -> Run | None:
    """The run that `path` leads to, as its folder or as that of its model; None for a model by itself.

    Raises WeightsError for anything else.
    """
    path = located.folder_of(path)
    if run_folder.is_run(path):
        return Run(path)
    folder = model_folder.find(path)
    for place in (folder.parent, folder.resolve().parent):  # the second where `path` is "." or a link
        if run_folder.is_run(place) and (place / run_folder.MODEL).resolve() == folder.resolve():
            return Run(place)
    return None


def run_with_images(path: Path | str) -> Run:
    """The run that `path` leads to, where nobody gave other images. Raises ConfigError where it is a model alone."""
    run = run_at(path)
    if run is None:
        raise ConfigError(
            "{path} is a model without its run. Give images to measure on as the second argument: {path} DATA",
            path=path,
        )
    return run
