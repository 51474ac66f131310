import copy

import pytest
import torch

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


@pytest.mark.parametrize("shape", [(2, 1, 32, 32), (3, 32, 32)])
def test_images_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match=r"images of shape .*: this network takes \(N, 3, H, W\)"):
        networks.create("resnet20")(torch.randn(shape))
