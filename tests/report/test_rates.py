"""The figure of false accepts and rejects: it shows the numbers, on a scale on which rare errors are seen."""

from typing import Any

import pytest

from atalho.report import rates
from atalho.text import speaking


def found(threshold: float | None = 0.5, least: float = 0.002) -> dict[str, Any]:
    far, frr = [1.0, 0.2, least, 0.0], [0.0, 0.1, 0.5, 1.0]
    curve = {"thresholds": [-0.5, 0.0, 0.5, 1.0], "far": far, "frr": frr}
    for name, line in (("far", far), ("frr", frr)):
        curve |= {f"{name}_low": [v / 2 for v in line], f"{name}_high": [min(1.0, 2 * v) for v in line]}
    chosen = None if threshold is None else {"similarity": threshold}
    return {"wanted_far": 0.01, "threshold": chosen, "curve": curve}


def test_both_curves_the_wanted_rate_and_the_threshold_are_there() -> None:
    axes = rates.rates(found()).axes[0]
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}
    assert lines["false accepts"][:3] == [[-0.5, 1.0], [0.0, 0.2], [0.5, 0.002]]
    assert lines["false rejects"][1:] == [[0.0, 0.1], [0.5, 0.5], [1.0, 1.0]]
    assert lines["threshold"] == [[0.5, 0.0], [0.5, 1.0]]
    assert {y for _x, y in lines["wanted"]} == {0.01}
    assert len(axes.collections) == 2  # the bands


def test_without_a_threshold_there_is_no_line_for_it() -> None:
    labels = {line.get_label() for line in rates.rates(found(None)).axes[0].get_lines()}
    assert labels == {"false accepts", "false rejects", "wanted"}


@pytest.mark.parametrize(("least", "floor"), [(0.02, 1e-3), (0.002, 1e-3), (0.0004, 1e-4), (0.0, 1e-3), (1e-6, 1e-4)])
def test_the_scale_goes_down_to_a_decade_below_what_is_seen(least: float, floor: float) -> None:
    axes = rates.rates(found(least=least)).axes[0]
    assert axes.get_ylim()[0] == pytest.approx(floor)
    curve = next(line for line in axes.get_lines() if line.get_label() == "false accepts")
    assert curve.get_ydata()[-1] == floor  # nothing is lost below the axis


def test_the_scale_is_read_in_percent_in_either_language() -> None:
    for name, wanted in (("en", "0.1%"), ("pt", "0,1%")):
        with speaking(name):
            axis = rates.rates(found()).axes[0].yaxis
            assert [axis.get_major_formatter()(value, 0) for value in (1e-3, 1e-2, 1.0)] == [wanted, "1%", "100%"]
