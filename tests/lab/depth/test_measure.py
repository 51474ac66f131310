import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from stored_results import like, sample

from atalho.errors import ConfigError
from atalho.lab.depth import measure as depth
from atalho.lab.shared.training import Recipe

RECIPE = Recipe(epochs=1, images=60, batch_size=20)
COMMAND = ["--depths", "8,14", "--seeds", "2", "--images", "60", "--epochs", "2", "--batch-size", "20"]


def read(result):
    """What it wrote."""
    return json.loads((result.path / "result.json").read_bytes())


def one(name, shortcut, layers, values, seeds=None):
    seeds = list(range(len(values))) if seeds is None else seeds
    return {"name": name, "shortcut": shortcut, "depth": layers, "seeds": seeds, "train_error": sample(values)}


def judge(series):
    return depth.judge(like("depth", measured={"series": series}).series)


def four(plain20, plain56, resnet20, resnet56):
    return [
        one("plain20", "none", 20, plain20),
        one("plain56", "none", 56, plain56),
        one("resnet20", "zero-pad", 20, resnet20),
        one("resnet56", "zero-pad", 56, resnet56),
    ]


def test_the_claim_is_supported_where_no_interval_overlaps():
    verdict = judge(four([0.38, 0.39, 0.37], [0.71, 0.70, 0.72], [0.34, 0.35, 0.33], [0.35, 0.36, 0.34]))
    assert [c.outcome for c in verdict.comparisons] == ["supported"] * 3
    assert verdict.outcome == "supported"
    added = verdict.comparisons[2]
    assert added.left.name == "resnet20 → resnet56"
    assert (added.left.mean, added.right.mean) == (pytest.approx(0.01), pytest.approx(0.33))


def test_the_order_of_the_series_does_not_matter():
    series = four([0.38, 0.39, 0.37], [0.71, 0.70, 0.72], [0.34, 0.35, 0.33], [0.35, 0.36, 0.34])
    assert judge(series[::-1]) == judge(series)


def test_a_deeper_plain_network_that_does_better_speaks_against_it():
    verdict = judge(four([0.7, 0.71, 0.72], [0.38, 0.37, 0.39], [0.34, 0.35, 0.33], [0.1, 0.11, 0.12]))
    assert verdict.outcome == "not supported"


def test_seeds_that_disagree_are_not_enough_evidence():
    verdict = judge(four([0.3, 0.5, 0.4], [0.4, 0.6, 0.3], [0.34, 0.35, 0.33], [0.1, 0.11, 0.12]))
    assert verdict.outcome == "not enough evidence"


def test_one_seed_or_one_depth_is_not_enough_evidence():
    assert judge(four([0.38], [0.71], [0.34], [0.35])).outcome == "not enough evidence"
    assert (
        judge([one("plain20", "none", 20, [0.3, 0.4]), one("resnet20", "zero-pad", 20, [0.3, 0.4])]).comparisons == ()
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"depths": [20]}, r"depths \[20\]: give at least two"),
        ({"depths": [20, 21]}, "depth 21"),
        ({"seeds": 0}, "seeds 0"),
        ({"shortcuts": ["none"]}, r"shortcuts \['none'\]: give none, the control"),
        ({"shortcuts": ["projection", "identity"]}, "give none, the control"),
        ({"shortcuts": ["none", "identiy"]}, "Did you mean identity?"),
        (
            {"family": "mlp", "depths": [4, 6], "shortcuts": ["none", "zero-pad"]},
            "'zero-pad' is not accepted. Accepted: ",
        ),
        ({"family": "vgg"}, "unknown family 'vgg'"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_the_images_are_read(values, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        depth.run(tmp_path / "nowhere", **values)


def test_every_kind_of_shortcut_and_every_number_of_its_result(clothes, tmp_path):
    folder = depth.run(
        clothes, depths=(8, 14), seeds=1, shortcuts=("none", "zero-pad", "projection", "identity"), recipe=RECIPE,
        out=tmp_path / "all",
    )  # fmt: skip
    found = read(folder)
    names = [row["name"] for row in found["measured"]["series"]]
    assert names[:4] == ["plain8", "resnet8 (zero-pad)", "resnet8 (projection)", "resnet8 (identity)"]
    parameters = [row["parameters"] for row in found["measured"]["series"]]
    assert parameters[0] == parameters[1] == parameters[3] < parameters[2]
    assert all(0 <= row["test_error"]["mean"] <= 1 and row["seeds"] == [0] for row in found["measured"]["series"])
    assert found["settings"]["images"] == 60 and found["measured"]["test_images"] == 60
    assert found["verdict"]["outcome"] == "not enough evidence"


@pytest.mark.parametrize(
    ("family", "depths", "plain"), [("mlp", (4, 6), "plain-mlp4"), ("preact", (8, 14), "plain-preact8")]
)
def test_other_families(family, depths, plain, clothes, tmp_path):
    folder = depth.run(clothes, depths=depths, seeds=1, family=family, recipe=RECIPE, out=tmp_path / family)
    assert read(folder)["measured"]["series"][0]["name"] == plain


def test_a_used_up_budget_says_what_is_missing_and_the_same_call_goes_on(clothes, tmp_path):
    keep = {"depths": (8, 14), "seeds": 1, "recipe": RECIPE, "out": tmp_path / "budget"}
    part = read(depth.run(clothes, budget_minutes=1e-9, **keep))
    assert part["missing"] == ["none-8-seed0", "zero-pad-8-seed0", "none-14-seed0", "zero-pad-14-seed0"]
    assert part["measured"]["series"] == [] and part["verdict"]["outcome"] == "not enough evidence"
    whole = read(depth.run(clothes, **keep))
    assert whole["missing"] == [] and len(whole["measured"]["series"]) == 4


def _command(data: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "atalho", "lab", "depth", str(data), *COMMAND, "--out", str(out)]


@pytest.mark.slow
def test_killed_in_the_middle_and_started_again_it_ends_the_same(clothes, tmp_path):
    killed, straight = tmp_path / "killed", tmp_path / "straight"
    process = subprocess.Popen(_command(clothes, killed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(list(killed.glob("cells/*.json"))) < 3:
        assert process.poll() is None and time.monotonic() < deadline
        os.sched_yield()
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    before = {path.name: path.stat().st_mtime_ns for path in killed.glob("cells/*.json")}
    assert 3 <= len(before) < 8 and not (killed / "result.json").exists()
    for folder in (killed, straight):
        subprocess.run(_command(clothes, folder), check=True, capture_output=True)
    assert {name: (killed / "cells" / name).stat().st_mtime_ns for name in before} == before
    first, second = (json.loads((folder / "result.json").read_text()) for folder in (killed, straight))
    for found in (first, second):
        del found["provenance"]
    assert first == second
    assert (killed / "figure.svg").read_bytes() == (straight / "figure.svg").read_bytes()


def test_errors_are_measured_in_fp32_but_an_older_experiment_goes_on_as_it_began(clothes, tmp_path):
    out = tmp_path / "out"
    asked = {"depths": (8, 14), "seeds": 1, "recipe": RECIPE, "out": out}
    assert depth.run(clothes, **asked).settings.training.errors_in == "float32"
    older = json.loads((out / "experiment.json").read_bytes())
    assert older.pop("errors_in") == "float32"
    (out / "experiment.json").write_text(json.dumps(older))
    again = depth.run(clothes, **asked | {"seeds": 2})
    assert again.settings.training.errors_in is None
    assert [one.seeds for one in again.series] == [(0, 1)] * 4
