"""Evaluate: how good a trained model is, on its own test images or on others."""

import dataclasses
from pathlib import Path
from typing import Any

from atalho.config import DataConfig
from atalho.data import layouts, open_set
from atalho.errors import RunError
from atalho.jobs import data as job_data
from atalho.jobs import finish, reidentify
from atalho.jobs import run as files
from atalho.jobs.data import Looked, Pixels
from atalho.jobs.run import Run
from atalho.locale import _
from atalho.metrics.retrieval import Precision as AveragePrecision
from atalho.precision import choose
from atalho.storage import atomic
from atalho.storage.lock import locked
from atalho.tasks import model
from atalho.tasks.model import Model
from atalho.training.progress import Progress


def evaluate(
    path: Path | str,
    data: Path | str | None = None,
    *,
    skip_bad: bool = False,
    protocol: str | None = None,
    average_precision: AveragePrecision = "hits",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure the model at `path` (run or model folder); JSON-safe, as `evaluation.json` holds it.

    Without `data`, a run is measured on its own test images (on validation where it has none), and its
    `evaluation.json`, figures and report are written anew. With `data`, a folder of class folders is taken whole as
    the test set, or its test split where it has one. Raises DataError where the classes are not the model's.

    A network that re-identifies is measured under `protocol` (the run's own, else by whether cameras are known) with
    an average precision of "hits" or "trapezoid"; the identities of `data` need not be known to it.
    """
    progress = progress or Progress()
    how = _How(protocol, average_precision)
    if data is None:
        run = Run.open(path)
        with locked(run.path):
            return _own(run, how, progress)
    loaded = model.load(path)
    prepared = loaded.card.preprocessing
    config = DataConfig(
        path=str(data),
        size=prepared.size,
        skip_bad=skip_bad,
        max_pixels=prepared.max_pixels,
        tiff=prepared.tiff,
    )
    reid = loaded.card.task == "reid"
    manifest = open_set.read_test(Path(data)) if reid else layouts.read_test(Path(data), loaded.classes)
    looked = job_data.look_at(manifest, config, progress)
    return _measure(loaded, _pixels(loaded, looked, config, progress), "test", how, progress)


@dataclasses.dataclass(frozen=True)
class _How:
    """How re-identification is measured; `protocol` None is the run's own."""

    protocol: str | None
    average_precision: AveragePrecision


def _own(run: Run, how: _How, progress: Progress) -> dict[str, Any]:
    loaded = model.load(run.path, choose(run.config.training.device, run.config.training.precision))
    config = dataclasses.replace(run.config.data, size=loaded.card.preprocessing.size)
    looked = job_data.look(dataclasses.replace(run.config, data=config), progress)
    if looked.survey.fingerprint != run.json(files.MANIFEST)["fingerprint"]:
        raise RunError(
            _("The images at {data} are no longer those of {run}. Name the images to measure on.").format(
                data=config.path, run=run.path
            )
        )
    split = finish.measured_split(looked.manifest)
    if split is None:
        raise RunError(_("{run} has no test or validation images. Name images to measure on.").format(run=run.path))
    pixels = _pixels(loaded, looked, config, progress)
    how = dataclasses.replace(how, protocol=how.protocol or run.config.reid.protocol)
    found = _measure(loaded, pixels, split, how, progress)
    atomic.write_json(run.path / files.EVALUATION, found)
    finish.report(run, pixels)
    return found


def _pixels(loaded: Model, looked: Looked, config: DataConfig, progress: Progress) -> Pixels:
    return job_data.open_pixels(looked, config, progress, channels=loaded.card.preprocessing.channels)


def _measure(loaded: Model, pixels: Pixels, split: str, how: _How, progress: Progress) -> dict[str, Any]:
    card = loaded.card
    if card.task == "reid":
        return reidentify.evaluate(
            loaded.network,
            pixels,
            split,
            card.preprocessing,
            loaded.precision,
            progress,
            protocol=how.protocol or "auto",
            average_precision=how.average_precision,
        )
    return finish.evaluate(
        loaded.network, pixels, split, card.preprocessing, card.temperature, loaded.precision, progress
    )
