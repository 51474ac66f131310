"""Networks whose cost is measured: ours and torchvision's, by their names, and what can be counted of both alike."""

from pathlib import Path

import pytest
import torch

from atalho.errors import ConfigError
from atalho.lab.cost.candidate import candidate, check_side, counts


@pytest.mark.parametrize(
    ("word", "kind", "side"),
    [
        ("resnet34", "residual", 224), ("plain34", "plain", 224), ("densenet121", "dense", 224),
        ("resnet20", "residual", 32), ("mlp6", "residual", 32), ("vgg11", "other", 224),
    ],
)  # fmt: skip
def test_names(word: str, kind: str, side: int) -> None:
    found = candidate(word)
    assert (found.name, found.kind, found.side, found.channels) == (word, kind, side, 3)


def test_our_names_come_before_torchvisions_and_cost_the_same() -> None:
    ours = counts(candidate("resnet18"), 64)
    with torch.device("meta"):
        from torchvision.models import resnet18

        theirs = sum(p.numel() for p in resnet18().parameters())
    assert candidate("resnet18").kind == "residual" and ours.parameters == theirs


def test_a_file_with_a_specification(tmp_path: Path) -> None:
    path = tmp_path / "grey.toml"
    path.write_text(
        'family = "resnet"\ndesign = "basic"\nstem = "small"\nblocks = [1, 1]\nwidths = [8, 16]\n'
        "stem_channels = 8\nin_channels = 1\n"
    )
    found = candidate(str(path))
    assert (found.kind, found.channels) == ("residual", 1)
    assert counts(found, 32).parameters > 0


def test_operations_grow_with_the_area_and_parameters_do_not() -> None:
    small, large = (counts(candidate("resnet20"), side) for side in (32, 64))
    assert small.parameters == large.parameters == 269_722
    head = 64 * 10
    assert large.multiply_adds - head == 4 * (small.multiply_adds - head)


def test_a_block_without_shortcut_costs_what_one_with_an_identity_costs() -> None:
    plain, residual = (counts(candidate(name), 32) for name in ("plain20", "resnet20"))
    assert plain.parameters == residual.parameters
    assert plain.multiply_adds == residual.multiply_adds
    assert plain.activation_bytes <= residual.activation_bytes


def test_images_that_are_too_small_are_refused_before_anything_is_computed() -> None:
    check_side(candidate("vgg11"), 32)
    with pytest.raises(ConfigError, match=r"vgg11 does not support images of 8 pixels \(.*\). Choose a larger --size"):
        check_side(candidate("vgg11"), 8)


@pytest.mark.parametrize("word", ["vgg1", "fcn_resnet50", "r3d_18"])
def test_what_neither_has_is_refused(word: str) -> None:
    with pytest.raises(ConfigError):
        candidate(word)
