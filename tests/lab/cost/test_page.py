"""How costs are shown: a panel each, bars as long as the numbers, and a method that says what was measured."""

from dataclasses import replace
from typing import Any

import pytest
from matplotlib.colors import to_hex
from stored_results import like

from atalho.report.canvas import AMBER, BLUE, style
from atalho.text import speaking


def exact(value: float) -> dict[str, Any]:
    value = round(value)
    return {"median": value, "low": value, "high": value}


def times(*values: float, known: bool = True) -> dict[str, Any]:
    low, high = (min(values), max(values)) if known else (None, None)
    return {"median": sorted(values)[len(values) // 2], "low": low, "high": high, "values": list(values)}


def costs(parameters: float, *, known: bool = True) -> dict[str, Any]:
    return {
        "parameters": exact(parameters),
        "multiply_adds": exact(3.66e9),
        "activation_bytes": exact(32e6),
        "training_seconds": times(0.033, 0.034, 0.035, known=known),
        "inference_seconds": times(0.01, 0.011, 0.012, known=known),
    }


def result(models: dict[str, Any], comparisons: int = 0) -> Any:
    settings = {"kinds": {"resnet34": "residual", "vgg19": "other"}, "side": 224, "batch": 8, "precision": "cpu fp32"}
    both = {"name": "a", "mean": 1.0, "low": 1.0, "high": 1.0}
    one = {"quantity": "cost", "left": both, "order": "below", "right": both, "unit": "number"}
    return like(
        "cost",
        settings=settings | {"threads": 1, "rounds": 9},
        measured={"models": models},
        verdict={"comparisons": [one] * comparisons},
    )


BOTH = result({"resnet34": costs(21.8e6), "vgg19": costs(143.7e6)}, 4)


def test_five_panels_with_bars_as_long_as_the_numbers() -> None:
    with style():
        (figure,) = BOTH.pictures().values()
    panels = [axes for axes in figure.axes if axes.get_visible()]  # type: ignore[union-attr]
    assert len(panels) == 5
    assert [bar.get_width() for bar in panels[0].patches] == pytest.approx([143.7, 21.8])
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["vgg19", "resnet34"]
    assert panels[0].get_xlim()[1] > 143.7


def test_networks_without_shortcuts_have_another_colour_also_where_they_are_ours() -> None:
    kinds = {"resnet20": "residual", "densenet121": "dense", "plain20": "plain", "vgg19": "other"}
    found = result(dict.fromkeys(kinds, costs(1e6)))
    with style():
        (figure,) = replace(found, settings=replace(found.settings, kinds=kinds)).pictures().values()
    bars = figure.axes[0].patches[::-1]  # type: ignore[union-attr]
    assert [to_hex(bar.get_facecolor()) for bar in bars] == [BLUE, BLUE, AMBER, AMBER]


def test_numbers_are_written_as_the_language_does() -> None:
    (table,) = speaking("pt")((BOTH).tables)().values()
    assert table.rows[0] == ["resnet34", "21,8", "3,66", "32,0", "34,0 [33,0; 35,0]", "11,0 [10,0; 12,0]"]


def test_what_was_not_measured_is_a_dash() -> None:
    models = {"resnet34": costs(1e6) | {"activation_bytes": None, "training_seconds": None}}
    (table,) = result(models).tables().values()
    assert [cell for cell in table.rows[0] if cell == "–"] == ["–", "–"]


def test_the_method_says_how_many_rounds_there_were_and_whether_that_makes_an_interval() -> None:
    assert "on cpu fp32, with 1 thread." in BOTH.method()
    assert "medians of 3 rounds, with 95% intervals;" in BOTH.method()
    few = result({"resnet34": costs(1e6, known=False)})
    assert "medians of 3 rounds, too few for an interval;" in few.method()


def test_without_a_vgg_nothing_was_compared() -> None:
    assert BOTH.remarks() == ()
    (remark,) = result({"resnet34": costs(1e6)}).remarks()
    assert remark.startswith("Nothing was compared")
