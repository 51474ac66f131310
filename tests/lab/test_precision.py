"""What experiments compute in: fp32, or bf16 where it is asked for; and an experiment ends in what it began in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from atalho.errors import ConfigError, RunError
from atalho.lab.compare import measure as compare
from atalho.lab.cost import measure as cost
from atalho.lab.depth import measure as depth
from atalho.lab.gradients import measure as gradients
from atalho.lab.identity import measure as identity
from atalho.lab.landscape import measure as landscape
from atalho.lab.lesion import measure as lesion
from atalho.lab.shared.training import Recipe

Twins = tuple[Path, Path]
RECIPE = Recipe(epochs=1, images=60, batch_size=20)
EXPERIMENTS: dict[str, Any] = {
    "depth": lambda data, _run, options: depth.run(data, depths=(8, 14), seeds=1, recipe=RECIPE, **options),
    "compare": lambda data, _run, options: compare.run(
        data, models=("mlp6", "plain20"), seeds=1, recipe=RECIPE, **options
    ),
    "gradients": lambda data, _run, options: gradients.run("mlp6", data, seeds=1, batch=8, recipe=RECIPE, **options),
    "gradients of a run": lambda _data, run, options: gradients.run(run, seeds=1, batch=8, **options),
    "landscape": lambda _data, run, options: landscape.run(run, images=20, points=5, lines=1, **options),
    "lesion": lambda _data, run, options: lesion.run(run, images=20, counts=(), **options),
    "cost": lambda _data, _run, options: cost.run(["mlp6", "plain20"], size=16, batch=2, rounds=1, **options),
    "identity": lambda data, _run, options: identity.run("resnet20", data, images=2, **options),
}


@pytest.fixture
def kinds() -> Iterator[set[torch.dtype]]:
    """The number types that convolutions and linear layers gave."""
    seen: set[torch.dtype] = set()

    def look(module: nn.Module, _inputs: Any, output: Any) -> None:
        if isinstance(module, nn.Conv2d | nn.Linear):
            seen.add(output.dtype)

    handle = register_module_forward_hook(look)
    yield seen
    handle.remove()


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_it_is_measured_in_what_was_asked_for_and_goes_on_in_it(
    name: str, clothes: Path, twins: Twins, tmp_path: Path, kinds: set[torch.dtype]
) -> None:
    run, out = EXPERIMENTS[name], tmp_path / "out"
    assert run(clothes, twins[0], {"precision": "bf16", "out": out}).measured_in == "bf16"
    assert torch.bfloat16 in kinds
    finished = {path: path.stat().st_mtime_ns for path in (out / "cells").iterdir()}
    assert run(clothes, twins[0], {"out": out}).measured_in == "bf16"
    assert {path: path.stat().st_mtime_ns for path in (out / "cells").iterdir()} == finished
    with pytest.raises(RunError, match=r"has a different experiment: .*(precision|errors_in|recipe) is .* there and "):
        run(clothes, twins[0], {"precision": "fp32", "out": out})
    with pytest.raises(ConfigError, match="precision = 'fp16': expected fp32 or bf16"):
        run(clothes, twins[0], {"precision": "fp16", "out": out})


@pytest.mark.parametrize("name", ["gradients of a run", "landscape", "cost", "identity"])
def test_it_is_fp32_where_nothing_was_asked_for(
    name: str, clothes: Path, twins: Twins, tmp_path: Path, kinds: set[torch.dtype]
) -> None:
    result = EXPERIMENTS[name](clothes, twins[0], {"out": tmp_path / "out"})
    assert kinds == {torch.float32}
    assert result.measured_in == result.provenance["measured_in"] == "fp32"
    assert "· fp32" in result.verdict_html()


def test_zeroed_blocks_are_their_input_in_bf16_too(clothes: Path, tmp_path: Path) -> None:
    assert identity.run("resnet20", clothes, precision="bf16", out=tmp_path / "out").largest_difference == 0.0
