"""Weights of other programs: the same outputs, in every mode, and the way back."""

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import timm
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

from atalho import networks
from atalho.errors import ConfigError, WeightsError


def load_parity() -> ModuleType:
    """The benchmark that compares with the peers, whose sweep is the slow test here."""
    path = Path(__file__).parents[3] / "benchmarks" / "parity.py"
    specification = importlib.util.spec_from_file_location("parity", path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(path.parent)  # as when it is run: its neighbours can be imported
        specification.loader.exec_module(module)
    return module


parity = load_parity()


@torch.no_grad()
def assert_same(own: nn.Module, peer: nn.Module, sizes: tuple[tuple[int, int], ...]) -> None:
    """Equal outputs to 1e-5 of the largest, in eval mode and in train mode, and equal statistics after both."""
    for training in (False, True):
        for images, side in sizes:
            x = torch.randn(images, 3, side, side)
            ours, theirs = own.train(training)(x), peer.train(training)(x)
            assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max()


class OptionA(nn.Module):
    def __init__(self, added: int) -> None:
        super().__init__()
        self.added = added

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.added // 2, self.added // 2))


class PaperBlock(nn.Module):
    """Section 4.2 of He et al. 2015, in the names of the CIFAR files in circulation."""

    def __init__(self, before: int, width: int, stride: int, option: str) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut: nn.Module = nn.Sequential()
        if stride > 1 and option == "A":
            self.shortcut = OptionA(width - before)
        elif stride > 1:
            self.shortcut = nn.Sequential(nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class PaperNetwork(nn.Module):
    """6n + 2 layers for CIFAR, written from the paper without looking at Atalho's."""

    def __init__(self, n: int, option: str) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*[PaperBlock(16, 16, 1, option) for _ in range(n)])
        second, third = ([PaperBlock(width, width, 1, option) for _ in range(n - 1)] for width in (32, 64))
        self.layer2 = nn.Sequential(PaperBlock(16, 32, 2, option), *second)
        self.layer3 = nn.Sequential(PaperBlock(32, 64, 2, option), *third)
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean(dim=(2, 3)))


def peer(name: str) -> nn.Module:
    network: nn.Module = torchvision.models.get_model(name, weights=None, num_classes=12)
    parity.randomise(network, seed=1)
    return network


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "densenet121"])
def test_outputs_equal_torchvisions(name: str) -> None:
    theirs, own = peer(name), networks.create(name, classes=12)
    networks.import_weights(own, theirs.state_dict())
    assert_same(own, theirs, sizes=((2, 64), (3, 97)))


@pytest.mark.parametrize("name", ["resnet18", "densenet121"])
def test_outputs_equal_timms(name: str) -> None:
    theirs = timm.create_model(name, pretrained=False, num_classes=12)
    parity.randomise(theirs, seed=2)
    own = networks.create(name, classes=12)
    networks.import_weights(own, theirs.state_dict())
    assert_same(own, theirs, sizes=((2, 64),))


@pytest.mark.slow
@pytest.mark.parametrize("name", parity.TORCHVISION)
def test_every_network_that_torchvision_has(name: str) -> None:
    row = parity.compare("torchvision", name, torchvision.models.get_model(name, weights=None))
    assert max(row["largest_relative_difference"].values()) <= 1e-5
    assert row["parameters"] == row["peer_parameters"]
    assert row["round_trip_exact"]


@pytest.mark.parametrize(("option", "shortcut"), [("A", "zero-pad"), ("B", "projection")])
def test_cifar_files_give_the_papers_network(option: str, shortcut: Any) -> None:
    theirs = PaperNetwork(3, option)
    parity.randomise(theirs, seed=3)
    own = networks.create("resnet20", shortcut=shortcut)
    networks.import_weights(own, {"state_dict": {f"module.{k}": v for k, v in theirs.state_dict().items()}})
    assert_same(own, theirs, sizes=((2, 32), (4, 27)))


@pytest.mark.parametrize("nest", ["state_dict", "model", "net", "state_dict_ema", None])
@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", ""])
def test_nests_and_prefixes_are_taken_off(nest: str | None, prefix: str) -> None:
    state = {f"{prefix}{name}": values for name, values in PaperNetwork(3, "A").state_dict().items()}
    contents: dict[str, Any] = {nest: state, "epoch": 7, "best": 0.9} if nest else state
    own = networks.create("resnet20")
    networks.import_weights(own, contents)
    assert torch.equal(own.head.classifier.weight, state[f"{prefix}linear.weight"])


def test_option_b_files_with_downsample_and_fc() -> None:
    renamed = {
        name.replace("shortcut", "downsample").replace("linear", "fc"): values
        for name, values in PaperNetwork(3, "B").state_dict().items()
    }
    own = networks.create("resnet20", shortcut="projection")
    networks.import_weights(own, renamed)
    name = "layer2.0.downsample.0.weight"
    assert torch.equal(networks.export_weights(own)[name], renamed[name])


