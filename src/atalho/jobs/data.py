"""The images of a run, ready to be read: manifest, survey, size, packed pixels and their mean and deviation."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from atalho.config import DataConfig
from atalho.data import layouts, packed, sizes
from atalho.data.manifest import Manifest
from atalho.data.packed import Images
from atalho.data.survey import Survey, survey
from atalho.storage.model_folder import Preprocessing
from atalho.training.progress import Progress


@dataclass(frozen=True)
class Surveyed:
    """Images that were looked at: which there are, how large, and the side and channels that suit them."""

    manifest: Manifest
    survey: Survey
    size: int
    channels: int


def look(config: DataConfig, progress: Progress) -> Surveyed:
    """Find the images and read their headers. Raises DataError where there is nothing to train on."""
    manifest = layouts.read(
        Path(config.path),
        val_fraction=config.val_fraction,
        test_fraction=config.test_fraction,
        split_seed=config.split_seed,
    )
    return look_at(manifest, config, progress)


def look_at(manifest: Manifest, config: DataConfig, progress: Progress) -> Surveyed:
    """Read the headers of a manifest's images."""
    found = survey(
        manifest,
        max_pixels=config.max_pixels,
        tiff=config.tiff,
        workers=config.workers,
        progress=progress.work,
    )
    return Surveyed(manifest, found, config.size or sizes.choose_size(found), 1 if found.grey else 3)


def open_pixels(data: Surveyed, config: DataConfig, progress: Progress, *, side: int, channels: int) -> Images:
    """The pixels of all images, from the cache where they fit. Bad images refuse unless `skip_bad`."""
    return packed.open_images(
        data.manifest,
        data.survey,
        side=side,
        channels=channels,
        cache_gb=config.cache_gb,
        workers=config.workers,
        skip_bad=config.skip_bad,
        progress=progress.work,
    )


def preprocessing(images: Images, ids: np.ndarray, size: int, channels: int) -> Preprocessing:
    """How images become inputs: the mean and deviation are those of the training images."""
    mean, std = sizes.statistics(images, ids)
    return Preprocessing(size=size, resize=images.side, channels=channels, mean=mean, std=std)  # type: ignore[arg-type]
