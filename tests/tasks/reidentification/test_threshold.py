"""What is recorded of a threshold: the curve where it moves, with its ends, JSON-safe and not too long."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from atalho.metrics import verification
from atalho.metrics.verification import ErrorRates
from atalho.tasks.reidentification import threshold as threshold_choice
from atalho.text import Text


@pytest.fixture(scope="module")
def rates() -> ErrorRates:
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(15, 16, generator=generator)
    points = centres.repeat_interleave(5, 0) + torch.randn(75, 16, generator=generator)
    return verification.error_rates(torch.nn.functional.normalize(points, dim=1), np.repeat(np.arange(15), 5))


def test_the_curve_holds_what_moves(rates: ErrorRates) -> None:
    curve = threshold_choice.curve(rates)
    lines = [curve.line(name) for name in ("thresholds", "far", "far_low", "far_high", "frr", "frr_low", "frr_high")]
    assert len({len(line) for line in lines}) == 1
    assert len(curve.thresholds) <= 200
    assert curve.far[0] == pytest.approx(1)
    assert curve.frr[-1] == pytest.approx(1)
    assert curve.frr[0] < 0.01
    assert curve.far[-1] < 0.01
    assert (np.diff(curve.far) <= 0).all()
    assert (np.diff(curve.frr) >= 0).all()
    assert (curve.same_pairs, curve.different_pairs) == (150, 2625)
    for threshold, far in zip(curve.thresholds[::20], curve.far[::20], strict=True):
        place = int(np.argmin(np.abs(rates.thresholds - threshold)))
        assert far == pytest.approx(rates.far[place], abs=1e-6)


def test_identities_that_are_apart_have_a_curve_too() -> None:
    found = verification.error_rates(torch.eye(6).repeat_interleave(2, 0), np.repeat(np.arange(6), 2))
    curve = threshold_choice.curve(found)
    assert (max(curve.far), curve.far[-1]) == (1.0, 0.0)
    assert len(curve.thresholds) > 10


def test_the_record_of_a_choice_and_of_none(rates: ErrorRates, tmp_path: Path) -> None:
    chosen = verification.choose(rates, 0.05)
    threshold_choice.record(tmp_path, rates, 0.05, chosen)
    found = json.loads((tmp_path / "verification.json").read_text())
    assert (found["split"], found["data"], found["reason"]) == ("val", None, None)
    assert found["threshold"]["similarity"] == chosen.similarity
    threshold_choice.record(tmp_path, rates, 1e-6, None, data="photos", reason=Text.verbatim("too few"))
    found = json.loads((tmp_path / "verification.json").read_text())
    assert (found["split"], found["data"], found["threshold"], found["wanted_far"]) == (None, "photos", None, 1e-6)
    assert found["reason"] == "too few"
