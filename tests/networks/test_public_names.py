"""The names that `atalho.networks` gives, without importing torch before one of them needs it."""

import subprocess
import sys

import pytest

from atalho import networks


@pytest.mark.parametrize("name", networks.__all__)
def test_every_name_is_there_and_shown(name: str) -> None:
    assert getattr(networks, name) is not None
    assert name in dir(networks)


def test_another_name_is_none_of_them() -> None:
    with pytest.raises(AttributeError, match=r"module 'atalho\.networks' has no attribute 'ResNet'"):
        networks.ResNet  # noqa: B018


def test_specs_and_plans_need_no_torch() -> None:
    code = (
        "import sys; from atalho.networks import ResNetSpec, by_depth, list_models, specify, twin; list_models(); "
        "twin('resnet34', specify('resnet34')); by_depth('mlp', 8, 28).plan(); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
