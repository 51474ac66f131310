"""The names that `atalho.blocks` gives, without importing torch before one of them is used."""

import subprocess
import sys

import pytest
from torch import nn

from atalho import blocks


@pytest.mark.parametrize("name", blocks.__all__)
def test_every_name_is_a_block_or_a_part_of_one(name: str) -> None:
    part = getattr(blocks, name)
    assert part.__name__ == name
    assert name in dir(blocks)
    assert part is blocks.make_shortcut or issubclass(part, nn.Module)


def test_another_name_is_none_of_them() -> None:
    with pytest.raises(AttributeError, match=r"module 'atalho\.blocks' has no attribute 'ResidualBlock'"):
        blocks.ResidualBlock  # noqa: B018


def test_kinds_need_no_torch() -> None:
    code = "import sys; from atalho.blocks import kinds; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
