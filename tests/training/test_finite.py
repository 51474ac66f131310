"""Numbers that are not finite: whether there are any, and where."""

import pytest
import torch

from atalho import networks
from atalho.errors import NotFiniteError
from atalho.precision import choose
from atalho.training import finite
from atalho.training.finite import explain

FP32 = choose("cpu", "fp32")
IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=["one by one", "at once"], autouse=True)
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to look at all gradients: that of the CPU, and that of a GPU, which the CPU knows too."""
    if request.param == "at once":
        monkeypatch.setattr(finite, "all_finite", finite.all_finite_at_once)


def _network_with_gradients() -> networks.Network:
    network = networks.create("resnet20")
    network(IMAGES).sum().backward()
    return network


def check(loss: torch.Tensor, network: networks.Network, images: torch.Tensor, step: int, names: list[str]) -> None:
    """What the loop does before it counts a step."""
    if not finite.all_finite(loss, network):
        raise explain(loss.item(), network, images, FP32, step, names)


def test_finite_numbers_pass() -> None:
    check(torch.tensor(1.0), _network_with_gradients(), IMAGES, 3, ["a.png"])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_bad_loss_names_step_and_files(value: float) -> None:
    with pytest.raises(NotFiniteError, match=r"Step 7: the loss is .*first in the loss.*a\.png, b\.png"):
        check(torch.tensor(value), _network_with_gradients(), IMAGES, 7, ["a.png", "b.png"])


def test_of_bad_gradients_the_one_next_to_the_loss_is_named() -> None:
    network = _network_with_gradients()
    for name, parameter in network.named_parameters():
        if name in ("stages.1.0.residual.conv1.weight", "stages.2.0.residual.conv1.weight"):
            assert parameter.grad is not None
            parameter.grad[0, 0, 0, 0] = float("nan")
    with pytest.raises(NotFiniteError, match=r"first in stages\.2\.0\.residual\.conv1\.weight"):
        check(torch.tensor(1.0), network, IMAGES, 0, ["a.png"])


def _weight(network: networks.Network, name: str) -> torch.Tensor:
    return network.get_parameter(f"stages.1.0.residual.{name}.weight")


def test_a_bad_weight_and_a_bad_image_are_named() -> None:
    network = _network_with_gradients()
    with torch.no_grad():
        _weight(network, "conv1")[0, 0, 0, 0] = float("inf")
    with pytest.raises(NotFiniteError, match=r"first in stages\.1\.0\.residual\.conv1\.weight"):
        check(torch.tensor(float("nan")), network, IMAGES, 0, ["a.png"])
    with pytest.raises(NotFiniteError, match="first in the images"):
        check(torch.tensor(float("nan")), network, IMAGES * float("nan"), 0, ["a.png"])


def test_a_layer_that_overflows_is_named() -> None:
    network = _network_with_gradients()
    with torch.no_grad():
        _weight(network, "conv2").fill_(3e38)
    with pytest.raises(NotFiniteError, match=r"first in stages\.1\.0\.residual\.conv2"):
        check(torch.tensor(float("nan")), network, IMAGES, 0, ["a.png"])


def test_many_files_are_cut_short() -> None:
    with pytest.raises(NotFiniteError) as caught:
        names = [f"{i}.png" for i in range(128)]
        check(torch.tensor(float("nan")), _network_with_gradients(), IMAGES, 0, names)
    assert "7.png, …" in str(caught.value)
    assert "8.png" not in str(caught.value)