def test_older_densenet_files_write_norm_dot_1() -> None:
    given = peer("densenet121").state_dict()
    older = {
        re.sub(r"(denselayer\d+\.[a-z]+)([12])\.", r"\1.\2.", name): values
        for name, values in given.items()
        if not name.endswith("num_batches_tracked")
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in older
    own = networks.create("densenet121", classes=12)
    networks.import_weights(own, older)
    exported = networks.export_weights(own)
    assert all(torch.equal(exported[name], given[name]) for name in given if not name.endswith("num_batches_tracked"))


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "densenet121"])
def test_the_round_trip_is_exact_and_torchvision_takes_it(name: str) -> None:
    given = peer(name).state_dict()
    own = networks.create(name, classes=12)
    networks.import_weights(own, given)
    exported = networks.export_weights(own)
    assert list(exported) == list(given)
    assert all(torch.equal(exported[key], given[key]) for key in given)
    torchvision.models.get_model(name, weights=None, num_classes=12).load_state_dict(exported)


def test_an_exported_copy_shares_no_memory() -> None:
    own = networks.create("resnet20")
    networks.export_weights(own)["conv1.weight"].zero_()
    assert own.get_submodule("stem.conv").weight.any()  # type: ignore[union-attr, operator]


@pytest.mark.parametrize("name", ["preact20", "plain20", "mlp6", "densenet-bc-22-6"])
def test_own_names_are_read_back(name: str) -> None:
    first, second = networks.create(name), networks.create(name)
    networks.import_weights(second, networks.export_weights(first, layout="atalho"))
    assert all(map(torch.equal, first.state_dict().values(), second.state_dict().values()))


def altered(change: str) -> Mapping[str, Any]:
    state = dict(PaperNetwork(3, "A").state_dict())
    match change:
        case "missing":
            del state["layer1.0.conv1.weight"], state["bn1.bias"]
        case "more":
            state["layer4.0.conv1.weight"] = torch.zeros(1)
        case "shape":
            state["linear.weight"] = torch.zeros(100, 64)
        case "kind":
            state["linear.bias"] = torch.zeros(10, dtype=torch.int64)
        case "nan":
            state["linear.bias"] = torch.full((10,), torch.nan)
        case "double":  # finite, but not in single precision
            state["linear.bias"] = torch.full((10,), 1e300, dtype=torch.float64)
        case "variance":
            state["bn1.running_var"] = torch.full((16,), -0.1)
        case "sparse":
            state["linear.bias"] = torch.zeros(10).to_sparse()
    return state


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("missing", r"do not match this network\. Missing: bn1\.bias, layer1\.0\.conv1\.weight\. Choose"),
        ("more", r"Not part of this network: layer4\.0\.conv1\.weight"),
        ("shape", r"Wrong shape: head\.classifier\.weight \(100, 64\) ≠ \(10, 64\)\. Choose the network with"),
        ("kind", r"Wrong data type: head\.classifier\.bias torch\.int64"),
        ("nan", r"Non-finite values or a negative variance: head\.classifier\.bias\."),
        ("double", r"Non-finite values or a negative variance: head\.classifier\.bias\."),
        ("variance", r"Non-finite values or a negative variance: bn1\.running_var\."),
        ("sparse", r"not weights: linear\.bias is not a dense tensor"),
    ],
)
def test_what_does_not_fit_is_named_and_changes_nothing(change: str, text: str) -> None:
    own = networks.create("resnet20")
    before = networks.export_weights(own)
    with pytest.raises(WeightsError, match=text):
        networks.import_weights(own, altered(change))
    assert all(map(torch.equal, before.values(), own.state_dict().values()))


def test_weights_of_a_deeper_network_do_not_fit() -> None:
    with pytest.raises(WeightsError, match=r"Not part of this network: layer1\.3\.conv1\.weight, .* and 57 more\."):
        networks.import_weights(networks.create("resnet20"), PaperNetwork(5, "A").state_dict())


def test_half_precision_becomes_single() -> None:
    state = {name: v.half() if v.is_floating_point() else v for name, v in PaperNetwork(3, "A").state_dict().items()}
    own = networks.create("resnet20")
    networks.import_weights(own, state)
    assert own.head.classifier.weight.dtype == torch.float32
    assert torch.equal(own.head.classifier.weight, state["linear.weight"].float())


@pytest.mark.parametrize("name", ["preact18", "resnet9", "mlp6"])
def test_networks_that_torchvision_has_no_names_for(name: str) -> None:
    with pytest.raises(ConfigError, match="torchvision does not have this network"):
        networks.export_weights(networks.create(name))


def test_an_unknown_layout_is_told_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"unknown layout 'torchvison'\. Did you mean torchvision\?"):
        networks.export_weights(networks.create("resnet20"), layout="torchvison")  # type: ignore[arg-type]


def test_a_network_that_re_identifies_has_names_of_its_own_alone() -> None:
    network = networks.create(replace(networks.create("resnet20", classes=3).spec, embedding=8, pooling="gem"))
    with pytest.raises(ConfigError, match="torchvision does not have this network"):
        networks.export_weights(network)
    networks.import_weights(network, networks.export_weights(network, "atalho"))
