"""A box says its layer as the article's figure does, and knows what leaves it."""

import pytest

from atalho.report.drawing.segments import LayerBox, Size
from atalho.text import speaking


@pytest.mark.parametrize(
    ("layer", "label"),
    [
        (LayerBox("conv", 64, 7, 2), "7×7 conv, 64, /2"),
        (LayerBox("conv", 64, 3), "3×3 conv, 64"),
        (LayerBox("linear", 256), "linear, 256"),
        (LayerBox("max-pool", 64, 3, 2), "3×3 max pool, /2"),
        (LayerBox("average-pool", 64, 2, 2), "2×2 average pool, /2"),
        (LayerBox("dropout", share=0.2), "dropout 0.20"),
        (LayerBox("classifier", 1000), "classifier, 1000"),
    ],
)
def test_labels(layer: LayerBox, label: str) -> None:
    assert layer.label() == label
    assert speaking("pt")(layer.label)() != "" and "{" not in speaking("pt")(layer.label)()


@pytest.mark.parametrize(
    ("layer", "before", "after"),
    [
        (LayerBox("conv", 64, 7, 2), (224, 224), (112, 112)),
        (LayerBox("conv", 64, 3, 2), (7, 5), (4, 3)),  # padding keeps the odd pixel
        (LayerBox("average-pool", 64, 2, 2), (7, 5), (3, 2)),  # there is none
        (LayerBox("conv", 64, 3), (9, 9), (9, 9)),
        (LayerBox("global-pool"), (7, 7), (0, 0)),
    ],
)
def test_sizes(layer: LayerBox, before: Size, after: Size) -> None:
    assert layer.size_after(before) == after
