"""What is read out of a weight file before there is a network for it."""

from typing import Any

import pytest
import torch

from atalho import networks
from atalho.errors import WeightsError
from atalho.networks.weights.contents import shape_of_head, shape_of_stem, weights_of


@pytest.mark.parametrize("contents", [{}, {"epoch": 3}, {"state_dict": {}}, {"model": {"state_dict": {"model": 1}}}])
def test_what_holds_no_weights_is_refused(contents: dict[str, Any]) -> None:
    with pytest.raises(WeightsError, match=r"not weights: .* Accepted: tensors by name"):
        weights_of(contents)


@pytest.mark.parametrize("name", ["resnet20", "densenet-bc-22-6", "preact20"])
def test_classes_and_channels_are_read_off_the_weights(name: str) -> None:
    state = networks.export_weights(networks.create(name, classes=7, in_channels=2), layout="atalho")
    assert shape_of_head(state) == 7
    assert shape_of_stem(state) == 2
    with pytest.raises(WeightsError, match=r"unknown layout of the weights: none of fc\.weight, .* names are x"):
        shape_of_head({"x": torch.zeros(2, 2)})


def test_weights_that_claim_more_than_they_hold_are_refused() -> None:
    claimed = torch.zeros(1).expand
    with pytest.raises(WeightsError, match=r"fc\.weight has 640,000,000 values, but the file holds fewer"):
        shape_of_head({"fc.weight": claimed(10**7, 64)})
    with pytest.raises(WeightsError, match="tell 70,000 classes apart; at most 65,536"):
        shape_of_head({"fc.weight": torch.zeros(70_000, 2)})
