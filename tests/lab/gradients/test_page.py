"""How gradients are shown: curves relative to the last block, the painted highway, and the table."""

from collections.abc import Sequence
from typing import Any

from stored_results import like

from atalho.lab.shared import files
from atalho.networks import catalogue
from atalho.networks import spec as specs
from atalho.report.canvas import style
from atalho.stored import to_json


def estimate(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean / 2, "high": mean * 2}


def seen(name: str, first: float) -> dict[str, Any]:
    blocks = [f"stages.{block.stage}.{block.index}" for block in catalogue.spec(name).plan().blocks]
    relative = [estimate(first ** (1 - place / (len(blocks) - 1))) for place in range(len(blocks))]
    return {
        "blocks": blocks,
        "relative": relative,
        "ratio": estimate(first),
        "ratio_weights": estimate(first / 2),
        "neighbour": estimate(0.4),
        "cosines": [estimate(1 / (1 + place)) for place in range(33)],
        "paths": {"shares": [0.1] * 10, "middle": [2, 7]} if name.startswith("resnet") else None,
    }


def series(name: str, **firsts: float) -> dict[str, Any]:
    return {
        "name": name,
        "spec": specs.to_dict(catalogue.spec(name)),
        "shortcuts": name.startswith("resnet"),
        "moments": {moment: seen(name, first) for moment, first in firsts.items()},
    }


def result(*found: dict[str, Any], missing: Sequence[str] = (), **settings: Any) -> Any:
    asked = {"batch": 128, "seeds": 3, "differences": ["network.shortcut"], **settings}
    measured = {"series": list(found), "side": 32}
    return like("gradients", settings=asked, measured=measured, verdict={"comparisons": []}, missing=list(missing))


RUNS = result(series("resnet20", start=10.0, trained=2.0), series("plain20", start=400.0, trained=4.0))


def test_a_row_of_panels_for_the_beginning_and_one_for_the_end() -> None:
    with style():
        figure = RUNS.pictures()["The gradient at every block"]
    strength = figure.axes[0]  # type: ignore[union-attr]
    assert len(figure.axes) == 4  # type: ignore[union-attr]
    assert [line.get_ydata()[0] for line in strength.lines[:2]] == [10, 400]
    assert [line.get_ydata()[-1] for line in strength.lines[:2]] == [1, 1]
    assert figure.axes[0].get_ylim() == figure.axes[2].get_ylim()  # type: ignore[union-attr]


def test_the_highway_is_painted_for_both_moments_on_both_networks() -> None:
    with style():
        pictures = RUNS.pictures()
    titles = [title for title in pictures if title.startswith("The highway")]
    assert titles == ["The highway: at initialisation", "The highway: after training"]
    assert all("resnet20" in str(pictures[title]) and "plain20" in str(pictures[title]) for title in titles)


def test_a_training_is_followed_over_its_epochs() -> None:
    found = result(series("resnet20", start=10.0, epoch1=5.0, epoch2=2.0))
    with style():
        pictures = found.pictures()
    line = pictures["During training"].axes[0].lines[0]  # type: ignore[union-attr]
    assert list(line.get_ydata()) == [10, 5, 2]
    assert "The highway: after epoch 2" in pictures
    assert "During training" not in RUNS.pictures()


def test_the_table_has_a_row_for_each_moment() -> None:
    table = RUNS.tables()["Gradient at the first block"]
    assert table.rows[0] == (
        "resnet20",
        "at initialisation",
        "10.0 [5.00, 20.0]",
        "5.00 [2.50, 10.0]",
        "0.40 [0.20, 0.80]",
        "2 to 7 of 9",
    )
    assert [cells[:2] for cells in table.rows[2:]] == [("plain20", "at initialisation"), ("plain20", "after training")]
    assert table.rows[2][-1] == "–"


def test_an_experiment_that_has_not_begun_has_a_page() -> None:
    assert "<html" in files.page(result(series("resnet20"), missing=["resnet20.seed0"]))


def test_the_method_says_how_a_network_was_trained() -> None:
    assert "trained for" not in RUNS.method()
    bench = like("depth", settings={"epochs": 2, "images": 500}).settings.training
    trained = result(series("resnet20", start=10.0), recipe=to_json(bench))
    assert "trained for 2 epochs on 500 images" in trained.method()
