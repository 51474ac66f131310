"""The lesions of one network: which there are, under what names, and what a cell holds."""

from pathlib import Path

import numpy as np
import torch

from atalho.lab.lesion import cut
from atalho.lab.shared import subset, trained
from atalho.precision import choose
from atalho.training.progress import Progress

Twins = tuple[Path, Path]


def test_every_lesion_has_a_name_of_its_own(twins: Twins) -> None:
    for one in trained.read(twins, choose("cpu", "fp32")):
        cuts = cut.every(one, (2, 2, 3), 4, 0)
        names = [each.cell for each in cuts]
        assert len(set(names)) == len(names)
        assert names[0] == f"{one.name}.whole"
        assert f"{one.name}.remove.stages.1.2" in names and f"{one.name}.random.3.1" in names
        assert sum(each.kind == "random" for each in cuts) == 8


def test_twins_lose_the_same_blocks_at_random(twins: Twins) -> None:
    residual, plain = (cut.every(one, (2,), 5, 0) for one in trained.read(twins, choose("cpu", "fp32")))
    at_random = [[each.names for each in cuts if each.kind == "random"] for cuts in (residual, plain)]
    assert at_random[0] == at_random[1] and len(set(at_random[0])) > 1


def test_a_cell_says_which_images_are_right(twins: Twins, clothes: Path) -> None:
    one = trained.read(twins[:1], choose("cpu", "fp32"))[0]
    chosen = subset.of_model(one.model, clothes, "test", count=21, seed=0, progress=Progress())
    for each in cut.every(one, (), 2, 0):
        with each.applied() as network, torch.no_grad():
            images = torch.cat([images for images, _targets in chosen.batches(21, torch.device("cpu"))])
            right = (network(images).argmax(1) == chosen.labels).numpy()
        assert np.array_equal(cut.measure(each, chosen).images(21), right)
