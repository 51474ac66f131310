"""The images that a finished model is measured on: those of its run, as they were, or others."""

import dataclasses
from pathlib import Path

from atalho import model
from atalho.config import DataConfig
from atalho.data.dataset import Dataset
from atalho.data.layouts.patterns import PathPatterns
from atalho.errors import RunError
from atalho.model import Model
from atalho.precision import Numbers, choose
from atalho.runs import trained_images
from atalho.runs.dataset import SurveyedData, open_dataset, survey_data, survey_manifest
from atalho.runs.run import Run, run_at
from atalho.tasks.by_name import task_of
from atalho.tasks.task import EvaluationTarget, Task
from atalho.training.progress import Progress


def own(run: Run, progress: Progress, precision: Numbers = "fp32") -> tuple[Model, Dataset]:
    """The model of a run, computing in `precision`, and its images.

    Raises RunError where they are no longer those that it was trained on.
    """
    loaded = model.load(run.path, choose(run.config.training.device, precision))
    config = dataclasses.replace(run.config.data, size=loaded.card.preprocessing.size)
    stored, known = run.images.fingerprint, run.images.duplicates
    surveyed = survey_data(
        dataclasses.replace(run.config, data=config), progress, stored, known.left_out if known else None
    )
    if surveyed.survey.fingerprint != stored:
        raise RunError(
            "The images at {data} are no longer those of {run}. Give images to evaluate on.",
            data=config.path,
            run=run.path,
        )
    return loaded, dataclasses.replace(_open(loaded, surveyed, config, progress), duplicates=known)


def others(
    path: Path | str,
    data: Path | str,
    progress: Progress,
    *,
    skip_bad: bool,
    precision: Numbers = "fp32",
    task: Task | None = None,
) -> tuple[Model, Dataset]:
    """The model at `path` (run or model folder) and the images at `data` as split test, sized for it.

    They are read as `task` reads them (the model's if not given); the run says what their names tell.
    Raises DataError where classes are not the model's.
    """
    loaded = model.load(path, precision, progress)
    prepared = loaded.card.preprocessing
    config = DataConfig(
        path=str(data),
        size=prepared.size,
        skip_bad=skip_bad,
        max_pixels=prepared.max_pixels,
        tiff=prepared.tiff,
        avif=prepared.avif,
    )
    task = task or task_of(loaded.card.task)
    manifest = task.read_test(Path(data), loaded.classes, path_patterns(path))
    return loaded, _open(loaded, survey_manifest(manifest, config, progress), config, progress)


def path_patterns(path: Path | str) -> PathPatterns:
    """What the run at `path` was told of the names of its images; nothing for a model folder by itself."""
    run = run_at(path)
    if run is None:
        return PathPatterns()
    asked = run.config.data
    return PathPatterns(asked.identity, asked.camera, asked.class_, asked.group)


def _open(loaded: Model, surveyed: SurveyedData, config: DataConfig, progress: Progress) -> Dataset:
    prepared = loaded.card.preprocessing
    return open_dataset(surveyed, config, progress, channels=prepared.channels, prepared=prepared)


def target_of(loaded: Model, dataset: Dataset) -> EvaluationTarget:
    """A finished model with the images that it is measured on."""
    seen = trained_images.seen_ids(loaded.folder, dataset)
    return EvaluationTarget(loaded.network, dataset, loaded.card.preprocessing, loaded.precision, seen)
