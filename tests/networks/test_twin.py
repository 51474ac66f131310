"""A network and its control differ in the shortcuts alone."""

from dataclasses import replace

import pytest

from atalho.networks import catalogue
from atalho.networks.spec import ResNetSpec
from atalho.networks.twin import twin


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
