"""Losses of pytorch-metric-learning by our names."""

import sys
from typing import get_args

import pytest
import torch

from atalho.config import FurtherLoss, ReidConfig
from atalho.errors import ConfigError
from atalho.tasks.losses.further import further


@pytest.mark.parametrize("name", [name for name in get_args(FurtherLoss) if name != "none"])
def test_each_gives_a_number_that_moves_the_features(name: FurtherLoss) -> None:
    loss = further(name)
    assert loss is not None
    features = torch.randn(8, 4, requires_grad=True)
    loss(features, torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])).backward()  # type: ignore[no-untyped-call]
    assert features.grad is not None
    assert features.grad.any()


def test_none_is_the_default() -> None:
    assert ReidConfig.further == "none"
    assert further("none") is None


def test_without_the_library_its_installation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning.losses", None)
    with pytest.raises(ConfigError, match=r"pip install -e '\.\[reid\]'"):
        further("circle")
