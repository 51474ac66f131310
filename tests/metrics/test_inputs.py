import pytest
import torch

from atalho.errors import DataError, NotFiniteError
from atalho.metrics.inputs import checked


def test_half_precision_is_widened_and_double_is_kept():
    labels = torch.tensor([0, 1], dtype=torch.uint8)
    for given, expected in [
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ]:
        logits, widened = checked(torch.eye(2, dtype=given), labels)
        assert logits.dtype == expected
        assert widened.dtype == torch.int64


def test_a_gradient_is_not_kept():
    assert not checked(torch.eye(2, requires_grad=True), torch.tensor([0, 1]))[0].requires_grad


@pytest.mark.parametrize(
    ("logits", "labels", "text"),
    [
        (torch.zeros(3), torch.zeros(3).long(), r"shape \(3,\) with labels of shape \(3,\): expected \(N, K\)"),
        (torch.zeros(3, 2), torch.zeros(2).long(), r"labels of shape \(2,\)"),
        (torch.zeros(0, 2), torch.zeros(0).long(), "nothing to measure: 0 images, 2 classes"),
        (torch.zeros(2, 2), torch.zeros(2), "type torch.float32: expected whole numbers"),
        (torch.zeros(2, 2), torch.tensor([0, 2]), "Labels from 0 to 2: expected 0 to 1, one for each of the 2"),
        (torch.zeros(2, 2), torch.tensor([-1, 1]), "Labels from -1 to 1"),
    ],
)
def test_what_does_not_fit_is_named(logits, labels, text):
    with pytest.raises(DataError, match=text):
        checked(logits, labels)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_logit_that_is_no_number_is_named(bad):
    logits = torch.zeros(5, 3)
    logits[3, 1] = bad
    with pytest.raises(NotFiniteError, match=r"for 1 of 5 images \(first: number 3\).*earlier checkpoint"):
        checked(logits, torch.zeros(5).long())
