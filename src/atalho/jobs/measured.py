"""The images that a finished model is measured on: those of its run, as they were, or others."""

import dataclasses
from pathlib import Path

from atalho.config import DataConfig
from atalho.data import layouts, open_set
from atalho.data.layouts.identities import AUTO
from atalho.errors import RunError
from atalho.jobs import data as job_data
from atalho.jobs import run as files
from atalho.jobs.data import Looked, Pixels
from atalho.jobs.run import Run
from atalho.precision import choose
from atalho.tasks import model
from atalho.tasks.model import Model
from atalho.text import Text
from atalho.training.progress import Progress


def of_run(path: Path | str) -> Run | None:
    """The run at `path`; None where it is a model folder alone."""
    return Run(Path(path)) if (Path(path) / files.CONFIG).is_file() else None


def own(run: Run, progress: Progress) -> tuple[Model, Pixels]:
    """The model of a run and its images. Raises RunError where they are no longer those that it was trained on."""
    loaded = model.load(run.path, choose(run.config.training.device, run.config.training.precision))
    config = dataclasses.replace(run.config.data, size=loaded.card.preprocessing.size)
    looked = job_data.look(dataclasses.replace(run.config, data=config), progress)
    if looked.survey.fingerprint != run.json(files.MANIFEST)["fingerprint"]:
        raise RunError(
            Text(
                "The images at {data} are no longer those of {run}. Name the images to measure on.",
                data=config.path,
                run=run.path,
            )
        )
    return loaded, _pixels(loaded, looked, config, progress)


def others(
    path: Path | str, data: Path | str, progress: Progress, *, skip_bad: bool, identities: bool | None = None
) -> tuple[Model, Pixels]:
    """The model at `path` (run or model folder) and the images at `data` as split test, sized for it.

    They are read as identities where the model re-identifies, or where `identities` asks for it; the run says how
    names tell the camera. Raises DataError where classes are not the model's.
    """
    loaded = model.load(path)
    prepared = loaded.card.preprocessing
    config = DataConfig(
        path=str(data),
        size=prepared.size,
        skip_bad=skip_bad,
        max_pixels=prepared.max_pixels,
        tiff=prepared.tiff,
    )
    if identities or (identities is None and loaded.card.task == "reid"):
        manifest = open_set.read_test(Path(data), camera_pattern(path))
    else:
        manifest = layouts.read_test(Path(data), loaded.classes)
    return loaded, _pixels(loaded, job_data.look_at(manifest, config, progress), config, progress)


def camera_pattern(path: Path | str) -> str:
    """How file names tell the camera, as the run at `path` was told; a model folder finds it by itself."""
    run = of_run(path)
    return run.config.data.camera if run is not None else AUTO


def _pixels(loaded: Model, looked: Looked, config: DataConfig, progress: Progress) -> Pixels:
    return job_data.open_pixels(looked, config, progress, channels=loaded.card.preprocessing.channels)
