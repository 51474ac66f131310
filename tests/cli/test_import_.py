"""`atalho import`: what it prints, and what it refuses."""

from collections.abc import Callable

import pytest

Refused = Callable[[list[str], str], None]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["import", "none.pth", "--model", "resnet18", "--out", "x", "--shortcut", "identity"], "none.pth"),
        (["import", "x.pth", "--model", "resnet18", "--out", "x", "--shortcut", "zeropad"], "Did you mean zero-pad"),
        (["import", "x.pth", "--model", "resnet18", "--out", "x", "--size", "-5"], "--size -5 is not accepted"),
    ],
)
def test_a_mistake_gives_one_message_and_exit_code_2(refused: Refused, arguments: list[str], text: str) -> None:
    refused(arguments, text)
