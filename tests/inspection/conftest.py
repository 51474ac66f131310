"""Small networks and images that inspections look at."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from atalho.networks.build import build
from atalho.networks.network import Network
from atalho.networks.spec import ResNetSpec

RESIDUAL = ResNetSpec(
    design="basic", blocks=(2, 2), widths=(4, 8), stem="small", stem_channels=4, shortcut="zero-pad", classes=3
)


@pytest.fixture
def residual() -> Network:
    torch.manual_seed(0)
    return build(RESIDUAL)


@pytest.fixture
def plain() -> Network:
    torch.manual_seed(0)
    return build(replace(RESIDUAL, shortcut="none"))


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    """Eight images (8,3,8,8) and their classes."""
    generator = torch.Generator().manual_seed(5)
    return torch.randn(8, 3, 8, 8, generator=generator), torch.arange(8) % 3
