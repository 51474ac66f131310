"""The images that an experiment measures on: which, in what order, and prepared as the network takes them."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from atalho.errors import ConfigError, DataError
from atalho.lab.shared import subset
from atalho.model import load
from atalho.training.progress import Progress

Twins = tuple[Path, Path]


def test_the_same_seed_chooses_the_same_images(twins: Twins, clothes: Path) -> None:
    model = load(twins[0])

    def choose(count: int, seed: int) -> list[int]:
        found = subset.of_model(model, clothes, "test", count=count, seed=seed, progress=Progress())
        return found.ids.tolist()

    assert choose(20, 0) == choose(20, 0) == sorted(choose(20, 0))
    assert choose(20, 0) != choose(20, 1)
    assert len(choose(1000, 0)) == 60  # all that there are


def test_batches_are_what_the_network_takes(twins: Twins, clothes: Path) -> None:
    model = load(twins[0])
    found = subset.of_model(model, clothes, "test", count=20, seed=0, progress=Progress())
    batches = list(found.batches(8, torch.device("cpu")))
    assert [len(targets) for _images, targets in batches] == [8, 8, 4]
    assert torch.equal(torch.cat([targets for _images, targets in batches]), found.labels)
    folder = sorted(clothes.glob("test/*/*.png"))
    own = model._inputs(torch.cat([model.pixels(folder[k]) for k in found.ids]))
    torch.testing.assert_close(torch.cat([images for images, _targets in batches]), own)


def test_training_images_are_of_the_training_split(twins: Twins, clothes: Path) -> None:
    found = subset.of_model(load(twins[0]), clothes, "train", count=30, seed=0, progress=Progress())
    assert len(found.ids) == 30 and len(np.unique(found.ids)) == 30
    assert 1 / 3 <= found.chance_level() < 0.7


def test_the_runs_own_images_unless_others_are_named(twins: Twins, clothes: Path, tmp_path: Path) -> None:
    assert subset.data_of(twins[0], None) == clothes
    assert subset.data_of(twins[0], "elsewhere") == Path("elsewhere")
    alone = shutil.copytree(twins[0] / "model", tmp_path / "alone")
    with pytest.raises(ConfigError, match=r"is a model without its run\. Give images"):
        subset.data_of(alone, None)


def test_other_classes_are_refused(twins: Twins, fashion: Path) -> None:
    with pytest.raises(DataError, match=r"The classes of .* differ from the model's"):
        subset.of_model(load(twins[0]), fashion, "train", count=5, seed=0, progress=Progress())
