import pytest

from atalho.cli import threshold
from atalho.metrics.verification import Threshold
from atalho.text import use_language

FOUND = Threshold(similarity=0.5, wanted_far=0.001, far=0.00062, far_interval=(0.0, 0.0041), frr=0.125,
                  frr_interval=(0.1, 0.1502), genuine=1710, impostor=14400)  # fmt: skip


def test_small_rates_keep_their_digits(capsys: pytest.CaptureFixture[str]) -> None:
    threshold.say(FOUND)
    assert capsys.readouterr().out.splitlines() == [
        "threshold: similarity 0.500",
        "false accepts 0.06% [0.00%, 0.41%] of 14,400 pairs of different identities",
        "false rejects 12.50% [10.00%, 15.02%] of 1,710 pairs of the same identity",
    ]


def test_numbers_follow_the_language(capsys: pytest.CaptureFixture[str]) -> None:
    use_language("pt")
    threshold.say(FOUND)
    out = capsys.readouterr().out
    assert "0,500" in out
    assert "14.400" in out
    assert "12,50%" in out
