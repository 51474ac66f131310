"""Evaluate: how good a trained model is, on its own test images or on others."""

import dataclasses
from pathlib import Path

from atalho.data.dataset import Dataset
from atalho.errors import ConfigError, RunError
from atalho.gallery.rerank import Rerank
from atalho.metrics.retrieval import PrecisionRule
from atalho.model import Model
from atalho.precision import Numbers
from atalho.runs import evaluation_data, finish
from atalho.runs.run import Run, run_with_images
from atalho.storage import atomic, run_folder, threshold_file, vector_table
from atalho.storage.lock import locked
from atalho.storage.run_folder import RunFolder
from atalho.tasks.by_name import task_of
from atalho.tasks.reidentification import vectors
from atalho.tasks.task import Evaluation, EvaluationOptions
from atalho.training.progress import Progress


def evaluate(
    path: Path | str,
    data: Path | str | None = None,
    *,
    precision: Numbers = "fp32",
    skip_bad: bool = False,
    protocol: str | None = None,
    average_precision: PrecisionRule = "hits",
    rerank: Rerank | None = None,
    expand: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure a trained model on images that it has not seen.

    Parameters
    ----------
    path
        A run or model folder. Or a file of vectors, which any network may have made: `.csv`, `.npy` with a `.csv` of
        the same name beside it, `.parquet`, as `embed` writes them, with a column `identity`, and `camera` and `split`
        (query and gallery, or test) where they are known.
    data
        Images to measure on: a folder of class folders is taken whole as the test set, or its test split where it has
        one. Without it, a run is measured on its own test images (on validation where it has none), and its
        `evaluation.json`, figures and report are written again.
    precision
        What the network computes in: in "fp32" it has the same accuracy on every machine, up to the last digits; "bf16"
        is faster where the hardware multiplies it. It is recorded with the figures.
    skip_bad
        Leave out images that cannot be read.
    protocol, average_precision
        How re-identification is measured: "cross-camera" or "leave-self-out" (the run's own if not given, else by
        whether cameras are known), with an average precision of "hits" or "trapezoid".
    rerank, expand
        Re-identification is measured also after k-reciprocal re-ranking, and after averaging each query with its
        `expand` first answers: as `reranked` and `expanded`, beside the plain figures.
    progress
        Who is told how far it is.

    Returns
    -------
    Evaluation
        A `ClassificationEvaluation` or a `ReidentificationEvaluation`: `headline` with its interval, and a field for
        each figure that `evaluation.json` holds.

    Raises
    ------
    DataError
        The classes are not the model's, or images cannot be read.
    ConfigError
        An option is not accepted, or belongs to another task; or a model without its run was given no images.
    RunError
        The run has no images to measure on, or they changed.
    WeightsError
        There is no model at `path`.

    Examples
    --------
    >>> atalho.evaluate("runs/photos").top1
    """
    progress = progress or Progress()
    if not isinstance(expand, int) or expand < 0:
        raise ConfigError(
            "{name} = {value!r}: expected a whole number of at least {least}.", name="expand", value=expand, least=0
        )
    options = EvaluationOptions(protocol, average_precision, rerank, expand)
    if vector_table.is_named(path):
        if data is not None or skip_bad or precision != "fp32":
            raise ConfigError(
                "{path} holds vectors: they are measured without images, --skip-bad or --precision.", path=path
            )
        return vectors.evaluate(Path(path), options)
    if data is None:
        run = run_with_images(path)
        with locked(run.path):
            return _own(run, options, precision, progress)
    loaded, dataset = evaluation_data.others(path, data, progress, skip_bad=skip_bad, precision=precision)
    return _measure(loaded, dataset, "test", options, progress)


def _own(run: Run, options: EvaluationOptions, precision: Numbers, progress: Progress) -> Evaluation:
    RunFolder(run.path).sweep()
    loaded, dataset = evaluation_data.own(run, progress, precision)
    split = finish.measured_split(dataset.manifest)
    if split is None:
        raise RunError("{run} has no test or validation images. Give images to evaluate on.", run=run.path)
    options = dataclasses.replace(options, protocol=options.protocol or task_of(run.config.task).protocol(run.config))
    found = _measure(loaded, dataset, split, options, progress)
    atomic.write_json(run.path / run_folder.EVALUATION, found.to_dict())
    finish.report(run, dataset)
    return found


def _measure(loaded: Model, dataset: Dataset, split: str, options: EvaluationOptions, progress: Progress) -> Evaluation:
    options = dataclasses.replace(
        options,
        threshold=threshold_file.read(loaded.folder) if split != "val" else None,
        temperature=loaded.card.temperature,
    )
    target = evaluation_data.target_of(loaded, dataset)
    return task_of(loaded.card.task).evaluate(target, split, options, progress)
