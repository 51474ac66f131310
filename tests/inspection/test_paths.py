"""Gradients by path: what comes over all paths together is the gradient; lengths and shares add up."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from atalho.errors import ConfigError
from atalho.inspection import paths
from atalho.inspection.gradient_flow import gradient_flow, per_image
from atalho.inspection.norms import by_batch
from atalho.inspection.paths import PathLength
from atalho.networks.build import create
from atalho.networks.network import Network

Batch = tuple[Tensor, Tensor]


def every_path(network: Network, batch: Batch) -> dict[tuple[str, ...], Tensor]:
    """What reaches the first block over each of the 2ⁿ paths."""
    images, targets = batch
    names = [name for name, _block in network.blocks()]
    found = {}
    with by_batch(network), paths.gates(network) as (open_branch, entering):
        loss = F.cross_entropy(network(images), targets)
        for path in product(("residual", "shortcut"), repeat=len(names)):
            open_branch.update(zip(names, path, strict=True))
            (found[path],) = torch.autograd.grad(loss, entering[:1], retain_graph=True)
    return found


def test_the_gradient_is_the_sum_over_all_paths(residual: Network, batch: Batch) -> None:
    found = every_path(residual, batch)
    assert len(found) == 16
    with by_batch(residual):
        x = residual.stem(batch[0])
        logits = residual.head(residual.closing(residual.stages(x)))
        (whole,) = torch.autograd.grad(F.cross_entropy(logits, batch[1]), x)
    torch.testing.assert_close(sum(found.values()), whole)


def test_lengths_are_means_over_their_paths_times_how_many_there_are(residual: Network, batch: Batch) -> None:
    found = every_path(residual, batch)
    rows = paths.by_length(residual, *batch, samples=60)
    assert [row.length for row in rows] == [0, 1, 2, 3, 4]
    totals = []
    for row, count in zip(rows, (1, 4, 6, 4, 1), strict=True):
        norms = [per_image(g) for path, g in found.items() if path.count("residual") == row.length]
        assert len(norms) == count
        # 60 draws among a few paths: the mean is close, and exact where there is one path.
        assert row.gradient == pytest.approx(sum(norms) / count, rel=0.15 if count > 1 else 1e-4)
        totals.append(row.gradient * count)
    assert [row.share for row in rows] == pytest.approx([total / sum(totals) for total in totals])


def test_the_network_is_left_as_it_was(residual: Network, batch: Batch) -> None:
    before = gradient_flow(residual, *batch)
    paths.by_length(residual, *batch, samples=2)
    assert gradient_flow(residual, *batch) == before
    assert residual.training


def test_the_same_seed_draws_the_same_paths(residual: Network, batch: Batch) -> None:
    one, same, other = (paths.by_length(residual, *batch, samples=2, seed=seed) for seed in (1, 1, 2))
    assert one == same != other


def test_the_middle_of_the_gradient() -> None:
    rows = [PathLength(k, 1.0, share) for k, share in enumerate((0.01, 0.2, 0.5, 0.28, 0.01))]
    assert paths.middle(rows) == (1, 3)
    assert paths.middle(rows, level=0.5) == (2, 3)
    assert paths.middle([PathLength(0, 1.0, 1.0)]) == (0, 0)


@pytest.mark.parametrize("name", ["plain20", "densenet-bc-16-4"])
def test_other_networks_have_one_path(name: str, batch: Batch) -> None:
    with pytest.raises(ConfigError, match=r"block stages\.0\.0 adds no shortcut"):
        paths.by_length(create(name), *batch)
    assert not paths.several(create(name)) and paths.several(create("mlp6"))
