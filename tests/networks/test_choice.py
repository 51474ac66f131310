import pytest

from atalho.errors import ConfigError
from atalho.networks import catalogue
from atalho.networks.choice import specify, stem_advice
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
    assert "stem 'large' on images of 32 pixels" in advice
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
        ("mlp6", {"stem": "small"}, "stem 'small': a residual MLP has no such stem"),
        ("densenet121", {"shortcut": "projection"}, "a DenseNet concatenates and has none"),
        ("plain20", {"shortcut": "projection"}, "this is a plain network, which has none; name the residual one"),
        ("resnet18", {"stem": "smal"}, r"stem 'smal' is not known\. Did you mean small\?"),
        ("resnet18", {"classes": 0}, "classes 0: accepted are whole numbers"),
    ],
)
def test_what_does_not_go_together_is_refused(name: str, asked: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        specify(name, **asked)  # type: ignore[arg-type]


def test_what_is_neither_name_nor_spec_is_refused() -> None:
    with pytest.raises(ConfigError, match="None is no network"):
        specify(None)  # type: ignore[arg-type]
