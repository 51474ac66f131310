"""How lesions are shown: every block in its place, the medians, and what is missing left out."""

from collections.abc import Sequence
from typing import Any

import pytest
from stored_results import like

from atalho.lab.shared import files
from atalho.networks import catalogue
from atalho.networks import spec as specs
from atalho.report.canvas import style
from atalho.text import speaking

INTERVAL = {"mean": 0.1, "low": 0.05, "high": 0.15}


def row(kind: str, names: list[str], accuracy: float) -> dict[str, Any]:
    return {"kind": kind, "names": names, "accuracy": accuracy, "interval": [accuracy - 0.05, accuracy + 0.05]}


def series(name: str, accuracy: float) -> dict[str, Any]:
    spec = catalogue.spec(name)
    blocks = [f"stages.{block.stage}.{block.index}" for block in spec.plan().blocks]
    kept = [block for block in blocks if not block.endswith(".0") or block.startswith("stages.0")]
    shortcuts = name.startswith("resnet")
    silent = [row("silence", [block], 0.5) for block in blocks if block not in kept] if shortcuts else []
    return {
        "name": name,
        "spec": specs.to_dict(spec),
        "blocks": blocks,
        "shortcuts": shortcuts,
        "whole": row("whole", [], 0.8),
        "rows": [*(row("remove", [block], accuracy) for block in kept), *silent, row("swap", kept[:2], accuracy)],
        "random": [{"count": 2, "values": [accuracy, accuracy - 0.1], "interval": [-0.2, 0.9]}],
        "median_drop": INTERVAL,
        "median_lost": INTERVAL,
        "median_swap": INTERVAL,
    }


def result(*found: dict[str, Any], missing: Sequence[str] = ()) -> Any:
    settings = {"images": 2000, "draws": 2, "differences": ["network.shortcut"], "trained": {}}
    measured = {"series": list(found), "chance": 0.1, "side": 28}
    return like("lesion", settings=settings, measured=measured, verdict={"comparisons": []}, missing=list(missing))


TWO = result(series("resnet20", 0.75), series("plain20", 0.15))


def test_every_block_has_its_bar_in_its_place() -> None:
    with style():
        figure = TWO.pictures()["Accuracy without each block"]
    residual, plain = figure.axes  # type: ignore[union-attr]
    bars = [
        sorted(round(patch.get_x() + patch.get_width() / 2) for patch in axes.patches) for axes in (residual, plain)
    ]
    assert bars[0] == list(range(9))
    assert bars[1] == [0, 1, 2, 4, 5, 7, 8]  # the blocks that change the shape cannot be removed
    heights = {round(patch.get_x() + patch.get_width() / 2): patch.get_height() for patch in residual.patches}
    assert heights[3] == 0.5 and heights[4] == 0.75


def test_pictures_in_both_languages() -> None:
    with style():
        titles = [list(speaking(name)((TWO).pictures)()) for name in ("en", "pt")]
    assert len(titles[0]) == 4 and len(titles[1]) == 4


def test_the_drawing_is_painted_with_what_is_lost() -> None:
    with style():
        drawing = str(TWO.pictures()["What each block contributes, on the network"])
    assert "3 × 28 × 28" in drawing and "plain20" in drawing and "fraction of the accuracy above chance" in drawing


def test_the_first_table_holds_the_medians() -> None:
    table = TWO.tables()["What a block contributes"]
    assert table.rows[0] == ("resnet20", "80.0% [75.0%, 85.0%]", *["10.0% [5.0%, 15.0%]"] * 3)
    assert "2,000 test images" in table.note
    assert list(TWO.tables())[1:] == ["Block by block: resnet20", "Block by block: plain20"]


def test_the_blocks_are_listed_in_the_order_of_the_network() -> None:
    rows = TWO.tables()["Block by block: resnet20"].rows
    assert [cells[0] for cells in rows] == [f"{n}\u00a0·\u00a0{name}" for n, name in enumerate(TWO.series[0].blocks, 1)]
    assert rows[3] == ("4\u00a0·\u00a0stages.1.0", "silenced", "50.0%", "[45.0%, 55.0%]", "30.0%")


@pytest.mark.parametrize("whole", [None, row("whole", [], 0.05)])
def test_an_unfinished_experiment_and_a_network_that_knows_nothing_have_a_page(whole: dict[str, Any] | None) -> None:
    one = series("resnet20", 0.1) | {"whole": whole}
    one |= dict.fromkeys(("median_drop", "median_lost", "median_swap"))
    assert "<html" in files.page(result(one, missing=["resnet20.whole"]))


def test_method_and_remarks() -> None:
    assert "2 times for each number" in TWO.method()
    assert "The same blocks are removed in both networks." in TWO.method()
    assert TWO.remarks() == ["The two networks differ only in the shortcuts."]


def test_the_method_tells_of_nothing_that_was_not_done() -> None:
    one = series("resnet20", 0.75) | {"random": [], "rows": [row("remove", ["stages.0.0"], 0.7)]}
    told = result(one).method()
    assert "at random" not in told and "change places" not in told and "both networks" not in told


def test_a_network_that_guesses_is_named() -> None:
    guessing = series("plain20", 0.1) | {"whole": row("whole", [], 0.12)}
    assert result(guessing).remarks() == [
        "plain20 is no better than chance on these images, so it has nothing to lose."
    ]
