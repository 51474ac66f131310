"""A name and what differs from it, a depth, a control: which spec each of them means."""

from dataclasses import replace

import pytest

from atalho.errors import ConfigError
from atalho.networks import catalogue
from atalho.networks.select import by_depth, specify, stem_advice, twin
from atalho.networks.spec import MLPSpec, ResNetSpec


def test_nothing_asked_is_the_catalogues_own() -> None:
    assert specify("resnet34") == catalogue.spec("resnet34")


def test_a_spec_keeps_what_is_not_given() -> None:
    own = ResNetSpec(design="basic", blocks=(1,), widths=(8,), classes=4, in_channels=2, dropout=0.5)
    assert specify(own) == own
    assert specify(own, classes=9).in_channels == 2


@pytest.mark.parametrize(("image_size", "stem"), [(28, "small"), (64, "small"), (65, "large"), (224, "large")])
@pytest.mark.parametrize("name", ["resnet18", "resnet20", "densenet121"])
def test_the_stem_follows_the_image_size(name: str, image_size: int, stem: str) -> None:
    chosen = specify(name, image_size=image_size)
    assert not isinstance(chosen, MLPSpec)
    assert chosen.stem == stem


@pytest.mark.parametrize(("image_size", "stem"), [(28, "small-double"), (64, "small-double"), (65, "large")])
@pytest.mark.parametrize("name", ["resnet9", "plain9", "preact9"])
def test_nine_layers_stay_nine_on_small_images(name: str, image_size: int, stem: str) -> None:
    chosen = specify(name, image_size=image_size)
    assert isinstance(chosen, ResNetSpec)
    assert chosen.stem == stem
    assert chosen.plan().depth == (9 if stem == "small-double" else 8)
    assert stem_advice(chosen, image_size) is None


@pytest.mark.parametrize(("name", "stem"), [("resnet18", "large"), ("resnet20", "small"), ("plain56", "small")])
def test_without_an_image_size_it_is_the_familys_own(name: str, stem: str) -> None:
    chosen = specify(name)
    assert isinstance(chosen, ResNetSpec)
    assert chosen.stem == stem


def test_a_chosen_stem_holds_whatever_the_size() -> None:
    chosen = specify("resnet18", stem="large", image_size=32)
    assert isinstance(chosen, ResNetSpec)
    assert chosen.stem == "large"


def test_a_large_stem_on_small_images_is_advised_against() -> None:
    advice = stem_advice(specify("resnet18", stem="large"), 32)
    assert advice is not None
    assert "stem 'large' on images of 32 pixels" in str(advice)
    assert stem_advice(specify("resnet18"), 65) is None
    assert stem_advice(specify("resnet18", image_size=32), 32) is None
    assert stem_advice(specify("mlp6"), 32) is None


def test_option_b_by_choice() -> None:
    chosen = specify("resnet20", shortcut="projection")
    assert isinstance(chosen, ResNetSpec)
    assert chosen.shortcut == "projection"


def test_an_mlp_takes_the_images_side() -> None:
    sides = [specify("mlp6", image_size=size) for size in (28, 224)]
    assert [spec.side for spec in sides if isinstance(spec, MLPSpec)] == [28, 64]


@pytest.mark.parametrize(
    ("name", "asked", "text"),
    [
        ("mlp6", {"stem": "small"}, "stem 'small': residual MLPs do not have this stem"),
        ("densenet121", {"shortcut": "projection"}, "a DenseNet concatenates and has no shortcuts"),
        (
            "plain20",
            {"shortcut": "projection"},
            "this is a plain network, which has no shortcuts; choose its residual twin",
        ),
        ("resnet18", {"stem": "smal"}, r"stem = 'smal' is not accepted\. Did you mean small\?"),
        ("resnet18", {"classes": -1}, "classes = -1 is not accepted: it must be at least 0"),
    ],
)
def test_what_does_not_go_together_is_refused(name: str, asked: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        specify(name, **asked)  # type: ignore[arg-type]


def test_what_is_neither_name_nor_spec_is_refused() -> None:
    with pytest.raises(ConfigError, match="None is not a network"):
        specify(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("depth", [8, 14, 20, 38, 50, 56, 110, 152, 1202])
@pytest.mark.parametrize("family", ["resnet", "preact"])
def test_small_images_have_every_6n_plus_2(family, depth):
    spec = by_depth(family, depth, 32)
    assert spec.plan().depth == depth
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
    assert isinstance(spec, MLPSpec) and spec.plan().depth == depth and spec.side == 16


@pytest.mark.parametrize(
    ("family", "depth", "message"),
    [
        ("resnet", 21, "depth 21: accepted for family resnet: 8, 14, 20, 26, …, 18, 34, 101, up to 1202 layers"),
        ("resnet", 2, "depth 2: accepted for family resnet"),
        ("preact", 1208, "depth 1208: accepted for family preact"),
        ("mlp", 7, "depth 7: accepted for family mlp: 4, 6, 8, …, up to 1202 layers"),
        ("mlp", -4, "depth -4"),
        ("resnt", 20, r"unknown family 'resnt'\. Did you mean resnet\?"),
    ],
)
def test_other_depths_are_refused(family, depth, message):
    with pytest.raises(ConfigError, match=message):
        by_depth(family, depth, 32)


@pytest.mark.parametrize(
    ("name", "other"),
    [("resnet56", "plain56"), ("plain56", "resnet56"), ("resnet34", "plain34"), ("mlp10", "plainmlp10")],
)
def test_the_catalogues_twins_find_each_other(name: str, other: str) -> None:
    found = twin(name, catalogue.spec(name))
    assert found == (other, catalogue.spec(other))


def test_what_has_no_name_is_called_what_it_is() -> None:
    spec = catalogue.spec("preact20")
    assert twin("preact20", spec) == ("preact20-plain", replace(spec, shortcut="none"))


def test_classes_and_images_do_not_change_the_name() -> None:
    spec = catalogue.spec("plain34")
    assert isinstance(spec, ResNetSpec)
    small = replace(spec, classes=7, in_channels=1, stem="small")
    assert twin("mine", small) == ("resnet34", replace(small, shortcut="projection"))


def test_a_network_of_ones_own_has_a_twin_too() -> None:
    spec = ResNetSpec(design="basic", blocks=(1, 1), widths=(4, 8), stem="small", stem_channels=4, shortcut="none")
    assert twin("mine", spec) == ("mine-residual", replace(spec, shortcut="zero-pad"))


def test_a_dense_network_has_none() -> None:
    assert twin("densenet121", catalogue.spec("densenet121")) is None
