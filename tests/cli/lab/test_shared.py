import pytest

from atalho.cli.lab import shared
from atalho.errors import ConfigError


def test_lists_have_commas():
    assert shared.names(" none, zero-pad ,") == ["none", "zero-pad"]
    assert shared.whole_numbers("--depths", "20, 56") == [20, 56]


def test_anything_else_is_refused():
    with pytest.raises(ConfigError, match="--depths 20;56 is not accepted: give whole numbers separated by commas"):
        shared.whole_numbers("--depths", "20;56")
