"""What a run knows of images that its network, or the one it started from, has trained on.

It begins with the images of the model it starts from and its own training images, and grows when these change.
"""

from pathlib import Path

import numpy as np

from atalho.data.dataset import Dataset
from atalho.data.manifest import NO_IDS, Ids
from atalho.storage import atomic, model_folder, run_folder, trained_images
from atalho.storage.trained_images import Contents
from atalho.text import ngettext
from atalho.text.numbers import whole
from atalho.training.progress import Progress


def remember(run: Path, dataset: Dataset, start: Path | None = None) -> None:
    """Write to `run` that it trains on the training images of `dataset`, and what the model `start` says of its own."""
    before = [trained_images.read(folder) for folder in (run, start) if folder is not None]
    trained = _contents(dataset)[dataset.manifest.splits["train"]]
    atomic.write_file(run / run_folder.TRAINED_ON, trained_images.file_content(*before, trained), run)


def warn(start: Path, dataset: Dataset, progress: Progress) -> None:
    """Say before a training how many of the images it will be measured on the model `start` has trained on."""
    seen = seen_ids(start, dataset)
    for split in ("val", "test"):
        count = len(np.intersect1d(dataset.manifest.splits.get(split, NO_IDS), seen))
        if count:
            text = ngettext(
                "{start} has trained on {count} image of {split}: it is not new to this network",
                "{start} has trained on {count} images of {split}: they are not new to this network",
                count,
            )
            progress.note(text.format(start=model_folder.name_of(start), count=whole(count), split=split))


def seen_ids(folder: Path, dataset: Dataset) -> Ids:
    """The ids of `dataset` whose content the network of `folder`, a run or model folder, has trained on."""
    return np.flatnonzero(np.isin(_contents(dataset), trained_images.read(folder)))


def _contents(dataset: Dataset) -> Contents:
    return trained_images.contents(dataset.digests)
