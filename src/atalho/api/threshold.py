"""Threshold: from which similarity on two images count as the same, chosen at a wanted rate of false accepts."""

import dataclasses
from pathlib import Path

import numpy as np

from atalho.config import ReidConfig
from atalho.data.dataset import Dataset
from atalho.errors import ConfigError, RunError
from atalho.metrics import verification
from atalho.metrics.verification import ErrorRates, Threshold
from atalho.model import Model
from atalho.precision import Numbers
from atalho.runs import evaluation_data, finish
from atalho.runs.run import Run, run_at
from atalho.storage import atomic, run_folder, threshold_file
from atalho.storage.lock import locked
from atalho.storage.run_folder import RunFolder
from atalho.tasks.by_name import task_of
from atalho.tasks.reidentification import evaluation
from atalho.tasks.reidentification import threshold as choice
from atalho.tasks.reidentification.evaluation import ReidentificationEvaluation
from atalho.tasks.reidentification.task import ReidentificationTask
from atalho.text import ngettext
from atalho.training.progress import Progress


def threshold(
    path: Path | str,
    data: Path | str | None = None,
    *,
    false_accept: float | None = None,
    skip_bad: bool = False,
    precision: Numbers = "fp32",
    progress: Progress | None = None,
) -> Threshold:
    """Choose the similarity above which two images count as a match, and keep it with the model.

    It is the lowest similarity at which at most `false_accept` of the pairs of different identities are accepted.
    `search` and `compare` use it. A run's curve is recorded, and with its own images its report is written again.

    Parameters
    ----------
    path
        A run or model folder.
    data
        Images to choose on; the run's validation images, whose identities the network has not seen, if not given.
    false_accept
        The wanted share of false accepts; the run's own if not given.
    skip_bad
        Leave out images that cannot be read.
    precision
        What the network computes in: "fp32" or "bf16".
    progress
        Who is told how far it is.

    Returns
    -------
    Threshold
        The similarity, with the errors at it and their intervals.

    Raises
    ------
    DataError
        The pairs are too few to know such a rate; nothing has changed then.
    ConfigError
        The model has no images of its own to choose on.

    Examples
    --------
    >>> atalho.threshold("runs/people", false_accept=0.01).similarity
    """
    progress = progress or Progress()
    if false_accept is not None:
        verification.check_rate(false_accept)
    run = run_at(path)
    if false_accept is None:
        false_accept = run.config.reid.false_accept if run is not None else ReidConfig.false_accept
    if data is not None:
        return _elsewhere(path, run, data, false_accept, skip_bad=skip_bad, precision=precision, progress=progress)
    if run is not None and not task_of(run.config.task).verifies:
        raise ConfigError(
            "{path} is a classifier: its images have classes and no identities to choose a threshold on. To tell "
            "objects apart, train with: atalho train DATA --task reid. Or give images with a folder for each "
            "identity: atalho threshold {path} DATA",
            path=path,
        )
    if run is None:
        raise ConfigError(
            "{path} has no identities of its own to choose the threshold on. Give images: atalho threshold {path} DATA",
            path=path,
        )
    with locked(run.path):
        return _own(run, false_accept, precision, progress)


def _own(run: Run, wanted: float, precision: Numbers, progress: Progress) -> Threshold:
    RunFolder(run.path).sweep()
    loaded, dataset = evaluation_data.own(run, progress, precision)
    if not len(dataset.manifest.splits.get("val", ())):
        raise RunError(
            "{run} has no validation images to choose the threshold on. Give images: atalho threshold {run} DATA",
            run=run.path,
        )
    target = evaluation_data.target_of(loaded, dataset)
    protocol = run.config.reid.protocol
    rates = evaluation.rates(target, "val", protocol, progress)
    chosen = choice.choose(target, rates, wanted)
    choice.tell_few(target, "val", run.path, progress)
    test = finish.measured_split(dataset.manifest)
    at = None
    if test is not None and test != "val":
        measured = _evaluation(run)
        errors = evaluation.rates(target, test, measured.protocol if measured else protocol, progress)
        at = verification.threshold_at(errors, chosen.similarity, wanted)
    _keep(run, rates, chosen)
    _tell_evaluation(run, at)
    finish.report(run, dataset)
    return chosen


def _elsewhere(
    path: Path | str,
    run: Run | None,
    data: Path | str,
    wanted: float,
    *,
    skip_bad: bool,
    precision: Numbers,
    progress: Progress,
) -> Threshold:
    task = ReidentificationTask()
    loaded, dataset = evaluation_data.others(path, data, progress, skip_bad=skip_bad, precision=precision, task=task)
    _warn(loaded, dataset, str(data), progress)
    target = evaluation_data.target_of(loaded, dataset)
    rates = evaluation.rates(target, "test", "auto", progress)
    chosen = choice.choose(target, rates, wanted)
    choice.tell_few(target, "test", path, progress)
    if run is None:
        threshold_file.write(loaded.folder, chosen)
        return chosen
    with locked(run.path):
        _keep(run, rates, chosen, str(data))
        _tell_evaluation(run, None)
    return chosen


def _keep(run: Run, rates: ErrorRates, chosen: Threshold, data: str | None = None) -> None:
    threshold_file.write(run.path / run_folder.MODEL, chosen, root=run.path)
    choice.record(run.path, rates, chosen.wanted_far, chosen, data=data)


def _tell_evaluation(run: Run, at: Threshold | None) -> None:
    """The errors on the test images belong to the threshold: they are replaced with it, or go."""
    if (found := _evaluation(run)) is not None:
        atomic.write_json(run.path / run_folder.EVALUATION, dataclasses.replace(found, at_threshold=at).to_dict())


def _evaluation(run: Run) -> ReidentificationEvaluation | None:
    found = run.evaluation
    return found if isinstance(found, ReidentificationEvaluation) else None


def _warn(loaded: Model, dataset: Dataset, data: str, progress: Progress) -> None:
    """Say that identities were trained on, as far as names tell: their pairs are told apart too well."""
    manifest = dataset.manifest
    names = {manifest.classes[label] for label in np.unique(manifest.labels[manifest.splits["test"]])}
    trained = len(names & set(loaded.classes))
    if trained:
        text = ngettext(
            "{data}: {count} identity has the same name as a training identity. If it is the same one, real "
            "errors will be larger than those shown.",
            "{data}: {count} identities have the same names as training identities. If they are the same "
            "ones, real errors will be larger than those shown.",
            trained,
        )
        progress.note(text.format(data=data, count=trained))
