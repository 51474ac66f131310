"""Images that moved or changed while a run was stopped: what a resume records of it, and where training goes on.

Everything stands in the run's `manifest.json`, which is replaced in one piece: a run that is stopped again goes on
from there without being asked again.
"""

import dataclasses
import os
from pathlib import Path

from atalho.config import DataConfig
from atalho.data.dataset import Dataset
from atalho.data.manifest import Manifest
from atalho.data.manifest_record import ImagesChanged, ImagesMoved, ManifestRecord
from atalho.errors import RunError
from atalho.report.background import change_told
from atalho.runs import provenance, trained_images
from atalho.runs.dataset import SurveyedData
from atalho.runs.run import Run
from atalho.storage import checkpoint, run_folder
from atalho.storage.run_folder import RunFolder
from atalho.tasks.by_name import task_of
from atalho.text import _
from atalho.training.progress import Progress
from atalho.training.setup import EpochOrigin


def check(run: Run, surveyed: SurveyedData, data: DataConfig, *, accept: bool) -> SurveyedData:
    """`surveyed` as the run's network takes it. Raises RunError where the images are others, unless that is accepted.

    Other classes are never accepted: the network's outputs are those of the classes that it began with.
    """
    if surveyed.survey.fingerprint != run.images.fingerprint:
        task_of(run.config.task).check_change(data.path, run.path)
        if not accept:
            text = _(
                "The images at {data} differ from those that {run} was started with. Start a new run on them, or "
                "continue with the images as they are now: --accept-data-change"
            )
            raise RunError(text.format(data=data.path, run=run.path))
        now, before = surveyed.manifest.classes, run.manifest.classes
        if now != before:
            text = _("The classes at {data} are {now}, but {run} was started with {before}. Start a new run on them.")
            raise RunError(text.format(data=data.path, run=run.path, now=", ".join(now), before=", ".join(before)))
    return dataclasses.replace(surveyed, size=run.network.preprocessing.size)


def record(run: Run, dataset: Dataset, data: DataConfig, progress: Progress) -> Run:
    """The run with its images where and as they are now; what changed is noted in its record."""
    stored = run.images
    same, moved = dataset.fingerprint == stored.fingerprint, data.path != run.config.data.path
    if same and not moved:
        return run
    changes = list(stored.changes)
    if moved:
        changes.append(ImagesMoved(provenance.now(), data.path))
        progress.note(_("the images are now at {path}").format(path=data.path))
    if not same:
        change = _change(run, stored, dataset.manifest)
        changes.append(change)
        progress.note(change_told(change))
        stored = dataset.record()
        trained_images.remember(run.path, dataset)
    manifest = dataclasses.replace(stored.manifest, root=dataset.manifest.root)
    now = dataclasses.replace(stored, manifest=manifest, changes=tuple(changes), path=data.path)
    RunFolder(run.path).write(now)
    return Run(run.path)


def origin_of(run: Run) -> EpochOrigin:
    """Where epochs last began anew, with changed images or after one that had ended early; otherwise the beginning."""
    changes = [change for change in run.images.changes if isinstance(change, ImagesChanged)]
    return max((*(EpochOrigin(change.step, change.epoch) for change in changes), *run.origins), default=EpochOrigin())


def _new_origin(run: Run) -> EpochOrigin:
    """Where the newest checkpoint stands: the epoch in progress begins again there."""
    saved = checkpoint.latest(run.path / run_folder.CHECKPOINTS)
    if saved is None:
        return EpochOrigin()
    steps = -(-len(run.manifest.splits["train"]) // run.config.training.batch_size)
    return EpochOrigin(saved.step, origin_of(run).position(saved.step, steps)[0])


def _change(run: Run, stored: ManifestRecord, now: Manifest) -> ImagesChanged:
    before, origin = stored.manifest, _new_origin(run)
    names, trained = set(before.names), {before.names[number] for number in before.splits["train"]}
    held = {now.names[number] for split in ("val", "test") for number in now.splits.get(split, ())}
    return ImagesChanged(
        when=provenance.now(),
        step=origin.step,
        epoch=origin.epoch,
        fingerprint=stored.fingerprint,
        added=len(set(now.names) - names),
        removed=len(names - set(now.names)),
        leaked=len(trained & held),
    )


def data_at(data: Path | str | None, run: Run) -> DataConfig:
    """The run's settings of the images, at `data` where they moved."""
    config = run.config.data
    return config if data is None else dataclasses.replace(config, path=os.path.abspath(data))  # noqa: PTH100 (links stay links)
