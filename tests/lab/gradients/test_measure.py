"""Gradients of networks as they begin, along a short training, and of runs; a second sitting goes on."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from atalho.errors import ConfigError
from atalho.lab.gradients import measure as gradients
from atalho.lab.shared.training import Recipe
from atalho.networks.network import Network
from atalho.runs.network import first_weights
from atalho.runs.run import Run

Twins = tuple[Path, Path]
Both = Callable[..., dict[str, Any]]


@pytest.mark.slow
def test_twins_of_runs_as_they_began_and_as_they_are(twins: Twins, cut_short: Both) -> None:
    found = cut_short(partial(gradients.run, twins[0], beside=twins[1], seeds=2, batch=8), 3)
    residual, plain = found["measured"]["series"]
    assert (residual["name"], plain["name"]) == ("residual", "plain")
    for one in (residual, plain):
        assert {moment: seen["looks"] for moment, seen in one["moments"].items()} == {"start": 2, "trained": 5}
    assert residual["moments"]["start"]["paths"] and plain["moments"]["start"]["paths"] is None
    assert len(found["verdict"]["comparisons"]) == 4
    assert found["settings"]["differences"] == ["network.shortcut"]


def test_a_network_of_the_catalogue_is_trained_beside_its_twin(clothes: Path, cut_short: Both) -> None:
    recipe = Recipe(epochs=1, images=60, batch_size=20)
    found = cut_short(partial(gradients.run, "mlp6", clothes, seeds=1, batch=8, recipe=recipe), 1)
    residual, plain = found["measured"]["series"]
    assert (residual["name"], plain["name"]) == ("mlp6", "plainmlp6")
    for one in (residual, plain):
        assert list(one["moments"]) == ["start", "epoch1"]
        first, last = one["moments"]["start"]["ratio"]["values"], one["moments"]["epoch1"]["ratio"]["values"]
        assert len(first) == 1 and first != last
    assert found["settings"]["recipe"]["epochs"] == 1
    assert found["settings"]["differences"] == ["network.shortcut"]


def test_twins_begin_with_the_same_residual_branches(twins: Twins) -> None:
    begun: list[Network] = []
    for path in twins:
        run = Run.open(path)
        spec = run.network.spec
        begun.append(gradients.GradientCandidate(path.name, spec, run.config).at_start(5))
    weights = [dict(network.named_parameters()) for network in begun]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_runs_own_seed_gives_its_own_beginning(twins: Twins) -> None:
    run = Run.open(twins[0])
    spec = run.network.spec
    begun = gradients.GradientCandidate("residual", spec, run.config).at_start(run.config.training.seed)
    own = first_weights(spec, run.config, None).state_dict()
    assert all(torch.equal(own[name], values) for name, values in begun.state_dict().items())


def test_a_run_alone_has_its_twin_beside_it_at_the_beginning(twins: Twins, tmp_path: Path) -> None:
    result = gradients.run(twins[0], seeds=1, batch=4, budget_minutes=0, out=tmp_path / "out")
    found = json.loads((result.path / "result.json").read_bytes())
    assert [one["name"] for one in found["measured"]["series"]] == ["residual", "residual-plain"]
    assert "residual-plain.seed0" in found["missing"] and "residual.batch4" in found["missing"]
    assert not any(name.startswith("residual-plain.batch") for name in found["missing"])


def test_mistakes_are_told_before_any_work(
    twins: Twins, clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with pytest.raises(ConfigError, match="network 'resnet57' is not in the catalogue"):
        gradients.run("resnet57", clothes, out=out)
    with pytest.raises(ConfigError, match="resnet20 is a network of the catalogue: give the images too"):
        gradients.run("resnet20", out=out)
    (tmp_path / "resnet20").mkdir()
    monkeypatch.chdir(tmp_path)  # a folder does not hide the network of its name, as elsewhere
    with pytest.raises(ConfigError, match="resnet20 is a network of the catalogue: give the images too"):
        gradients.run("resnet20", out=out)
    with pytest.raises(ConfigError, match="--beside is for two runs"):
        gradients.run("resnet20", clothes, beside=twins[1], out=out)
    with pytest.raises(ConfigError, match="Give at least 1 seed"):
        gradients.run("resnet20", clothes, seeds=0, out=out)
    assert not out.exists()
