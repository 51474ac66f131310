import json

import pytest
from stored_results import like, sample

from atalho.errors import ConfigError
from atalho.lab.compare import measure as compare
from atalho.lab.shared.training import Recipe

RECIPE = Recipe(epochs=1, images=60, batch_size=20)
NAMED = ("resnet20", "densenet-bc-10-12", "plain20")


def read(result):
    """What it wrote."""
    return json.loads((result.path / "result.json").read_bytes())


def one(name, kind, values):
    return {"name": name, "kind": kind, "seeds": list(range(len(values))), "test_error": sample(values)}


def judge(series):
    return compare.judge(like("compare", measured={"series": series}).series)


def test_concatenation_below_addition_below_neither():
    series = [
        one("plain20", "plain", [0.40, 0.41, 0.42]),
        one("resnet20", "residual", [0.30, 0.31, 0.32]),
        one("densenet", "dense", [0.20, 0.21, 0.22]),
    ]
    verdict = judge(series)
    assert [(c.left.name, c.right.name) for c in verdict.comparisons] == [
        ("densenet", "resnet20"),
        ("resnet20", "plain20"),
    ]
    assert verdict.outcome == "supported"
    worse = judge([one("densenet", "dense", [0.3, 0.31, 0.32]), one("resnet", "residual", [0.2, 0.21, 0.19])])
    assert worse.outcome == "not supported"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"models": ["resnet20"]}, r"models \['resnet20'\]: give at least two"),
        ({"models": "resnet20"}, r"models \['resnet20'\]: give at least two"),
        ({"models": ["resnet20", "densnet121"]}, "Did you mean densenet121"),
        ({"equal": "time!"}, r"unknown value for equal: 'time!'\. Did you mean time\?"),
        ({"seeds": 0}, "seeds 0"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_the_images_are_read(values, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        compare.run(tmp_path / "nowhere", **values)


def test_equal_parameters(clothes, tmp_path):
    keep = {"models": NAMED, "seeds": 1, "recipe": RECIPE, "out": tmp_path / "params"}
    found = read(compare.run(clothes, **keep))
    series = found["measured"]["series"]
    assert [row["name"] for row in series] == list(NAMED)
    resnet, dense, plain = (row["parameters"] for row in series)
    assert resnet == plain and abs(resnet - dense) <= 0.05 * dense
    assert series[1]["spec"]["growth_rate"] == 12 and {row["epochs"] for row in series} == {1}
    cells = {path: path.stat().st_mtime_ns for path in (tmp_path / "params" / "cells").iterdir()}
    again = read(compare.run(clothes, **keep))
    assert again["measured"] == found["measured"]
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "params" / "cells").iterdir()} == cells


def test_equal_time_gives_the_faster_network_more_epochs(clothes, tmp_path):
    folder = compare.run(
        clothes, models=("resnet44", "resnet20"), equal="time", seeds=1, recipe=RECIPE, out=tmp_path / "time"
    )
    deep, shallow = read(folder)["measured"]["series"]
    assert deep["epochs"] == 1 <= shallow["epochs"]
    assert shallow["step_seconds"] < deep["step_seconds"]
    assert shallow["epochs"] == round(deep["step_seconds"] / shallow["step_seconds"])
    assert len(shallow["test_error_curve"]) == shallow["epochs"]
