"""What is found in a weight file before there is a network for it."""

from typing import Any

import pytest
import torch

from atalho import networks
from atalho.errors import WeightsError
from atalho.networks.weights import head_of, recognise, spec_of, weights_of

TWO = {"a.weight": torch.zeros(2, 2), "b.weight": torch.zeros(2)}
AVERAGED = {name: torch.ones_like(values) for name, values in TWO.items()}


@pytest.mark.parametrize("contents", [{}, {"epoch": 3}, {"state_dict": {}}, {"model": {"state_dict": {"model": 1}}}])
def test_what_holds_no_weights_is_refused(contents: dict[str, Any]) -> None:
    with pytest.raises(WeightsError, match=r"not weights: .* Accepted: tensors by name"):
        weights_of(contents)


@pytest.mark.parametrize("nest", ["state_dict", "model_state_dict", "net", "network", "anything"])
def test_weights_are_where_most_tensors_are(nest: str) -> None:
    contents = {nest: TWO, "optimizer": {"state": {0: {"momentum_buffer": torch.zeros(2)}}}, "best": torch.tensor(0.9)}
    assert weights_of(contents) == TWO


@pytest.mark.parametrize("name", ["state_dict_ema", "ema_state_dict", "teacher", "model_averaged", "swa_model"])
def test_averaged_weights_are_preferred(name: str) -> None:
    assert weights_of({"state_dict": TWO, name: AVERAGED, "student": TWO}) == AVERAGED
    # Not where it is a remainder, such as the averages of one layer.
    assert weights_of({"state_dict": TWO | {"c": TWO["b.weight"], "d": TWO["b.weight"]}, name: {"x": TWO["b.weight"]}})


def test_weights_that_claim_more_than_they_hold_are_refused() -> None:
    with pytest.raises(WeightsError, match=r"fc\.weight has 640,000,000 values, but the file holds fewer"):
        weights_of({"fc.weight": torch.zeros(1).expand(10**7, 64)})


def test_many_names_for_the_same_numbers_are_refused() -> None:
    shared = torch.zeros(2**18)
    assert len(weights_of({"a": shared, "b": shared})) == 2
    with pytest.raises(WeightsError, match=r"the weights have 10,485,760 bytes .* the file holds 1,048,576"):
        weights_of({str(place): shared for place in range(10)})


@pytest.mark.parametrize("values", [torch.zeros(2, 2).to_sparse(), torch.zeros(2, device="meta"), torch.zeros(2) + 1j])
def test_tensors_of_other_kinds_are_refused(values: torch.Tensor) -> None:
    with pytest.raises(WeightsError, match="not weights: x is not a dense tensor of real numbers"):
        weights_of({"x": values, "y": torch.zeros(2)})


@pytest.mark.parametrize(
    "name", ["resnet18", "resnet20", "resnet50", "wide_resnet50_2", "densenet121", "densenet-bc-22-6"]
)
def test_the_network_is_read_off_the_shapes(name: str) -> None:
    network = networks.create(name, classes=7, in_channels=1)
    found = recognise(networks.export_weights(network))
    spec = spec_of(found.body)
    assert networks.specify(spec, classes=7) == network.spec
    assert head_of(found, spec.plan().out_channels).classes == 7


def test_what_no_layout_knows_is_named() -> None:
    with pytest.raises(WeightsError, match=r"unknown layout of the weights: the first names are x, y"):
        recognise({"x": torch.zeros(2, 2), "y": torch.zeros(1)})
