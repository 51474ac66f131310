import math

import numpy as np
import pytest
import scipy.optimize
import sklearn.calibration
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy
from torchmetrics.functional.classification import multiclass_calibration_error

from atalho.errors import NotFiniteError
from atalho.inspection.memory import _Living
from atalho.metrics import calibration
from atalho.metrics.calibration import ConfidenceBin, Reliability, fit_temperature, reliability


def drawn(images, classes, temperature, seed=0):
    """Logits whose softmax at `temperature` is exactly the chance of each label, and such labels."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(images, classes, generator=generator) * 3
    labels = torch.multinomial((logits / temperature).softmax(1), 1, generator=generator).squeeze(1)
    return logits, labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_finds_the_temperature_that_made_the_labels(temperature):
    logits, labels = drawn(4000, 6, temperature)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.1)
    found = fit_temperature(logits, labels)
    assert reliability(logits, labels, found).error < 0.025


@given(st.integers(0, 1000), st.floats(0.3, 4))
@settings(deadline=None, max_examples=6)
def test_minimises_the_log_loss_with_one_more_unknown_image(seed, temperature):
    logits, labels = drawn(100, 4, temperature, seed)
    logits = logits.double()

    def loss(log_t: float) -> float:
        scaled = logits / math.exp(log_t)
        unknown = 1 / (len(labels) + 1)
        return float((1 - unknown) * cross_entropy(scaled, labels) - unknown * scaled.log_softmax(1).mean())

    best = scipy.optimize.minimize_scalar(loss, bounds=(math.log(0.05), math.log(20)), method="bounded")
    assert loss(math.log(fit_temperature(logits, labels))) <= best.fun + 1e-9


def test_many_classes_are_worked_on_a_few_images_at_once(monkeypatch):
    """A16: in double precision, 4,096 images of 10,000 classes are 300 MB for each intermediate value."""
    logits, labels = drawn(300, 50_000, 1.0)
    with _Living() as living:
        calibration._derivatives(1.0, logits, labels)
    assert living.most < 0.2 * logits.nbytes
    few, labels = drawn(50, 5, 2.0)
    whole = fit_temperature(few, labels)
    monkeypatch.setattr(calibration, "_FEW_CLASSES", 4)
    monkeypatch.setattr(calibration, "_VALUES", 35)
    assert fit_temperature(few, labels) == pytest.approx(whole, rel=1e-9)


def bisected(logits, labels):
    """The slow way: fifty halvings of the interval that holds the zero of the loss's slope."""
    logits, unknown = logits.double(), 1 / (len(labels) + 1)

    def slope(inverse):
        shares = (logits * inverse).softmax(1)
        target = (1 - unknown) * logits[torch.arange(len(labels)), labels] + unknown * logits.mean(1)
        return float(((shares * logits).sum(1) - target).mean())

    low, high = math.log(1 / 20), math.log(1 / 0.05)
    for _step in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(math.exp(middle)) < 0 else (low, middle)
    return math.exp(-(low + high) / 2)


@given(
    st.integers(0, 1000),
    st.integers(2, 40),
    st.floats(0.05, 20),
    st.floats(-3, 3),
    st.sampled_from(["drawn", "right", "wrong"]),
)
@settings(deadline=None, max_examples=60)
def test_a_few_passes_find_what_bisection_finds(seed, classes, temperature, size, labelled):
    """27 seconds passed without a word for 10,000 images of 10,000 classes, each of fifty passes taking its share."""
    logits, labels = drawn(60, classes, temperature, seed)
    logits = 10**size * logits
    labels = {"drawn": labels, "right": logits.argmax(1), "wrong": logits.argmin(1)}[labelled]
    with pytest.MonkeyPatch.context() as patch:
        passes = []
        true = calibration._derivatives
        patch.setattr(calibration, "_derivatives", lambda *given: passes.append(given[0]) or true(*given))
        assert fit_temperature(logits, labels) == pytest.approx(bisected(logits, labels), rel=1e-9)
    assert len(passes) <= 20


@given(st.floats(0.2, 5))
@settings(deadline=None, max_examples=8)
def test_scaling_the_logits_scales_the_temperature(factor):
    logits, labels = drawn(200, 5, 1.0)
    assert fit_temperature(logits * factor, labels) == pytest.approx(factor * fit_temperature(logits, labels), rel=1e-5)


