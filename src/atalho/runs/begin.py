"""Begin a run: check what can be checked before any work, write the run's first files, train."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from atalho.config import Config, DataConfig, TrainingConfig
from atalho.data import order
from atalho.data.dataset import Dataset
from atalho.data.doctor import few_images
from atalho.errors import ConfigError
from atalho.networks.select import stem_advice
from atalho.networks.spec import Spec
from atalho.precision import Precision, choose, threads
from atalho.runs import continuation, duration, leaks, memory, opening, provenance, speed, trained_images
from atalho.runs.claim import claimed, place, refuse_among_images, refuse_taken
from atalho.runs.dataset import SurveyedData, open_dataset, refuse_unnamed, survey_data
from atalho.runs.fit import fit, preprocessing
from atalho.runs.follow import refuse_crowded_gpu
from atalho.runs.network import Start, backbone_of, keeps_head, spec_for, told_of_head
from atalho.runs.opening import Waiting
from atalho.runs.run import Run
from atalho.runs.step_speed import Workload
from atalho.settings import Asked, change, to_dict
from atalho.storage import atomic, run_file, run_folder
from atalho.storage.run_folder import RunFolder
from atalho.storage.run_records import RunNetwork
from atalho.tasks.by_name import task_of
from atalho.text import _
from atalho.training import recipe as recipes
from atalho.training.distributed import Ranks
from atalho.training.progress import Progress

_WORTH_MEASURING: Final = 0.3
"""Minutes of a run from which on it is measured how it computes fastest."""


@dataclass(frozen=True)
class PreparedRun:
    """What is known of a run before its images are decoded: `memory` says in words what a step needs."""

    config: Config
    spec: Spec
    precision: Precision
    surveyed: SurveyedData
    start: Start | None
    memory: str


def prepare(asked: Asked, out: Path | None, progress: Waiting, ranks: Ranks, *remarks: str) -> PreparedRun:
    """Check everything that can be checked before any work, and decide what was left open.

    The first line and the `remarks` are said before all else.
    """
    early = asked.config
    refuse_unnamed(early)
    for path in filter(None, (early.data.path, early.model.start)):
        refuse_undecodable(path)
    refuse_taken(out)
    if early.training.minutes is not None and early.training.steps is None and ranks.world > 1:
        raise ConfigError("--minutes works in a single process. Give --epochs, or start without torchrun.")
    start = Start.read(early.model.start, early.model, progress) if early.model.start else None
    if start is None:
        _refuse_what_needs_a_start(early.training)
    backbone = backbone_of(early.model, start)
    derived = dict(continuation.absolute_paths(early))
    if start is not None and "training.recipe" not in asked.given:
        derived["training.recipe"] = start.recipe(early.task)
    asked = replace(asked, config=change(early, derived))
    refuse_crowded_gpu(ranks, choose(early.training.device, early.training.precision))
    surveyed = survey_data(replace(early, data=start.data(early.data)) if start else early, progress)
    refuse_among_images(out, early.data.path, surveyed.manifest)
    channels = start.card.preprocessing.channels if start else surveyed.channels
    surveyed = replace(surveyed, channels=channels)
    if early.data.fix_leaks:
        known = start.card.preprocessing if start else None
        surveyed = leaks.keep_apart(surveyed, early.data, progress, channels=channels, prepared=known)
        task_of(early.task).check_images(surveyed.manifest, early, surveyed.survey.digests)
    images = len(surveyed.manifest.splits["train"])
    context = recipes.RecipeContext(backbone.family, backbone.plan().depth, surveyed.size, images, early.task)
    config, notes = recipes.resolve(asked, context)
    task = task_of(config.task)
    task.check(config, ranks.world)
    ranks.refuse_small(order.smallest(images, config.training.batch_size))
    classes = len(task.outputs(surveyed.manifest, config))
    spec = spec_for(config, start, classes=classes, channels=channels, size=surveyed.size)
    folder = place(out, asked.config.data.path)
    progress.open(opening.line(spec, surveyed.size, config, surveyed.manifest, folder), *remarks)
    advice = [stem_advice(spec, surveyed.size)]
    if start is None and config.task == "classification" and backbone.family != "mlp":
        advice.append(few_images.advice(surveyed.manifest, surveyed.survey))
    for note in (*surveyed.manifest.notes, *notes, *filter(None, advice)):
        progress.note(str(note))
    if early.data.fix_leaks:
        leaks.say_left_out(surveyed, progress)
    at_once = memory.at_once(config.training, images, ranks.world)
    passes = _passes(config.training, images)
    config, precision = speed.decide(config, Workload(spec, surveyed.size, at_once, passes), progress.note)
    progress.note(_("computing on {precision}").format(precision=precision))
    measured = memory.most_measured(surveyed.manifest.splits)
    plan = memory.MemoryRequest(spec, surveyed.size, images, config.training, precision, ranks.world, measured)
    needed = memory.check(plan)
    progress.note(needed)
    return PreparedRun(config, spec, precision, surveyed, start, needed)


def open_prepared(run: PreparedRun, config: DataConfig, progress: Progress) -> Dataset:
    """The images of a run that was prepared, as the network that it starts from had its images."""
    known = run.start.card.preprocessing if run.start is not None else None
    return open_dataset(run.surveyed, config, progress, channels=run.surveyed.channels, prepared=known)


def _refuse_what_needs_a_start(training: TrainingConfig) -> None:
    if training.recipe == "finetune":
        raise ConfigError("The recipe finetune starts from a trained model. Add --from RUN")
    if training.frozen > 0 or training.norms == "kept":
        raise ConfigError(
            "training.frozen and training.norms = 'kept' are for networks that start from a trained model. "
            "Add --from RUN"
        )


def _passes(training: TrainingConfig, images: int) -> int | None:
    """How many images pass the network in the run; None where only its minutes are known, and they are enough."""
    if training.steps is not None:
        return training.steps * training.batch_size
    if training.minutes is not None:
        return 0 if training.minutes < _WORTH_MEASURING else None
    return training.epochs * images


def begin(
    asked: Asked,
    digest: str,
    out: Path | None,
    command: str,
    progress: Progress,
    ranks: Ranks,
) -> Run:
    """Prepare the run, decode the images, write the run's first files, train.

    `digest` is that of the command, by which the run is found again.
    """
    unfinished = continuation.unfinished(out, asked.config.data.path, digest)
    with opening.waiting(progress) as waiting:
        prepared = prepare(asked, out, waiting, ranks, *filter(None, [unfinished]))
    config, start, precision = prepared.config, prepared.start, prepared.precision
    # The path as it was asked for: of a run it is absolute.
    with threads(config.training.threads), claimed(out, asked.config.data.path) as folder:
        dataset = open_prepared(prepared, config.data, progress)
        dataset = leaks.looked_for(dataset, prepared.surveyed, progress)
        images = preprocessing(dataset, config.data, start)
        config = duration.fixed(config, dataset, prepared.spec, images, precision, start, progress)
        run = Run.begun(folder, config)
        files = RunFolder(folder)
        files.write(RunNetwork(prepared.spec, images))
        files.write(dataset.record())
        began = None
        if start is not None:
            kept = keeps_head(prepared.spec, config, start, task_of(config.task).outputs(dataset.manifest, config))
            began = start.record(kept=kept)
            progress.note(str(told_of_head(kept)))
            trained_images.warn(start.folder, dataset, progress)
        text = run_file.text(to_dict(config)).encode()
        fingerprint = provenance.fingerprint(precision, ranks.world)
        about = provenance.gather(command, config.training.seed, precision)
        files.write(replace(about, fingerprint=fingerprint, config=provenance.digest(text), asked=digest, start=began))
        trained_images.remember(folder, dataset, start.folder if start else None)
        # The last of a run's first files, because it is what makes the folder a run.
        atomic.write_file(folder / run_folder.CONFIG, text)
        fit(run, dataset, precision, progress, ranks)
    return run


def refuse_undecodable(path: Path | str) -> None:
    """ConfigError for a folder whose name TOML and galleries, which are UTF-8, cannot keep; an image's may be any."""
    try:
        os.path.abspath(path).encode()  # noqa: PTH100 (as it will be written)
    except UnicodeEncodeError:
        shown = os.fsencode(path).decode(errors="replace")
        text = _("{path}: the name of this folder, or of one above it, is not valid UTF-8. Rename it.")
        raise ConfigError(text.format(path=shown)) from None
