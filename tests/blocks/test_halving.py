"""What halves the size, against other implementations of the same."""

from dataclasses import replace

import pytest
import timm
import torch
import torch.nn.functional as F

from atalho import networks
from atalho.blocks.halving import BlurPool
from atalho.errors import ConfigError
from atalho.networks import catalogue
from atalho.networks.spec import ResNetSpec, from_dict, to_dict


def with_halving(name: str, halving: str, **values: object) -> ResNetSpec:
    return replace(catalogue.spec(name), halving=halving, **values)  # type: ignore[return-value, arg-type]


@pytest.mark.parametrize("size", [(6, 6), (7, 5), (2, 9)])
def test_blur_pooling_is_the_binomial_filter_at_every_second_pixel(size: tuple[int, int]) -> None:
    x = torch.randn(2, 3, *size)
    kernel = torch.tensor([1.0, 2, 1]).outer(torch.tensor([1.0, 2, 1])) / 16
    expected = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel.expand(3, 1, 3, 3), stride=2, groups=3)
    assert torch.allclose(BlurPool()(x), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("theirs", "halving"), [("resnetaa50", "average"), ("resnetblur18", "blur"), ("resnetblur50", "blur")]
)
def test_outputs_are_those_of_timm(theirs: str, halving: str) -> None:
    peer = timm.create_model(theirs, pretrained=False, num_classes=7).eval()
    own = networks.create(with_halving(theirs.replace("aa", "").replace("blur", ""), halving, classes=7)).eval()
    networks.import_weights(own, peer.state_dict())
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        expected = peer(x)
        assert (own(x) - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_the_stride_in_the_first_convolution() -> None:
    network = networks.create(with_halving("resnet50", "first-convolution"))
    block = network.get_submodule("stages.1.0.residual")
    assert [block.get_submodule(name).stride for name in ("conv1", "conv2")] == [(2, 2), (1, 1)]


@pytest.mark.parametrize("stem", ["small", "large"])
@pytest.mark.parametrize("halving", ["first-convolution", "average", "blur"])
def test_every_kind_halves_and_learns(stem: str, halving: str) -> None:
    network = networks.create(with_halving("resnet18", halving, stem=stem, classes=4))
    x = torch.randn(2, 3, 64, 64)
    assert network.features(x).shape[2:] == (64 // network.spec.plan().stride,) * 2
    network(x).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_the_stem_of_some_authors() -> None:
    x = torch.randn(1, 3, 32, 32)
    small, pooled = (networks.create("resnet18", stem=stem).eval() for stem in ("small", "small-pool"))
    pooled.load_state_dict(small.state_dict())
    assert torch.equal(pooled.stem(x), F.max_pool2d(small.stem(x), 3, 2, 1))
    linear = networks.create("resnet18", stem="large-linear").eval()
    assert (linear.stem.norm(linear.stem.conv(x)) < 0).any()
    assert torch.equal(linear.stem(x), F.max_pool2d(linear.stem.norm(linear.stem.conv(x)), 3, 2, 1))


def test_a_spec_says_it_only_where_it_is_not_the_usual_one() -> None:
    assert "halving" not in to_dict(catalogue.spec("resnet50"))
    blurred = with_halving("resnet50", "blur")
    assert to_dict(blurred)["halving"] == "blur"
    assert from_dict(to_dict(blurred)) == blurred


@pytest.mark.parametrize("change", [{"halving": "blur"}, {"stem": "small-pool"}, {"stem": "large-linear"}])
def test_preactivation_has_the_usual_ones_alone(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="networks with pre-activation only support halving 'convolution'"):
        replace(catalogue.spec("preact18"), **change)  # type: ignore[type-var]


def test_a_dense_network_has_two_stems() -> None:
    with pytest.raises(ConfigError, match="stem = 'small-pool' is not accepted"):
        networks.create("densenet121", stem="small-pool")
