"""Evaluate: how good a trained model is, on its own test images or on others."""

import dataclasses
from pathlib import Path
from typing import Any

from atalho.errors import ConfigError, RunError
from atalho.gallery.rerank import Rerank
from atalho.jobs import finish, measured, reidentify
from atalho.jobs import run as files
from atalho.jobs.data import Pixels
from atalho.jobs.reidentify import How, Subject
from atalho.jobs.run import Run
from atalho.metrics.retrieval import PrecisionRule
from atalho.storage import atomic, threshold_file
from atalho.storage.lock import locked
from atalho.tasks.model import Model
from atalho.text import Text
from atalho.training.progress import Progress


def evaluate(
    path: Path | str,
    data: Path | str | None = None,
    *,
    skip_bad: bool = False,
    protocol: str | None = None,
    average_precision: PrecisionRule = "hits",
    rerank: Rerank | None = None,
    expand: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure the model at `path` (run or model folder); JSON-safe, as `evaluation.json` holds it.

    Without `data`, a run is measured on its own test images (on validation where it has none), and its
    `evaluation.json`, figures and report are written anew. With `data`, a folder of class folders is taken whole as
    the test set, or its test split where it has one. Raises DataError where the classes are not the model's.

    A network that re-identifies is measured under `protocol` (the run's own, else by whether cameras are known) with
    an average precision of "hits" or "trapezoid"; the identities of `data` need not be known to it. The figures after
    k-reciprocal re-ranking (`rerank`), and after averaging each query with its `expand` first answers, are measured
    beside the plain ones: as `reranked` and `expanded`.
    """
    progress = progress or Progress()
    if not isinstance(expand, int) or expand < 0:
        raise ConfigError(
            Text("{name} = {value!r}: accepted are whole numbers from {least}.", name="expand", value=expand, least=0)
        )
    how = How(protocol, average_precision, rerank, expand)
    if data is None:
        run = Run.open(path)
        with locked(run.path):
            return _own(run, how, progress)
    loaded, pixels = measured.others(path, data, progress, skip_bad=skip_bad)
    return _measure(loaded, pixels, "test", how, progress)


def _own(run: Run, how: How, progress: Progress) -> dict[str, Any]:
    loaded, pixels = measured.own(run, progress)
    split = finish.measured_split(pixels.manifest)
    if split is None:
        raise RunError(Text("{run} has no test or validation images. Name images to measure on.", run=run.path))
    how = dataclasses.replace(how, protocol=how.protocol or run.config.reid.protocol)
    found = _measure(loaded, pixels, split, how, progress)
    atomic.write_json(run.path / files.EVALUATION, found)
    finish.report(run, pixels)
    return found


def _measure(loaded: Model, pixels: Pixels, split: str, how: How, progress: Progress) -> dict[str, Any]:
    card = loaded.card
    if card.task == "reid":
        threshold = threshold_file.read(loaded.folder) if split != "val" else None
        subject = Subject(loaded.network, pixels, card.preprocessing, loaded.precision)
        return reidentify.evaluate(subject, split, dataclasses.replace(how, threshold=threshold), progress)
    if how.rerank is not None or how.expand:
        raise ConfigError(Text("Re-ranking and query expansion belong to re-identification; this model classifies."))
    return finish.evaluate(
        loaded.network, pixels, split, card.preprocessing, card.temperature, loaded.precision, progress
    )
