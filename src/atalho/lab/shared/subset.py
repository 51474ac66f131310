"""The images that an experiment measures on: some of a split, chosen by a seed, the same for every cell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from atalho import chance
from atalho.config import Config, DataConfig
from atalho.data import layouts
from atalho.data.dataset import Dataset
from atalho.data.images import Images
from atalho.data.manifest import Ids
from atalho.data.order import in_order
from atalho.data.preprocessing import Preprocessing
from atalho.errors import ConfigError, DataError
from atalho.lab.shared import trained
from atalho.lab.shared.trained import TrainedNetwork
from atalho.model import Model
from atalho.precision import Precision
from atalho.runs.dataset import open_dataset, survey_data, survey_manifest
from atalho.runs.run import run_with_images
from atalho.training.progress import Progress

Split = Literal["train", "test"]


@dataclass(frozen=True)
class Subset:
    """Images by their ids, in order. `fingerprint` is that of all the images that they were chosen from."""

    images: Images
    ids: Ids
    labels: Tensor
    """(N,) class indices."""
    preprocessing: Preprocessing
    fingerprint: str

    def batches(self, size: int, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        """Images (B,C,S,S) as the network takes them, with class indices (B,), in order; B ≤ size."""
        first = 0
        for ids, pixels in self.images.iterate(in_order(self.ids, size)):
            images = self.preprocessing.apply(pixels.to(device))
            yield images, self.labels[first : first + len(ids)].to(device)
            first += len(ids)

    def chance_level(self) -> float:
        """The accuracy of an answer that is always the most frequent class."""
        return float(self.labels.bincount().max() / len(self.labels))


@dataclass(frozen=True)
class MeasuredOn:
    """What decides a cell beside what is done in it: the weights, the images, and how this machine computes."""

    subjects: dict[str, str]
    """The networks: the SHA-256 of each one's weights by its name."""
    data: str
    """Fingerprint of the images that those measured on were chosen from."""
    images: int
    """How many were measured on."""
    precision: str
    """Device and number type."""
    threads: int
    """Threads of PyTorch."""
    torch: str
    """Version of PyTorch."""


def describe(networks: Sequence[TrainedNetwork], chosen: Subset) -> MeasuredOn:
    """Which networks are measured on which images, and how."""
    return MeasuredOn(
        subjects={one.name: one.digest for one in networks},
        data=chosen.fingerprint,
        images=len(chosen.ids),
        precision=str(networks[0].model.precision),
        threads=torch.get_num_threads(),
        torch=torch.__version__,
    )


def of_runs(
    runs: Sequence[Path | str],
    data: Path | str | None,
    split: Split,
    *,
    count: int,
    seed: int,
    precision: Precision,
    progress: Progress,
) -> tuple[list[TrainedNetwork], Subset]:
    """The trained networks at `runs`, and `count` images that all are measured on: of `data`, else the first's own.

    Raises ConfigError, DataError and WeightsError as `trained.read`, `data_of` and `of_model` do.
    """
    networks = trained.read(runs, precision)
    named = data_of(runs[0], data)
    return networks, of_model(networks[0].model, named, split, count=count, seed=seed, progress=progress)


def data_of(run: Path | str, data: Path | str | None) -> Path:
    """The images to measure on: those named, else those that the run was trained on.

    Raises ConfigError for a model folder by itself, of which nobody knows the images any more.
    """
    if data is not None:
        return Path(data)
    return Path(run_with_images(run).config.data.path)


def of_model(loaded: Model, data: Path, split: Split, *, count: int, seed: int, progress: Progress) -> Subset:
    """`count` images of a split of `data` (all, where there are not so many), labelled by the model's classes.

    Raises DataError where the images cannot be used or their classes are not the model's.
    """
    prepared = loaded.card.preprocessing
    config = DataConfig(
        path=str(data),
        size=prepared.size,
        max_pixels=prepared.max_pixels,
        tiff=prepared.tiff,
        avif=prepared.avif,
    )
    surveyed = (
        survey_data(Config(data=config), progress)
        if split == "train"
        else survey_manifest(layouts.read_test(data, loaded.classes), config, progress)
    )
    if surveyed.manifest.classes != loaded.classes:
        raise DataError(
            "The classes of {path} differ from the model's: {given} in the data, {wanted} in the model.",
            path=data,
            given=", ".join(surveyed.manifest.classes[:10]),
            wanted=", ".join(loaded.classes[:10]),
        )
    pixels = open_dataset(surveyed, config, progress, channels=prepared.channels, prepared=prepared)
    return choose(pixels, split, prepared, count=count, seed=seed)


def choose(pixels: Dataset, split: Split, prepared: Preprocessing, *, count: int, seed: int) -> Subset:
    """`count` images of a split at random, in the order of their ids."""
    if count < 1:
        raise ConfigError("--images {given} is not accepted: it must be at least 1.", given=count)
    ids = np.sort(chance.permutation(seed, "subset", 0, pixels.manifest.splits[split])[:count])
    labels = torch.from_numpy(pixels.manifest.labels[ids])
    return Subset(pixels.images, ids, labels, prepared, pixels.fingerprint)
