"""Lesions of real runs: what is cut, what is said of it, and that a second session goes on."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stored_results import like

from atalho.errors import ConfigError, RunError
from atalho.lab.lesion import measure as lesion
from atalho.lab.shared import subset, trained
from atalho.lab.shared.verdict import Verdict
from atalho.model import load
from atalho.precision import choose
from atalho.runs.run import Run
from atalho.surgery.lesion import removed
from atalho.training.progress import Progress

Twins = tuple[Path, Path]
Both = Callable[..., dict[str, Any]]


def lost(name: str, shortcuts: bool, mean: float, low: float, high: float) -> dict[str, Any]:
    return {"name": name, "shortcuts": shortcuts, "median_lost": {"mean": mean, "low": low, "high": high}}


def judge(series: list[dict[str, Any]]) -> Verdict:
    return lesion.judge(like("lesion", measured={"series": series}).series)


def test_a_residual_network_that_loses_less_supports_the_claim() -> None:
    residual, plain = lost("resnet56", True, 0.02, 0.01, 0.03), lost("plain56", False, 0.9, 0.8, 1.0)
    verdict = judge([residual, plain])
    assert verdict.outcome == "supported"
    assert verdict == judge([plain, residual])
    assert judge([residual | {"shortcuts": False}, plain | {"shortcuts": True}]).outcome == "not supported"


def test_alone_it_must_keep_half_of_what_it_has() -> None:
    known = {(0.1, 0.3): "supported", (0.6, 0.8): "not supported", (0.4, 0.6): "not enough evidence"}
    for ends, outcome in known.items():
        assert judge([lost("resnet56", True, sum(ends) / 2, *ends)]).outcome == outcome


def test_networks_of_one_kind_are_not_compared_with_each_other() -> None:
    little, much = lost("resnet20", True, 0.1, 0.05, 0.2), lost("resnet56", True, 0.3, 0.25, 0.4)
    verdict = judge([little, much])
    assert [str(one.right.name) for one in verdict.comparisons] == ["half of it", "half of it"]
    assert verdict.outcome == "supported"


def test_a_plain_network_alone_must_fall_apart() -> None:
    known = {(0.1, 0.3): "not supported", (0.6, 0.8): "supported", (0.4, 0.6): "not enough evidence"}
    for ends, outcome in known.items():
        assert judge([lost("plain56", False, sum(ends) / 2, *ends)]).outcome == outcome


def test_a_network_that_knows_nothing_has_nothing_to_lose() -> None:
    assert judge([{"name": "new", "shortcuts": True, "median_lost": None}]).outcome == "not enough evidence"


def test_a_run_and_its_twin_lose_the_same_blocks(twins: Twins, cut_short: Both) -> None:
    run = partial(lesion.run, twins[0], beside=twins[1], images=60, counts=(2, 9), draws=2)
    found = cut_short(run, 9)
    residual, plain = found["measured"]["series"]
    assert (residual["name"], residual["shortcuts"]) == ("residual", True)
    assert (plain["name"], plain["shortcuts"]) == ("plain", False)
    cut = {one["name"]: [(row["kind"], row["names"]) for row in one["rows"]] for one in (residual, plain)}
    removed = [("remove", [name]) for name in ("stages.0.0", "stages.0.1", "stages.1.1", "stages.1.2")]
    swapped = [("swap", ["stages.0.0", "stages.0.1"]), ("swap", ["stages.1.1", "stages.1.2"])]
    assert cut["plain"] == [*removed, *swapped]
    assert cut["residual"] == [*removed, ("silence", ["stages.1.0"]), *swapped]
    assert residual["blocks"] == plain["blocks"]
    assert [row["count"] for row in plain["random"]] == [2]  # there are no nine blocks to remove
    assert len(plain["random"][0]["values"]) == 2
    assert found["settings"]["differences"] == ["network.shortcut"]
    assert found["settings"]["images"] == 60 and found["missing"] == []
    _is_what_predict_says(twins[0], residual["whole"], [])
    _is_what_predict_says(twins[0], residual["rows"][1], ["stages.0.1"])


def _is_what_predict_says(run: Path, row: dict[str, Any], names: list[str]) -> None:
    """The accuracy without the named blocks is the share of test images that `predict` gets right without them."""
    model, images = load(run), sorted(Path(Run(run).config.data.path).glob("test/*/*.png"))
    with removed(model.network, names):
        right = [p.label == path.parent.name for p, path in zip(model.predict(images), images, strict=True)]
    assert row["accuracy"] == pytest.approx(sum(right) / len(right))
    assert row["interval"][0] <= row["accuracy"] <= row["interval"][1]


def test_other_weights_or_images_are_another_experiment(twins: Twins, tmp_path: Path) -> None:
    out = tmp_path / "out"
    lesion.run(twins[0], images=20, counts=(), budget_minutes=0, out=out)
    with pytest.raises(RunError, match=r'has a different experiment: subjects is {"residual": "[0-9a-f]{8}…"} there'):
        lesion.run(twins[1], images=20, counts=(), out=out)
    with pytest.raises(RunError, match="images is 20 there and 30 here"):
        lesion.run(twins[0], images=30, counts=(), out=out)


def test_mistakes_are_told_before_any_work(twins: Twins, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ConfigError, match="counts of at least 1, and at least 2 draws"):
        lesion.run(twins[0], draws=1, out=out)
    with pytest.raises(ConfigError, match="--images 0 is not accepted"):
        lesion.run(twins[0], images=0, out=out)
    with pytest.raises(ConfigError, match="was given twice"):
        lesion.run(twins[0], beside=twins[0], out=out)
    assert not out.exists()


def test_every_lesion_has_a_name_of_its_own(twins: Twins) -> None:
    for one in trained.read(twins, choose("cpu", "fp32")):
        cuts = lesion.cuts_of(one, (2, 2, 3), 4, 0)
        names = [each.cell for each in cuts]
        assert len(set(names)) == len(names)
        assert names[0] == f"{one.name}.whole"
        assert f"{one.name}.remove.stages.1.2" in names and f"{one.name}.random.3.1" in names
        assert sum(each.kind == "random" for each in cuts) == 8


def test_twins_lose_the_same_blocks_at_random(twins: Twins) -> None:
    residual, plain = (lesion.cuts_of(one, (2,), 5, 0) for one in trained.read(twins, choose("cpu", "fp32")))
    at_random = [[each.names for each in cuts if each.kind == "random"] for cuts in (residual, plain)]
    assert at_random[0] == at_random[1] and len(set(at_random[0])) > 1


def test_a_cell_says_which_images_are_right(twins: Twins, clothes: Path) -> None:
    one = trained.read(twins[:1], choose("cpu", "fp32"))[0]
    chosen = subset.of_model(one.model, clothes, "test", count=21, seed=0, progress=Progress())
    for each in lesion.cuts_of(one, (), 2, 0):
        with each.applied() as network, torch.no_grad():
            images = torch.cat([images for images, _targets in chosen.batches(21, torch.device("cpu"))])
            right = (network(images).argmax(1) == chosen.labels).numpy()
        assert np.array_equal(each.measure(chosen).images(21), right)


@pytest.mark.parametrize("begun", ["fp32", "bf16"])
def test_an_experiment_goes_on_in_the_precision_in_which_it_was_begun(twins: Twins, tmp_path: Path, begun: str) -> None:
    out = tmp_path / "out"
    lesion.run(twins[0], images=20, counts=(), out=out)
    description = json.loads((out / "experiment.json").read_bytes())
    assert description["precision"].split(" (")[0] == f"{choose('auto', 'fp32').device.type} fp32"
    description["precision"] = description["precision"].replace("fp32", begun)
    (out / "experiment.json").write_text(json.dumps(description))
    cell = min((out / "cells").iterdir())
    cell.unlink()
    again = lesion.run(twins[0], images=20, counts=(), out=out)
    assert cell.is_file() and f" {begun} " in again.settings.measured_on.precision
