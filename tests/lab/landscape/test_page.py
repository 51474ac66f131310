"""How landscapes are shown: one scale for all, unfinished rows left out, infinite losses cut."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from stored_results import like

from atalho.lab.shared import files
from atalho.report.canvas import style

STEPS = [-1.0, -0.5, 0.0, 0.5, 1.0]


def series(name: str, height: float) -> dict[str, Any]:
    loss = [[0.1 + height * (x * x + y * y) for x in STEPS] for y in STEPS]
    return {
        "name": name,
        "shortcuts": name.startswith("resnet"),
        "lines": [{"loss": loss[2], "error": [0.1] * 5}],
        "loss": loss,
        "error": [[0.1] * 5] * 5,
        "centre": {"loss": 0.1, "error": 0.03},
        "radius": {"mean": 0.6, "low": 0.5, "high": 0.7},
        "falling": {"mean": 0.0, "low": 0.0, "high": 0.0},
    }


def result(*found: dict[str, Any], missing: Sequence[str] = (), norms: str = "recomputed") -> Any:
    return like(
        "landscape",
        settings={
            "images": 512,
            "points": 5,
            "lines": 1,
            "reach": 1.0,
            "norms": norms,
            "differences": ["network.shortcut"],
        },
        measured={"series": list(found), "steps": STEPS, "chance": math.log(10)},
        verdict={"comparisons": []},
        missing=list(missing),
    )


TWO = result(series("resnet20", 1.0), series("plain20", 2.0))


def test_all_networks_share_one_scale() -> None:
    with style():
        figure = TWO.pictures()["The loss around the weights"]
    meshes = [axes.collections[0] for axes in figure.axes if axes.name == "rectilinear" and axes.collections]  # type: ignore[union-attr]
    ends = {mesh.get_clim() for mesh in meshes[:2]}
    assert ends == {(0.1, 4.1)}
    solids = [axes for axes in figure.axes if axes.name == "3d"]  # type: ignore[union-attr]
    assert {axes.get_zlim() for axes in solids} == {(math.log10(0.1), math.log10(4.1))}
    assert [axes.get_title() for axes in solids] == ["resnet20", "plain20"]


def test_losses_without_bound_are_cut_and_missing_rows_left_out() -> None:
    one = series("resnet20", 1.0)
    one["loss"] = [[None, 1e9, 1.0, 1.0, 1.0], None, *one["loss"][2:]]
    with style():
        figure = result(one).pictures()["The loss around the weights"]
    mesh = next(a for a in figure.axes if a.name == "rectilinear").collections[0]  # type: ignore[union-attr]
    heights = np.ma.filled(mesh.get_array().astype(float), np.nan)
    assert np.nanmax(heights) == 4 * math.log(10)
    assert np.isnan(heights).sum() == 5


def test_the_table_says_where_and_how_wide() -> None:
    table = TWO.tables()["Width of the valley"]
    assert table.rows[0] == ("resnet20", "0.100", "3.0%", "0.60 [0.50, 0.70]", "0.0%")


def test_an_experiment_that_has_not_begun_has_a_page() -> None:
    empty = series("resnet20", 1.0) | {"lines": [], "loss": [None] * 5, "error": [None] * 5}
    empty |= {"centre": None, "radius": None, "falling": None}
    assert "<html" in files.page(result(empty, missing=["resnet20.line0"]))


def test_the_method_says_what_the_norms_do() -> None:
    assert "recomputes its mean and variance from the images" in TWO.method()
    kept = result(series("resnet20", 1.0), norms="kept")
    assert "keeps the mean and variance from training" in kept.method()
