import tomllib

import pytest
import torch
from torch import nn

from atalho import networks
from atalho.errors import ConfigError
from atalho.networks.build import build
from atalho.networks.spec import from_dict


def size(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


PUBLISHED = {
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "densenet121": 7_978_856,
    "densenet169": 14_149_480,
    "densenet201": 20_013_928,
    "densenet161": 28_681_000,
    "resnet20": 269_722,
    "resnet32": 464_154,
    "resnet44": 658_586,
    "resnet56": 853_018,
    "resnet110": 1_727_962,
}
# By hand: the convolutions of the stem and of three blocks, two numbers for each channel of a norm, a classifier.
CONVOLUTIONS = 9 * (3 * 32 + 32 * 64 + 2 * 64 * 64 + (64 + 128) * 128 + (128 + 256) * 256)
NORMS = 2 * (32 + 64 + 2 * (64 + 128 + 256))
PROJECTIONS = (64 * 128 + 2 * 128) + (128 * 256 + 2 * 256)
MINUTES = {
    "plain9": CONVOLUTIONS + NORMS + 256 * 10 + 10,
    "resnet9": CONVOLUTIONS + NORMS + PROJECTIONS + 256 * 10 + 10,
}


@pytest.mark.parametrize(("name", "parameters"), (PUBLISHED | MINUTES).items())
def test_parameters_to_the_digit(name: str, parameters: int) -> None:
    classes = 10 if parameters < 2_000_000 else 1000
    with torch.device("meta"):
        assert size(networks.create(name, classes=classes)) == parameters


@pytest.mark.parametrize(
    ("name", "millions"), [("densenet-bc-100-12", 0.8), ("densenet-bc-250-24", 15.3), ("densenet-bc-190-40", 25.6)]
)
def test_parameters_of_densenet_bc_as_published(name: str, millions: float) -> None:
    with torch.device("meta"):
        assert round(size(networks.create(name)) / 1e6, 1) == millions


def test_option_b_adds_only_the_projections() -> None:
    added = size(networks.create("resnet20", shortcut="projection")) - size(networks.create("resnet20"))
    assert added == (16 * 32 + 2 * 32) + (32 * 64 + 2 * 64)


def test_another_depth_and_width_from_toml() -> None:
    network = build(
        from_dict(
            tomllib.loads("""
        family = "resnet"
        design = "preactivation-bottleneck"
        blocks = [1, 2]
        widths = [8, 16]
        narrowing = 2
        stem = "small"
        stem_channels = 4
        classes = 5
        in_channels = 2
    """)
        )
    )
    assert network(torch.randn(3, 2, 12, 12)).shape == (3, 5)
    assert network.features(torch.randn(3, 2, 12, 12)).shape == (3, 16, 6, 6)
    assert [name for name, _ in network.blocks()] == ["stages.0.0", "stages.1.0", "stages.1.1"]


@pytest.mark.parametrize("in_channels", [1, 3, 6])
@pytest.mark.parametrize("name", ["resnet20", "densenet-bc-22-6", "mlp6"])
def test_images_of_any_number_of_channels(name: str, in_channels: int) -> None:
    network = networks.create(name, in_channels=in_channels)
    assert network(torch.randn(2, in_channels, 16, 16)).shape == (2, 10)


def test_the_seed_of_torch_decides_all_weights_and_nothing_else_does() -> None:
    torch.manual_seed(3)
    first = networks.create("resnet20").state_dict()
    torch.manual_seed(3)
    again = networks.create("resnet20").state_dict()
    other = networks.create("resnet20").state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["stem.conv.weight"], other["stem.conv.weight"])


def test_nothing_is_allocated_on_the_meta_device() -> None:
    with torch.device("meta"):
        assert all(tensor.is_meta for tensor in networks.create("resnet152").state_dict().values())


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"network 'resnet35' is not in the catalogue\. Did you mean .*resnet34"):
        networks.create("resnet35")


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'creat'"):
        networks.creat  # noqa: B018
