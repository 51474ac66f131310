from dataclasses import replace

import pytest
from stored_results import like

from atalho.networks import catalogue
from atalho.networks.spec import to_dict
from atalho.report.canvas import style
from atalho.text import speaking


def ends(mean, spread):
    return {"mean": mean, "low": mean - 0.01 if spread else None, "high": mean + 0.01 if spread else None}


def series(name, kind, spec, error, epochs, spread):
    return {
        "name": name, "kind": kind, "spec": spec, "epochs": epochs, "parameters": 176122, "multiply_adds": 72_365_352,
        "step_seconds": None, "seeds": [0, 1, 2], "train_error": ends(error, spread),
        "test_error": ends(error, spread),
        "test_error_curve": [ends(0.8, spread)] * (epochs - 1) + [ends(error, spread)],
    }  # fmt: skip


def result(spread=True, equal="params", step_seconds=None):
    widths = to_dict(replace(catalogue.spec("resnet20"), widths=(13, 26, 52)))
    dense = to_dict(catalogue.spec("densenet-bc-40-12"))
    rows = [
        series("resnet20", "residual", widths, 0.3, 6, spread),
        series("densenet-bc-40-12", "dense", dense, 0.28, 4, spread),
        series("plain20", "plain", widths, 0.4, 6, spread),
    ]
    settings = {"equal": equal, "images": 12500, "size": 32, "batch_size": 128, "lr": 0.1}
    return like(
        "compare", measured={"series": [row | {"step_seconds": step_seconds} for row in rows]}, settings=settings
    )


@pytest.mark.parametrize("language", ["en", "pt"])
@pytest.mark.parametrize("spread", [True, False])
def test_curves_over_the_budget_and_their_ends(spread, language):
    with style():
        (figure,) = speaking(language)((result(spread)).pictures)().values()
    curves, _ends = figure.axes
    assert len(curves.get_lines()) == 3 and len(curves.collections) == (3 if spread else 0)
    assert all(line.get_xdata()[-1] == 1 for line in curves.get_lines())


def test_the_table_says_what_was_made_equal():
    table = next(iter(result().tables().values()))
    assert table.rows[0][:5] == ("resnet20", "widths 13 · 26 · 52", "176,122", "72.4 M", "6")
    assert table.rows[1][1:5] == ("growth rate 12", "176,122", "72.4 M", "4")
    assert table.rows[1][6] == "28.0% [27.0%, 29.0%]"


def test_the_time_of_a_step_is_told_where_time_was_made_equal():
    timed = result(equal="time", step_seconds=0.051)
    plain, table = (next(iter(r.tables().values())) for r in (result(), timed))
    place = table.head.index("ms per step")
    assert [row[place] for row in table.rows] == ["51"] * 3
    assert "ms per step" not in plain.head


@pytest.mark.parametrize(
    ("equal", "words"),
    [("params", "the same number of parameters"), ("operations", "multiply–adds"), ("time", "the same training time")],
)
def test_the_method_says_what_is_equal(equal, words):
    text = result(equal=equal).method()
    assert words in text and "rises to 0.1 and falls" in text
