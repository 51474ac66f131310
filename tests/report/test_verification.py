"""The part of the page on the threshold, from what a run recorded."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from atalho.metrics.verification import Verification
from atalho.report import figures, html, reidentification
from atalho.report.figure import Drawing
from atalho.report.markup import Html
from atalho.storage.run_folder import RunFolder
from atalho.stored import filled
from atalho.tasks.reidentification.evaluation import ReidentificationEvaluation
from atalho.text import speaking

DRAWN = {"verification": Drawing("verification", Html("<svg></svg>"))}
CHOSEN = {"similarity": 0.535, "wanted_far": 0.01, "far": 0.0098, "far_interval": [0.0004, 0.0404], "frr": 0.0959,
          "frr_interval": [0.0517, 0.1465], "genuine": 1710, "impostor": 14400}  # fmt: skip

SHARES = dict.fromkeys(("rank1", "rank5", "rank10", "rank20", "map", "minp"), 0.9)
EVALUATION = {"task": "reid", "split": "test", "queries": 9, "valid_queries": 9, "identities": 4, "images": 9,
              "protocol": "cross-camera", "average_precision": "hits", "lists": [],
              **SHARES, **{f"{name}_interval": [0.8, 0.95] for name in SHARES}}  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., RunFolder]:
    """A run of this evaluation, whose verification.json differs from the usual in what is given."""
    return partial(_write, tmp_path)


def _write(folder: Path, evaluation: dict[str, Any] | None = None, **recorded: Any) -> RunFolder:
    curve = {"thresholds": [0.0, 0.5], "same_pairs": 1710, "different_pairs": 14400}
    curve |= {f"{name}{end}": [0.5, 0.1] for name in ("far", "frr") for end in ("", "_low", "_high")}
    found = {"split": "val", "data": None, "wanted_far": 0.01, "threshold": CHOSEN, "reason": None, "curve": curve}
    (folder / "run.toml").write_text('task = "reid"\n')
    (folder / "verification.json").write_text(json.dumps(found | recorded))
    if evaluation is not None:
        (folder / "evaluation.json").write_text(json.dumps(evaluation))
    return RunFolder.open(folder)


def test_a_run_without_one_has_no_such_part(tmp_path: Path) -> None:
    assert reidentification.threshold(RunFolder(tmp_path), None, {}) is None


def test_errors_stand_with_intervals_and_pairs(run: Callable[..., RunFolder]) -> None:
    text = reidentification.threshold(run(), None, DRAWN)
    assert text is not None
    for part in (
        "similarity 0.535",
        "at most 1.00%",
        "0.98%",
        "[0.04%, 4.04%]",
        "14,400 pairs",
        "9.59%",
        "1,710 pairs",
    ):
        assert part in text
    assert "test images" not in text


def test_the_test_images_stand_beside_where_it_was_chosen(run: Callable[..., RunFolder]) -> None:
    measured = CHOSEN | {"far": 0.0255, "frr": 0.1016, "genuine": 8740, "impostor": 414000}
    evaluation = filled(ReidentificationEvaluation, EVALUATION | {"at_threshold": measured})
    text = reidentification.threshold(run(), evaluation, DRAWN)
    assert text is not None
    for part in ("validation images", "test images", "2.55%", "10.2%", "414,000 pairs"):
        assert part in text


def test_other_images_are_named_and_escaped(run: Callable[..., RunFolder]) -> None:
    text = reidentification.threshold(run(data="/<b>photos"), None, DRAWN)
    assert text is not None
    assert "/&lt;b&gt;photos" in text


def test_where_there_is_none_the_reason_is_told(run: Callable[..., RunFolder]) -> None:
    text = reidentification.threshold(run(threshold=None, reason="Too few pairs."), None, DRAWN)
    assert text is not None
    assert "No threshold. Too few pairs." in text
    assert "<table" not in text


@pytest.mark.parametrize("language", ["en", "pt"])
def test_it_is_a_part_of_the_page_in_both_languages(run: Callable[..., RunFolder], language: str) -> None:
    page = speaking(language)(html.page)(run(EVALUATION), {})
    assert 'id="threshold-en"' in page
    assert 'id="threshold-pt"' in page


def found(threshold: float | None = 0.5, least: float = 0.002) -> Verification:
    far, frr = [1.0, 0.2, least, 0.0], [0.0, 0.1, 0.5, 1.0]
    curve = {"thresholds": [-0.5, 0.0, 0.5, 1.0], "far": far, "frr": frr, "same_pairs": 9, "different_pairs": 99}
    for name, line in (("far", far), ("frr", frr)):
        curve |= {f"{name}_low": [v / 2 for v in line], f"{name}_high": [min(1.0, 2 * v) for v in line]}
    chosen = None if threshold is None else CHOSEN | {"similarity": threshold}
    about = {"split": "val", "data": None, "wanted_far": 0.01, "reason": None}
    return filled(Verification, about | {"threshold": chosen, "curve": curve})


def test_both_curves_the_wanted_rate_and_the_threshold_are_there() -> None:
    axes = figures.error_rates(found()).axes[0]
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}
    assert lines["false accepts"][:3] == [[-0.5, 1.0], [0.0, 0.2], [0.5, 0.002]]
    assert lines["false rejects"][1:] == [[0.0, 0.1], [0.5, 0.5], [1.0, 1.0]]
    assert lines["threshold"] == [[0.5, 0.0], [0.5, 1.0]]
    assert {y for _x, y in lines["target"]} == {0.01}
    assert len(axes.collections) == 2  # the bands


def test_without_a_threshold_there_is_no_line_for_it() -> None:
    labels = {line.get_label() for line in figures.error_rates(found(None)).axes[0].get_lines()}
    assert labels == {"false accepts", "false rejects", "target"}


@pytest.mark.parametrize(("least", "floor"), [(0.02, 1e-3), (0.002, 1e-3), (0.0004, 1e-4), (0.0, 1e-3), (1e-6, 1e-4)])
def test_the_scale_goes_down_to_a_decade_below_what_is_seen(least: float, floor: float) -> None:
    axes = figures.error_rates(found(least=least)).axes[0]
    assert axes.get_ylim()[0] == pytest.approx(floor)
    curve = next(line for line in axes.get_lines() if line.get_label() == "false accepts")
    assert curve.get_ydata()[-1] == floor  # nothing is lost below the axis


def test_the_scale_is_read_in_percent_in_either_language() -> None:
    for name, wanted in (("en", "0.1%"), ("pt", "0,1%")):
        with speaking(name):
            axis = figures.error_rates(found()).axes[0].yaxis
            assert [axis.get_major_formatter()(value, 0) for value in (1e-3, 1e-2, 1.0)] == [wanted, "1%", "100%"]
