"""A run as `train` returns it: what it was started with, what it measured, and its model."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atalho import model
from atalho.config import Config
from atalho.data.manifest import Manifest
from atalho.data.manifest_record import ManifestRecord
from atalho.errors import AtalhoError, ConfigError, nearest
from atalho.findings import Shown
from atalho.pretrained import located
from atalho.report.shown import ReportPage
from atalho.settings import merge, validate
from atalho.storage import model_folder, run_file, run_folder
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import Lengthened, RunNetwork, TrainingTime
from atalho.tasks.by_name import evaluation_of
from atalho.tasks.classification import ClassificationEvaluation
from atalho.tasks.task import Evaluation
from atalho.text import Text, _, visible
from atalho.text.numbers import with_interval
from atalho.training.setup import EpochOrigin, Schedules

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Run(Shown):
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

    @property
    def history(self) -> dict[str, list[Any]]:
        """What each finished epoch gave, a plain dictionary of columns, which pandas and polars take for a table.

        `epoch` and `step`, `train_loss`, `train_top1`, `val_loss`, `val_top1` (in re-identification `val_rank1` and
        `val_map`), `learning_rate`; without the columns that the run does not have. Accuracies are shares.
        """
        rows = [{name: value for name, value in vars(row).items() if name != "kind"} for row in self._files.epochs]
        columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
        return {name: column for name, column in columns.items() if any(value is not None for value in column)}

    def plot(self, name: str = "accuracy") -> "Figure":
        """A figure of the report, which a notebook shows and `savefig` writes: accuracy, loss, confusion and others.

        Raises ConfigError where the run has no figure of that name, with those that it has.
        """
        from atalho.report import figures  # here, as matplotlib takes a moment

        drawn = figures.draw_all(self._files)
        if name not in drawn:
            has = Text("{run} has no figure {name!r}.", run=self.path, name=name)
            raise ConfigError(Text.joined(has, nearest(str(name), drawn)) if drawn else has)
        return drawn[name]

    def report(self) -> ReportPage:
        """The page of the run, a path; a notebook shows the page. Raises RunError where it is not written yet."""
        return ReportPage.of(self.path)

    def shown(self) -> Iterator[tuple[str, str]]:
        """Its folder and, as far as they are there, its network, its images, how far it is and how good."""
        yield _("run"), visible(str(self.path))
        try:
            files = self._files
            yield _("network"), visible(files.model)
            yield _("data"), visible(files.data)
            yield _("epochs"), f"{len(files.epochs)}/{self.config.training.epochs}"
            evaluation = evaluation_of(files)
            if evaluation is not None:
                headline = evaluation.headline
                yield headline.name, with_interval(headline.value, headline.interval)
        except AtalhoError as error:
            yield _("error"), visible(str(error))

    def _repr_html_(self) -> str:
        from atalho.report import canvas

        table = super()._repr_html_()
        try:
            drawing = canvas.standalone(canvas.svg(self.plot(), "accuracy"))
        except AtalhoError:
            return table
        picture = base64.b64encode(drawing).decode()
        return f'{table}<img alt="" width="420" src="data:image/svg+xml;base64,{picture}">'

    @property
    def _files(self) -> RunFolder:
        """What the run has written, as it is now."""
        return RunFolder(self.path)

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
