from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from atalho.data import layouts
from atalho.data.decoding.reading import ReadingOptions
from atalho.data.decoding.survey import survey
from atalho.data.doctor.small import SIDE, Small, shrink

Tree = Callable[..., Path]


def shrunk(root: Path, workers: int | None = None) -> Small:
    manifest = layouts.read(root, val_fraction=0, test_fraction=0, split_seed=0)
    return shrink(manifest, survey(manifest), ReadingOptions(workers=workers))


@pytest.mark.parametrize("workers", [0, 1])
def test_grey_and_colourless_with_and_without_processes(tree: Tree, workers: int) -> None:
    root = tree("a/1.png", "b/1.png")
    Image.new("RGB", (50, 70), (200, 200, 200)).save(root / "a" / "2.png")
    Image.new("RGB", (50, 70), (255, 0, 0)).save(root / "b" / "2.png")
    small = shrunk(root, workers)
    assert small.grey.shape == (4, SIDE, SIDE)
    assert set(small.grey[1].ravel().tolist()) == {200}
    assert set(small.grey[3].ravel().tolist()) == {77}  # 0.299 of 255 (ITU-R 601), to a level
    assert small.colourless.tolist()[1::2] == [True, False]
    assert small.good.tolist() == [0, 1, 2, 3]


def test_damage_that_only_decoding_shows_is_found(tree: Tree) -> None:
    root = tree("a/1.png", "a/2.png", "b/1.png", "b/2.png", side=64)
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(root / "b" / "1.png")
    data = (root / "b" / "1.png").read_bytes()
    (root / "b" / "1.png").write_bytes(data[: len(data) // 2])
    (root / "a" / "2.png").write_bytes(b"")
    small = shrunk(root)
    assert [(image.name, str(image.reason).split(":")[0]) for image in small.bad] == [
        ("a/2.png", "the file is empty"),
        ("b/1.png", "truncated or damaged"),
    ]
    assert small.good.tolist() == [0, 3]
