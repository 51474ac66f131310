"""A box says its layer as the article's figure does, and knows what leaves it."""

import pytest

from atalho.report.drawing.layers import Layer, Size
from atalho.text import speaking


@pytest.mark.parametrize(
    ("layer", "label"),
    [
        (Layer("conv", 64, 7, 2), "7×7 conv, 64, /2"),
        (Layer("conv", 64, 3), "3×3 conv, 64"),
        (Layer("linear", 256), "linear, 256"),
        (Layer("max-pool", 64, 3, 2), "3×3 max pool, /2"),
        (Layer("average-pool", 64, 2, 2), "2×2 average pool, /2"),
        (Layer("dropout", share=0.2), "dropout 0.20"),
        (Layer("classifier", 1000), "classifier, 1000"),
    ],
)
def test_labels(layer: Layer, label: str) -> None:
    assert layer.label() == label
    assert speaking("pt")(layer.label)() != "" and "{" not in speaking("pt")(layer.label)()


@pytest.mark.parametrize(
    ("layer", "before", "after"),
    [
        (Layer("conv", 64, 7, 2), (224, 224), (112, 112)),
        (Layer("conv", 64, 3, 2), (7, 5), (4, 3)),  # padding keeps the odd pixel
        (Layer("average-pool", 64, 2, 2), (7, 5), (3, 2)),  # there is none
        (Layer("conv", 64, 3), (9, 9), (9, 9)),
        (Layer("global-pool"), (7, 7), (0, 0)),
    ],
)
def test_sizes(layer: Layer, before: Size, after: Size) -> None:
    assert layer.size_after(before) == after
