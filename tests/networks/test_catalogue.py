import subprocess
import sys

import pytest

from atalho.errors import ConfigError
from atalho.networks import catalogue
from atalho.networks.spec import DenseNetSpec, ResNetSpec


@pytest.mark.parametrize("name", [n for n in catalogue.list_models() if not n.startswith(("wide", "densenet-bc"))])
def test_the_number_in_a_name_is_the_depth(name: str) -> None:
    depth = int("".join(c for c in name if c.isdigit()))
    assert catalogue.spec(name).plan().depth == depth


def test_every_residual_network_has_a_plain_and_a_preactivation_twin() -> None:
    names = set(catalogue.list_models())
    for name in catalogue.list_models("resnet*"):
        assert {name.replace("resnet", "plain"), name.replace("resnet", "preact")} <= names
    for name in catalogue.list_models("mlp*"):
        assert f"plain{name}" in names


def test_the_cifar_networks_are_the_papers() -> None:
    spec = catalogue.spec("resnet56")
    assert isinstance(spec, ResNetSpec)
    assert (spec.blocks, spec.widths, spec.stem, spec.shortcut) == ((9, 9, 9), (16, 32, 64), "small", "zero-pad")


@pytest.mark.parametrize("depth", [10, 16, 22, 40, 100, 190, 250])
def test_any_valid_densenet_bc_has_a_name(depth: int) -> None:
    spec = catalogue.spec(f"densenet-bc-{depth}-9")
    assert isinstance(spec, DenseNetSpec)
    assert spec.growth_rate == 9
    assert spec.plan().depth == depth


@pytest.mark.parametrize("name", ["densenet-bc-101-12", "densenet-bc-4-12", "densenet-bc-100-0"])
def test_an_impossible_densenet_bc_is_explained(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"network '{name}': densenet-bc-L-k needs L = 6n \+ 4"):
        catalogue.spec(name)


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"'resnet43' is not in the catalogue\. Did you mean .*resnet44"):
        catalogue.spec("resnet43")


def test_patterns_choose_names() -> None:
    assert catalogue.list_models("resnet?0") == ["resnet50", "resnet20"]
    with pytest.raises(ConfigError, match=r"no network of the catalogue matches 'vgg\*'"):
        catalogue.list_models("vgg*")


def test_the_catalogue_and_plans_need_no_torch() -> None:
    code = (
        "import sys; from atalho import networks; from atalho.networks import catalogue, select, spec; "
        "networks.list_models(); networks.specify('resnet34', classes=2).plan(); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
