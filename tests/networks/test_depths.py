import pytest

from atalho.errors import ConfigError
from atalho.networks import catalogue
from atalho.networks.depths import by_depth
from atalho.networks.plan import plan
from atalho.networks.spec import MLPSpec, ResNetSpec


@pytest.mark.parametrize("depth", [8, 14, 20, 38, 50, 56, 110, 152, 1202])
@pytest.mark.parametrize("family", ["resnet", "preact"])
def test_small_images_have_every_6n_plus_2(family, depth):
    spec = by_depth(family, depth, 32)
    assert plan(spec).depth == depth
    assert isinstance(spec, ResNetSpec) and spec.widths == (16, 32, 64) and spec.stem == "small"
    assert spec.design == ("basic" if family == "resnet" else "preactivation-basic")


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_large_images_have_the_imagenet_table(depth):
    assert by_depth("resnet", depth, 224) == catalogue.spec(f"resnet{depth}")


def test_names_of_the_catalogue_are_the_same_networks():
    assert by_depth("resnet", 56, 32) == catalogue.spec("resnet56")
    assert by_depth("preact", 20, 32) == catalogue.spec("preact20")
    assert by_depth("mlp", 18, 32) == catalogue.spec("mlp18")
    assert by_depth("resnet", 18, 32).stem == "small"
    assert by_depth("resnet", 20, 224).stem == "large"


@pytest.mark.parametrize("depth", [4, 10, 64])
def test_linear_layers_come_in_pairs(depth):
    spec = by_depth("mlp", depth, 16)
    assert isinstance(spec, MLPSpec) and plan(spec).depth == depth and spec.side == 16


@pytest.mark.parametrize(
    ("family", "depth", "message"),
    [
        ("resnet", 21, "depth 21: family resnet has 8, 14, 20, 26, …, 18, 34, 101, up to 1202 layers"),
        ("resnet", 2, "depth 2: family resnet"),
        ("preact", 1208, "depth 1208: family preact"),
        ("mlp", 7, "depth 7: family mlp has 4, 6, 8, …, up to 1202 layers"),
        ("mlp", -4, "depth -4"),
        ("resnt", 20, r"family 'resnt' is not known\. Did you mean resnet\?"),
    ],
)
def test_other_depths_are_refused(family, depth, message):
    with pytest.raises(ConfigError, match=message):
        by_depth(family, depth, 32)
