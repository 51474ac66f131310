"""The images of a run, ready to be read: which there are, how large, and their pixels without the bad ones."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from atalho.config import Config, DataConfig
from atalho.data.dataset import Dataset
from atalho.data.decoding.fit import Fit
from atalho.data.decoding.packed import open_images
from atalho.data.decoding.reading import ReadingOptions
from atalho.data.decoding.survey import Survey, fingerprint, image_digests, survey
from atalho.data.doctor.twins import Alike
from atalho.data.duplicates import LeftOut
from atalho.data.images import Images
from atalho.data.manifest import NO_IDS, Ids, Manifest, refuse_bad
from atalho.data.preprocessing import Preprocessing, choose_size, usual_fit
from atalho.errors import ConfigError, DataError
from atalho.tasks.by_name import task_of
from atalho.tasks.task import Task
from atalho.text import Text, _, ngettext
from atalho.training.progress import Progress

_NAMED: Final = 10


@dataclass(frozen=True)
class SurveyedData:
    """Images whose headers were read: side and channels that suit them are known, no pixel is yet.

    With `data.fix_leaks` they were decoded all the same: `alike` are then known, and `left_out` are those that left.
    """

    manifest: Manifest
    survey: Survey
    size: int
    channels: int
    alike: Alike | None = None
    left_out: LeftOut | None = None

    @property
    def measured(self) -> Ids:
        """The images that accuracy is measured on: those of every split but train.

        Those that left such a split are among them, so that leaving decodes nothing again.
        """
        left = self.left_out.images.items() if self.left_out is not None else ()
        parts = [np.array(ids) for split, ids in (*self.manifest.splits.items(), *left) if split != "train"]
        return np.unique(np.concatenate([NO_IDS, *parts]))

    def without(self, left_out: LeftOut) -> "SurveyedData":
        """The same without images that leave their split because another one has them too."""
        manifest = left_out.apart(self.manifest)
        known = fingerprint(manifest, left_out.before.encode())
        return replace(self, manifest=manifest, survey=replace(self.survey, fingerprint=known), left_out=left_out)


def refuse_unnamed(config: Config) -> None:
    """ConfigError where no images were named: an empty path would mean the folder that one happens to be in."""
    if not config.data.path:
        raise ConfigError("No images given. Give a folder: atalho train FOLDER")


def survey_data(
    config: Config, progress: Progress, expected: str | None = None, left_out: LeftOut | None = None
) -> SurveyedData:
    """Find the images of a run and read their headers. Raises DataError where they cannot be used.

    Splits are made of what can be read, unless a run with the fingerprint `expected` made them of all images. What was
    `left_out` of that run is left out again where the images are the same as then. What the task cannot be learnt from
    is refused, with the reasons.
    """
    asked = config.data
    task = task_of(config.task)
    manifest = task.read(asked)
    announce(manifest, task, progress)
    if not len(manifest.splits.get("train", ())):
        raise DataError("{path}: no training images.", path=asked.path)
    surveyed = survey_manifest(manifest, asked, progress)
    if surveyed.survey.bad and surveyed.survey.fingerprint != (left_out.before if left_out is not None else expected):
        manifest = task.read(asked, [image.number for image in surveyed.survey.bad])
        known = fingerprint(manifest, surveyed.survey.digests.tobytes())
        surveyed = replace(surveyed, manifest=manifest, survey=replace(surveyed.survey, fingerprint=known))
    if left_out is not None and surveyed.survey.fingerprint == left_out.before:
        surveyed = surveyed.without(left_out)
        manifest = surveyed.manifest
    task.check_images(manifest.without(image.number for image in surveyed.survey.bad), config, surveyed.survey.digests)
    return surveyed


def announce(manifest: Manifest, task: Task, progress: Progress) -> None:
    """Say, before any image is opened, what was recognised on disk, and which classes or identities that makes."""
    if manifest.found is not None:
        progress.note(str(manifest.found))
    names = ", ".join(manifest.classes[:_NAMED]) + (", …" if len(manifest.classes) > _NAMED else "")
    progress.note(f"{task.page.several}: {names}")


def reading_options(config: DataConfig) -> ReadingOptions:
    """How the configuration asks to read image files."""
    return ReadingOptions(config.max_pixels, config.tiff, config.avif, config.workers, config.skip_bad, config.cache_gb)


def survey_manifest(manifest: Manifest, config: DataConfig, progress: Progress) -> SurveyedData:
    """Read the headers of a manifest's images. Bad ones are refused unless `skip_bad`."""
    found = survey(manifest, reading_options(config), progress=progress.work)
    if not config.skip_bad:
        refuse_bad(found.bad)
    return SurveyedData(manifest, found, config.size or choose_size(found), 1 if found.grey else 3)


def open_dataset(
    surveyed: SurveyedData,
    config: DataConfig,
    progress: Progress,
    *,
    channels: int,
    prepared: Preprocessing | None = None,
) -> Dataset:
    """The pixels of all images, from the cache where they fit. Bad ones are refused, or left out with `skip_bad`.

    They are kept as a trained network had them, where `prepared` is its preprocessing.
    """
    fit, images = decoded(surveyed, config, progress, channels=channels, prepared=prepared)
    if images.bad:
        count = len(images.bad)
        text = ngettext("{count} image left out: {names}", "{count} images left out: {names}", count)
        progress.note(text.format(count=count, names=", ".join(image.name for image in images.bad)))
    manifest = surveyed.manifest.without(image.number for image in images.bad)
    if "train" in manifest.splits:
        _refuse_empty_classes(manifest, surveyed.manifest)
    for note in _lost_classes(manifest, surveyed.manifest):
        progress.note(str(note))
    digests = image_digests(surveyed.manifest, surveyed.survey)
    return Dataset(manifest, images, surveyed.size, fit, surveyed.survey.fingerprint, digests)


def decoded(
    surveyed: SurveyedData, config: DataConfig, progress: Progress, *, channels: int, prepared: Preprocessing | None
) -> tuple[Fit, Images]:
    """Which square is kept of each image, and the pixels of all of them."""
    fit = usual_fit(surveyed.size) if prepared is None else prepared.fit_for(surveyed.size)
    options = reading_options(config)
    images = open_images(
        surveyed.manifest,
        surveyed.survey,
        options,
        fit=fit,
        channels=channels,
        measured=surveyed.measured,
        progress=progress.work,
    )
    return fit, images


def _lost_classes(manifest: Manifest, before: Manifest) -> Iterator[Text]:
    """What is said of classes that have no image left in a split that is measured on."""
    for split in manifest.splits.keys() - {"train"}:
        lost = np.flatnonzero((manifest.counts(split) == 0) & (before.counts(split) > 0))
        if len(lost):
            names = ", ".join(manifest.classes[label] for label in lost[:_NAMED])
            yield Text(
                "no image of {names} in {split} can be read, so {split} measures nothing for them",
                names=names,
                split=split,
            )


def _refuse_empty_classes(manifest: Manifest, before: Manifest) -> None:
    """A class or identity whose training images were all left out could never be learnt."""
    lost = np.flatnonzero((manifest.counts("train") == 0) & (before.counts("train") > 0))
    if len(lost):
        text = _("No training image of {names} can be read. Fix some of them, or remove the class.")
        raise DataError(text.format(names=", ".join(manifest.classes[label] for label in lost)))