def test_a_few_images_all_right_leave_some_doubt():
    for images in (1, 5, 20):
        logits = 2 * torch.eye(10)[torch.arange(images) % 10]
        temperature = fit_temperature(logits, torch.arange(images) % 10)
        confidence = float((logits / temperature).softmax(1).max())
        assert confidence == pytest.approx((images + 0.1) / (images + 1), abs=1e-4)


def test_stays_within_its_bounds_and_repeats():
    right = torch.arange(1000) % 3
    assert fit_temperature(0.01 * torch.eye(3)[right], right) == pytest.approx(0.05)
    assert fit_temperature(30 * torch.eye(3)[right], (right + 1) % 3) == pytest.approx(20)
    logits, labels = drawn(200, 3, 1.5)
    assert fit_temperature(logits, labels) == fit_temperature(logits.clone(), labels.clone())


def test_where_nothing_can_be_learnt_it_is_one():
    assert fit_temperature(torch.zeros(0, 3), torch.zeros(0).long()) == 1.0
    assert fit_temperature(torch.ones(4, 3), torch.zeros(4).long()) == 1.0
    assert fit_temperature(torch.randn(4, 1), torch.zeros(4).long()) == 1.0


def test_many_rows_give_what_one_chunk_gives(monkeypatch):
    logits, labels = drawn(500, 4, 2.0)
    whole = fit_temperature(logits, labels)
    monkeypatch.setattr("atalho.metrics.calibration._ROWS", 64)
    assert fit_temperature(logits, labels) == pytest.approx(whole, rel=1e-9)


@given(st.integers(0, 1000), st.integers(2, 8))
@settings(deadline=None, max_examples=25)
def test_error_and_bins_equal_their_definition(seed, classes):
    logits, labels = drawn(150, classes, 1.3, seed)
    got = reliability(logits, labels, temperature=0.8)
    probabilities = (logits / 0.8).softmax(1).double()
    confidence = probabilities.amax(1).tolist()
    hit = (probabilities.argmax(1) == labels).tolist()
    error = 0.0
    expected = []
    for k in range(15):
        inside = [i for i, c in enumerate(confidence) if k / 15 <= c < (k + 1) / 15 or (k == 14 and c >= 1)]
        if inside:
            mean, right = np.mean([confidence[i] for i in inside]), np.mean([hit[i] for i in inside])
            error += len(inside) / 150 * abs(mean - right)
            expected.append({"confidence": mean, "accuracy": right, "count": len(inside)})
    assert got.error == pytest.approx(error)
    assert [b.count for b in got.bins] == [b["count"] for b in expected]
    for ours, theirs in zip(got.bins, expected, strict=True):
        assert vars(ours) == pytest.approx(theirs)


def test_agrees_with_torchmetrics_and_scikit_learn():
    logits, labels = drawn(2000, 5, 2.0)
    got = reliability(logits, labels)
    theirs = multiclass_calibration_error(logits.softmax(1), labels, num_classes=5, n_bins=15)
    assert got.error == pytest.approx(float(theirs), abs=1e-6)
    confidence, predicted = logits.softmax(1).max(1)
    accuracy, mean = sklearn.calibration.calibration_curve(predicted == labels, confidence, n_bins=15)
    assert [b.accuracy for b in got.bins] == pytest.approx(accuracy.tolist())
    assert [b.confidence for b in got.bins] == pytest.approx(mean.tolist(), abs=1e-6)


def test_certainty_falls_into_the_last_bin():
    got = reliability(1000 * torch.eye(2), torch.tensor([0, 0]))
    assert got == Reliability(0.5, (ConfidenceBin(1.0, 0.5, 2),))


def test_logits_that_are_no_numbers_are_refused():
    bad = torch.full((2, 2), float("nan"))
    with pytest.raises(NotFiniteError, match="2 of 2 images"):
        fit_temperature(bad, torch.tensor([0, 1]))
    with pytest.raises(NotFiniteError, match="2 of 2 images"):
        reliability(bad, torch.tensor([0, 1]))
