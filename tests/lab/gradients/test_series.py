"""From single looks at gradients to means, intervals and the verdict."""

from dataclasses import replace

import pytest
import torch

from atalho.lab.gradients import series as gs
from atalho.lab.gradients.result import GradientsSeries
from atalho.lab.shared.verdict import Interval
from atalho.networks import catalogue
from atalho.networks.build import create
from atalho.precision import choose

EXACT = choose("cpu", "fp32")


def probe(first: float, neighbour: float, shares: tuple[float, ...] | None = None) -> gs.Probe:
    return gs.Probe(
        blocks=("stages.0.0", "stages.0.1", "stages.0.2"),
        entering=(first, 2.0, 1.0),
        weights=(3.0, 2.0, 1.5),
        cosines=(1.0, neighbour, 0.1),
        paths=shares,
    )


def series(name: str, firsts: list[float], neighbour: float, moment: str = "start") -> GradientsSeries:
    values = {f"{name}.seed{k}": {moment: probe(first, neighbour + k / 100)} for k, first in enumerate(firsts)}
    return gs.series(name, catalogue.spec(name), values)


def test_ratios_are_geometric_means() -> None:
    found = series("resnet20", [2.0, 8.0], 0.5).moments["start"]
    assert found.looks == 2
    assert found.ratio.mean == pytest.approx(4)
    assert found.ratio.values == (2, 8)
    assert found.ratio.low * found.ratio.high == pytest.approx(16)
    assert found.ratio_weights.mean == pytest.approx(2)
    assert found.relative[-1] == Interval(mean=1, low=1, high=1)
    assert found.neighbour.mean == pytest.approx(0.505)


def test_a_gradient_that_vanishes_and_one_that_explodes_are_equally_uneven() -> None:
    assert series("plain20", [0.01, 100.0], 0.5).moments["start"].factors == pytest.approx([100, 100])


def test_only_a_networks_own_cells_count() -> None:
    values = {"net.seed0": {"start": probe(1, 0.5)}, "net-plain.seed0": {"start": probe(9, 0.5)}}
    found = gs.series("net", catalogue.spec("resnet20"), values)
    assert found.moments["start"].ratio.values == (1,)
    assert found.moments["start"].ratio.low == 0  # one look alone: nothing is known


def test_shares_of_paths_are_averaged() -> None:
    values = {f"r.seed{k}": {"start": probe(1, 0.5, shares)} for k, shares in enumerate(((0.2, 0.8), (0.4, 0.6)))}
    found = gs.series("r", catalogue.spec("resnet20"), values).moments["start"].paths
    assert found.shares == pytest.approx([0.3, 0.7])
    assert found.middle == (0, 1)


EVEN, UNEVEN = [3.0, 3.1, 2.9], [900.0, 1000.0, 1100.0]


def test_even_and_alike_with_shortcuts_supports_the_claim() -> None:
    verdict = gs.judge([series("resnet20", EVEN, 0.5), series("plain20", UNEVEN, 0.0)])
    assert [comparison.outcome for comparison in verdict.comparisons] == ["supported", "supported"]
    assert gs.judge([series("plain20", UNEVEN, 0.0), series("resnet20", EVEN, 0.5)]).outcome == "supported"


def test_the_other_way_round_speaks_against_it() -> None:
    assert gs.judge([series("resnet20", UNEVEN, 0.5), series("plain20", EVEN, 0.0)]).outcome == "not supported"
    assert gs.judge([series("resnet20", EVEN, 0.0), series("plain20", UNEVEN, 0.5)]).outcome == "not supported"


def test_a_gradient_that_vanishes_is_no_highway_either() -> None:
    vanishing = [1e-3, 1.1e-3, 0.9e-3]
    assert gs.judge([series("resnet20", EVEN, 0.5), series("plain20", vanishing, 0.0)]).outcome == "supported"


def test_both_ends_of_training_are_asked() -> None:
    both = []
    for name, firsts, neighbour in (("resnet20", EVEN, 0.5), ("plain20", UNEVEN, 0.0)):
        one = series(name, firsts, neighbour)
        later = series(name, EVEN, 0.5, "epoch2").moments | series(name, EVEN, 0.5, "trained").moments
        both.append(replace(one, moments=one.moments | later))
    verdict = gs.judge(both)
    outcomes = [comparison.outcome for comparison in verdict.comparisons]
    assert outcomes == ["supported", "supported", "not enough evidence", "not enough evidence"]
    assert verdict.outcome == "not enough evidence"


def test_without_a_control_there_is_no_verdict() -> None:
    assert gs.judge([series("resnet20", EVEN, 0.5)]).outcome == "not enough evidence"
    assert gs.judge([series("resnet20", [3.0], 0.5), series("plain20", [900.0], 0.0)]).outcome == "not enough evidence"


def test_everything_is_there_and_repeats() -> None:
    torch.manual_seed(0)
    images, targets = torch.randn(6, 3, 8, 8), torch.arange(6)
    network = create("mlp6")
    seen = gs.probe(network, images, targets, precision=EXACT, seed=0)
    assert seen == gs.probe(network, images, targets, precision=EXACT, seed=0)
    assert seen.blocks == ("stages.0.0", "stages.0.1")
    assert len(seen.entering) == len(seen.weights) == 2
    assert abs(seen.cosines[0] - 1) < 1e-6 and len(seen.cosines) == 33
    assert len(seen.paths) == 3 and abs(sum(seen.paths) - 1) < 1e-9


def test_a_plain_network_has_no_lengths_of_paths() -> None:
    images, targets = torch.randn(4, 3, 8, 8), torch.arange(4)
    assert gs.probe(create("plainmlp6"), images, targets, precision=EXACT, seed=0).paths is None
