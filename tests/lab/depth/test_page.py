import pytest
from stored_results import like

from atalho.lab.depth.page import ramp
from atalho.report.canvas import AMBER, BLUE, style
from atalho.text import speaking


def ends(mean, spread=0.01):
    return {"mean": mean, "low": mean - spread if spread else None, "high": mean + spread if spread else None}


def series(name, shortcut, depth, error, spread=0.01):
    return {
        "name": name, "shortcut": shortcut, "depth": depth, "parameters": 269722, "multiply_adds": 40_551_424,
        "seeds": [0, 1, 2], "train_error": ends(error, spread), "test_error": ends(error + 0.02, spread),
        "train_error_curve": [ends(0.8, spread), ends(error, spread)],
        "test_error_curve": [ends(0.82, spread), ends(error + 0.02, spread)],
    }  # fmt: skip


def result(kinds=("none", "zero-pad"), spread=0.01):
    rows = [series(f"{kind}{depth}", kind, depth, depth / 100, spread) for depth in (20, 26, 56) for kind in kinds]
    settings = {"epochs": 2, "images": 12500, "size": 32, "batch_size": 128, "lr": 0.1}
    return like("depth", measured={"series": rows}, settings=settings)


@pytest.mark.parametrize("language", ["en", "pt"])
@pytest.mark.parametrize("kinds", [("none", "zero-pad"), ("none", "projection", "zero-pad", "identity")])
@pytest.mark.parametrize("spread", [0.01, None])
def test_a_panel_for_each_kind_and_one_for_the_ends(kinds, language, spread):
    with style():
        (figure,) = speaking(language)((result(kinds, spread)).pictures)().values()
    panels = [axes for axes in figure.axes if axes.axison]
    assert len(panels) == len(kinds) + 1
    assert len(panels[0].get_lines()) == 6  # three depths, training and test
    assert len(panels[0].collections) == (3 if spread else 0)


def test_the_table_has_errors_with_their_intervals_and_the_costs():
    table = next(iter(result().tables().values()))
    assert table.rows[0] == ("none20", "20.0% [19.0%, 21.0%]", "22.0% [21.0%, 23.0%]", "269,722", "40.6 M", "3")
    assert [row[0] for row in table.rows] == ["none20", "none26", "none56", "zero-pad20", "zero-pad26", "zero-pad56"]
    assert "12,500 training images" in table.note and "10,000 test images" in table.note


def test_the_method_says_what_was_held_equal():
    text = result().method()
    assert "2 epochs on the same 12,500 images of 32 pixels" in text and "batches of 128" in text


def test_the_deeper_a_network_the_stronger_its_line():
    assert ramp(2) == [0.35, 1.0] and ramp(1) == [1.0]
    assert ramp(5) == sorted(set(ramp(5)))


def test_a_colour_means_one_kind_of_network_in_every_panel():
    with style():
        (figure,) = result().pictures().values()
    plain, residual, ends = figure.axes
    assert {line.get_color() for line in plain.get_lines()} == {AMBER}
    assert {line.get_color() for line in residual.get_lines()} == {BLUE}
    named = {line.get_label(): line.get_color() for line in ends.get_lines()}
    assert (named["plain"], named["residual"]) == (AMBER, BLUE)


def test_two_seeds_are_marked_and_others_are_not():
    assert not any("two seeds" in remark for remark in result().remarks())
    few = result()
    for one in few.measured.series:
        object.__setattr__(one, "seeds", (0, 1))
    assert any("two seeds" in remark for remark in few.remarks())


@pytest.mark.parametrize(
    ("low", "high", "sentence"),
    [
        (
            0.006,
            0.024,
            "Even with shortcuts, the deeper network trained less well at this budget "
            "(a → b: training error changes by 1.5% [0.6%, 2.4%]",
        ),
        (
            -0.03,
            -0.01,
            "With shortcuts, the deeper network trained better (a → b: training error changes by 1.5% [-3.0%, -1.0%]",
        ),
        (
            -0.01,
            0.04,
            "With shortcuts, depth made no difference beyond chance "
            "(a → b: training error changes by 1.5% [-1.0%, 4.0%]",
        ),
        (
            None,
            None,
            "One seed is not enough to tell how depth affects networks with shortcuts "
            "(a → b: training error changes by 1.5% (no interval)",
        ),
    ],
)
def test_what_depth_does_with_shortcuts_is_said_whatever_the_verdict(low, high, sentence):
    plain = {"name": "plain56", "mean": 0.5, "low": 0.4, "high": 0.6}
    added = {"name": "a → b", "mean": 0.015, "low": low, "high": high}
    comparisons = [
        {"quantity": "error", "left": left, "order": "below", "right": plain, "unit": "percent"}
        for left in (plain, added)
    ]
    (remark,) = like("depth", verdict={"comparisons": comparisons}).remarks()
    assert remark.startswith(sentence)
