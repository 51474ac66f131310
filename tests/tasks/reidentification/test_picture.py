"""The picture of embeddings: which images are drawn, which identities are told apart, and what is no picture."""

from pathlib import Path

import numpy as np
import pytest
import torch

from atalho import stored
from atalho.data.manifest import Manifest
from atalho.tasks.reidentification.picture import MARKED, EmbeddingPicture, picture_of


def _manifest(counts: list[int], names: list[str] | None = None) -> Manifest:
    labels = np.repeat(np.arange(len(counts)), counts)
    return Manifest(
        root=Path(),
        layout="market",
        classes=tuple(names or [f"i{place:04}" for place in range(len(counts))]),
        names=tuple(map(str, range(len(labels)))),
        labels=labels,
        splits={"test": np.arange(len(labels))},
    )


def _picture(manifest: Manifest, dimension: int = 5) -> EmbeddingPicture | None:
    vectors = torch.randn(len(manifest.names), dimension, generator=torch.Generator().manual_seed(0))
    return picture_of(vectors, manifest.splits["test"], manifest)


def test_the_largest_identities_are_told_apart_and_few_images_are_drawn() -> None:
    picture = _picture(_manifest([3] * 400 + [40] * 2 + [5] * 10))
    assert picture is not None
    assert [one.identity for one in picture.marked] == [
        "i0400",
        "i0401",
        *(f"i{place:04}" for place in range(402, 408)),
    ]
    assert [len(one.points) for one in picture.marked] == [25, 25, *[5] * (MARKED - 2)]
    assert len(picture.others) == 500 - 80
    assert stored.from_json(EmbeddingPicture, stored.to_json(picture)) == picture


def test_distractors_are_nobody() -> None:
    names = ["distractor", "a", "b"]
    from atalho.data.layouts.identities import DISTRACTOR

    names[0] = DISTRACTOR
    picture = _picture(_manifest([9, 2, 2], names))
    assert picture is not None
    assert [one.identity for one in picture.marked] == ["a", "b"]
    assert len(picture.others) == 9


@pytest.mark.parametrize(("count", "drawn"), [(0, False), (2, False), (3, True)])
def test_fewer_than_three_images_are_no_picture(count: int, drawn: bool) -> None:
    assert (_picture(_manifest([count])) is not None) == drawn


def test_one_dimension_is_a_line() -> None:
    picture = _picture(_manifest([4]), 1)
    assert picture is not None
    assert picture.dimension == 1
    assert all(up == 0 for one in picture.marked for _across, up in one.points)
