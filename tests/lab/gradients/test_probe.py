"""What is measured of one network at one moment."""

import torch

from atalho.lab.gradients.probe import probe
from atalho.networks.build import create


def test_everything_is_there_and_repeats() -> None:
    torch.manual_seed(0)
    images, targets = torch.randn(6, 3, 8, 8), torch.arange(6)
    network = create("mlp6")
    seen = probe(network, images, targets, seed=0)
    assert seen == probe(network, images, targets, seed=0)
    assert seen.blocks == ("stages.0.0", "stages.0.1")
    assert len(seen.entering) == len(seen.weights) == 2
    assert abs(seen.cosines[0] - 1) < 1e-6 and len(seen.cosines) == 33
    assert len(seen.paths) == 3 and abs(sum(seen.paths) - 1) < 1e-9


def test_a_plain_network_has_no_lengths_of_paths() -> None:
    images, targets = torch.randn(4, 3, 8, 8), torch.arange(4)
    assert probe(create("plainmlp6"), images, targets, seed=0).paths is None
