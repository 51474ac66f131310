"""Evaluate: how good a trained model is, on its own test images or on others."""

import dataclasses
from pathlib import Path
from typing import Any

from atalho.config import DataConfig
from atalho.data import layouts
from atalho.errors import RunError
from atalho.jobs import data as job_data
from atalho.jobs import finish
from atalho.jobs import run as files
from atalho.jobs.run import Run
from atalho.locale import _
from atalho.storage import atomic
from atalho.tasks import model
from atalho.training.progress import Progress


def evaluate(
    path: Path | str,
    data: Path | str | None = None,
    *,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure the model at `path` (run or model folder); JSON-safe, as `evaluation.json` holds it.

    Without `data`, a run is measured on its own test images (on validation where it has none), and its
    `evaluation.json`, figures and report are written anew. With `data`, a folder of class folders is taken whole as
    the test set, or its test split where it has one. Raises DataError where the classes are not the model's.
    """
    progress = progress or Progress()
    loaded = model.load(path)
    prepared = loaded.card.preprocessing
    if data is None:
        run = Run.open(path)
        config = dataclasses.replace(run.config.data, size=prepared.size)
        looked = job_data.look(config, progress)
        if looked.survey.fingerprint != run.json(files.MANIFEST)["fingerprint"]:
            raise RunError(
                _("The images at {data} are no longer those of {run}. Name the images to measure on.").format(
                    data=config.path, run=run.path
                )
            )
        split = finish.measured_split(looked.manifest)
        if split is None:
            raise RunError(_("{run} has no test or validation images. Name images to measure on.").format(run=run.path))
    else:
        config = DataConfig(path=str(data), size=prepared.size, skip_bad=skip_bad)
        looked, split = job_data.look_at(layouts.read_test(Path(data), loaded.classes), config, progress), "test"
    pixels = job_data.open_pixels(looked, config, progress, channels=prepared.channels)
    found = finish.evaluate(
        loaded.network, pixels, split, prepared, loaded.card.temperature, loaded.precision, progress
    )
    if data is None:
        atomic.write_json(run.path / files.EVALUATION, found)
        finish.report(run, pixels)
    return found
