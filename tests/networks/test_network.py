import copy

import pytest
import torch
import torchvision
from torch import Tensor, nn

from atalho import networks
from atalho.errors import ConfigError


@pytest.mark.parametrize("name", ["resnet20", "preact20", "plain20", "densenet-bc-22-6", "mlp6"])
def test_features_then_embedding_then_logits(name: str) -> None:
    network = networks.create(name, classes=7).eval()
    x = torch.randn(2, 3, 32, 32)
    features = network.features(x)
    assert features.ndim == 4
    assert torch.equal(network.embedding(x), network.head.embedding(features))
    assert network.embedding(x).shape == features.shape[:2]
    assert torch.equal(network(x), network.head(features))
    assert network(x).shape == (2, 7)


@pytest.mark.parametrize("name", ["resnet20", "densenet-bc-22-6", "mlp6"])
def test_return_types_do_not_depend_on_the_mode(name: str) -> None:
    network = networks.create(name)
    x = torch.randn(2, 3, 16, 16)
    for call in (network, network.features, network.embedding):
        assert call(x).shape == (network.eval(), call(x))[1].shape
        network.train()


def test_blocks_have_the_names_of_their_modules() -> None:
    network = networks.create("densenet-bc-22-6")
    assert all(network.get_submodule(name) is block for name, block in network.blocks())
    assert len(dict(network.blocks())) == 5


def test_a_copy_is_independent() -> None:
    network = networks.create("resnet20").eval()
    x = torch.randn(1, 3, 16, 16)
    before = network(x)
    for _name, block in copy.deepcopy(network).blocks():
        block.silence()  # type: ignore[operator]
    assert torch.equal(network(x), before)


def test_channels_last_is_kept_to_the_last_features() -> None:
    for name in ("resnet20", "preact20", "densenet-bc-22-6"):
        network = networks.create(name).to(memory_format=torch.channels_last)
        features = network.features(torch.randn(2, 3, 16, 16).to(memory_format=torch.channels_last))
        assert features.is_contiguous(memory_format=torch.channels_last)


def kept_for_backward(network: nn.Module, x: Tensor) -> int:
    """Bytes of the different tensors that autograd keeps, without the parameters."""
    parameters = {p.untyped_storage().data_ptr() for p in network.parameters()}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        return kept.setdefault(tensor.untyped_storage().data_ptr(), tensor)

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(x)
    return sum(t.untyped_storage().nbytes() for place, t in kept.items() if place not in parameters)


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "densenet121"])
def test_training_keeps_no_more_than_torchvisions_network(name: str) -> None:
    """In a dense block that is two quadratic sets of features: the concatenations, and the ReLUs after their norms."""
    x = torch.randn(2, 3, 64, 64)
    peer = torchvision.models.get_model(name, weights=None)
    assert kept_for_backward(networks.create(name), x) <= kept_for_backward(peer, x)


def test_a_plain_network_keeps_as_much_as_its_residual_twin() -> None:
    x = torch.randn(2, 3, 16, 16)
    assert kept_for_backward(networks.create("plain20"), x) == kept_for_backward(networks.create("resnet20"), x)


@pytest.mark.parametrize("name", ["resnet20", "plain20", "preact20", "densenet-bc-10-4", "mlp6"])
def test_a_network_can_be_exported_with_any_number_of_images(name: str) -> None:
    network = networks.create(name).eval()
    images = torch.export.Dim("images", min=2, max=64)
    exported = torch.export.export(network, (torch.randn(3, 3, 32, 32),), dynamic_shapes=({0: images},)).module()
    x = torch.randn(7, 3, 32, 32)
    torch.testing.assert_close(exported(x), network(x))


@pytest.mark.parametrize("shape", [(2, 1, 32, 32), (3, 32, 32)])
def test_images_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match=r"images of shape .*: expected \(N, 3, H, W\)"):
        networks.create("resnet20")(torch.randn(shape))
