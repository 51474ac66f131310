"""Landscapes of real runs: widths of valleys from their lines, the verdict, and that a second session goes on."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from stored_results import like, sample

from atalho.errors import ConfigError
from atalho.lab.landscape import measure as landscape
from atalho.lab.shared.verdict import Verdict

Twins = tuple[Path, Path]
Both = Callable[..., dict[str, Any]]

STEPS = [-1.0, -0.5, 0.0, 0.5, 1.0]


def test_the_width_is_where_the_loss_reaches_the_level_on_both_sides() -> None:
    assert landscape.halfway(STEPS, [4, 2, 0, 2, 4], 1) == pytest.approx(0.25)
    assert landscape.halfway(STEPS, [4, 2, 0, 0, 2], 1) == pytest.approx((0.25 + 0.75) / 2)
    assert landscape.halfway(STEPS, [0, 0, 0, 0, 0], 1) == 1
    assert landscape.halfway(STEPS, [None, None, 0, 3, 1], 1.5) == pytest.approx((0.5 + 0.25) / 2)


def test_steps_that_lead_down_again() -> None:
    assert landscape.outward_falls([4, 2, 0, 2, 4]) == 0
    assert landscape.outward_falls([1, 2, 0, 2, 4]) == 0.25
    assert landscape.outward_falls([0, 1, 2, 1, 0]) == 1


def radius(name: str, shortcuts: bool, values: list[float]) -> dict[str, Any]:
    return {"name": name, "shortcuts": shortcuts, "radius": sample(values)}


def judge(series: list[dict[str, Any]]) -> Verdict:
    return landscape.judge(like("landscape", measured={"series": series}).series)


def test_the_wider_valley_must_be_the_residual_networks() -> None:
    wide, narrow = [0.8, 0.82, 0.81], [0.3, 0.31, 0.32]
    assert judge([radius("r", True, wide), radius("p", False, narrow)]).outcome == "supported"
    assert judge([radius("p", False, narrow), radius("r", True, wide)]).outcome == "supported"
    assert judge([radius("r", True, narrow), radius("p", False, wide)]).outcome == "not supported"
    assert judge([radius("r", True, wide), radius("p", False, [0.2, 0.9])]).outcome == "not enough evidence"


def test_of_one_network_or_two_of_a_kind_there_is_no_verdict() -> None:
    one = radius("r", True, [0.8, 0.82])
    for series in ([one], [one, radius("s", True, [0.1, 0.12])], [one, {**one, "shortcuts": False, "radius": None}]):
        assert judge(series).outcome == "not enough evidence"


@pytest.mark.slow
def test_a_run_and_its_twin_are_measured_by_line_and_row(twins: Twins, cut_short: Both) -> None:
    run = partial(landscape.run, twins[0], beside=twins[1], images=40, points=5, lines=2)
    found = cut_short(run, 6)
    assert found["measured"]["steps"] == STEPS
    for one in found["measured"]["series"]:
        assert len(one["lines"]) == 2 and len(one["loss"]) == len(one["error"]) == 5
        # The middle of the plane and of every line is the network as it was trained.
        assert one["loss"][2][2] == one["centre"]["loss"] == one["lines"][1]["loss"][2]
        # The plane's first direction is the first line.
        assert one["loss"][2] == one["lines"][0]["loss"]
        assert [row[2] for row in one["loss"]] == one["lines"][1]["loss"]


def test_a_budget_leaves_the_rest_for_later(twins: Twins, tmp_path: Path) -> None:
    out = tmp_path / "out"
    landscape.run(twins[0], images=20, points=5, lines=1, budget_minutes=0, out=out)
    assert (out / "report.html").is_file() and list((out / "cells").glob("*")) == []


def test_mistakes_are_told_before_any_work(twins: Twins, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for given, message in (
        ({"points": 4}, "--points 4 is not accepted: it must be an odd number of at least 5"),
        ({"reach": 0.0}, "--reach 0.0 is not accepted: it must be greater than 0"),
        ({"lines": 0}, "--lines 0 is not accepted"),
    ):
        with pytest.raises(ConfigError, match=message):
            landscape.run(twins[0], out=out, **given)
    assert not out.exists()
