"""A network with weights: which of them it takes, and what it refuses."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from published_weights import World
from torch import Tensor

import atalho
from atalho.data.preprocessing import Preprocessing
from atalho.errors import ConfigError, OutOfMemoryError, WeightsError
from atalho.networks import catalogue
from atalho.networks.spec import MLPSpec
from atalho.runs.run import Run
from atalho.storage import model_folder
from atalho.storage.model_folder import Card


def _same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(values, other[name]) for name, values in one.items())


def _body(network: atalho.Network) -> dict[str, Tensor]:
    return {name: values for name, values in network.state_dict().items() if not name.startswith("head.")}


def test_weights_by_name_are_the_network_that_was_published(world: World) -> None:
    for name in ("imagenet", "tv:tiny"):
        assert _same(atalho.create("resnet20", weights=name).state_dict(), world.network.state_dict())
    assert not _same(atalho.create("resnet20").state_dict(), world.network.state_dict())


def test_another_number_of_classes_has_a_new_head_on_the_same_body(world: World) -> None:
    network = atalho.create("resnet20", weights="tv:tiny", classes=3)
    assert _same(_body(network), _body(world.network))
    assert network.head.classifier.weight.shape[0] == 3


def test_a_run_and_its_model_folder_give_their_weights(run: Run) -> None:
    trained = atalho.load(run.path).network
    for place in (run.path, run.path / "model"):
        network = atalho.create(trained.spec, weights=str(place))
        assert _same(network.state_dict(), {name: values.cpu() for name, values in trained.state_dict().items()})
    assert network(torch.zeros(2, trained.spec.in_channels, 16, 16)).shape == (2, 3)


def test_weights_of_another_network_are_refused_with_what_differs(world: World) -> None:
    for name, channels, differs in (
        ("resnet32", 3, r"its blocks is (3, 3, 3), not (5, 5, 5)"),
        ("plain20", 3, "its shortcut is zero-pad, not none"),  # though every weight of it would fit
        ("densenet121", 3, "its family is resnet, not densenet"),
        ("resnet20", 1, "its in_channels is 3, not 1"),
    ):
        said = f"tv:tiny are weights of another network: {differs}. `atalho show tv:tiny` shows it."
        with pytest.raises(ConfigError, match=re.escape(said)):
            atalho.create(name, weights="tv:tiny", in_channels=channels)


def test_strides_and_stem_that_no_name_says_are_those_of_the_weights(tmp_path: Path) -> None:
    spec = replace(catalogue.spec("resnet50"), classes=3, halving="first-convolution", last_stride=1, stem="small")
    theirs = atalho.create(spec).eval()
    card = Card("classification", spec, ("a", "b", "c"), Preprocessing(32, 32, 3, (0.5,) * 3, (0.5,) * 3))
    model_folder.write(tmp_path / "model", theirs.state_dict(), card)
    network = atalho.create("resnet50", weights=str(tmp_path / "model"), classes=3).eval()
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(network(images), theirs(images))
    with pytest.raises(ConfigError, match="its stem is small, not large"):
        atalho.create("resnet50", weights=str(tmp_path / "model"), stem="large")
    with pytest.raises(ConfigError, match="its last_stride is 1, not 2"):
        atalho.create(catalogue.spec("resnet50"), weights=str(tmp_path / "model"), stem="small")


def test_weights_that_are_not_there_are_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is not a run or model folder"):
        atalho.create("resnet20", weights=str(tmp_path / "nothing"))
    with pytest.raises(ConfigError, match="tv:tiny"):
        atalho.create("resnet20", weights="tv:tinny")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"classes": -1}, "classes = -1 is not accepted: it must be at least 0"),
        ({"classes": 2.5}, "classes: expected a whole number, None, not 2.5"),
        ({"classes": 65_537}, "classes = 65537 is not accepted: it must be at most 65536"),
        ({"in_channels": 0}, "in_channels = 0 is not accepted: it must be at least 1"),
        ({"in_channels": 10**9}, "in_channels = 1000000000 is not accepted: it must be at most 65536"),
        ({"image_size": 0}, "image_size = 0 is not accepted: it must be from 1 to 4096 pixels"),
        ({"image_size": 4097}, "image_size = 4097 is not accepted: it must be from 1 to 4096 pixels"),
        ({"dropout": 1.0}, "dropout = 1.0 is not accepted: it must be less than 1"),
    ],
)
def test_what_no_network_can_have_is_refused(values: dict[str, float], text: str) -> None:
    for name in ("resnet20", "densenet121", "mlp10"):
        with pytest.raises(ConfigError, match=text):
            atalho.create(name, **values)  # type: ignore[arg-type]


def test_a_network_for_other_images_and_one_without_a_classifier() -> None:
    four = atalho.create("resnet20", in_channels=4)
    assert four(torch.zeros(2, 4, 32, 32)).shape == (2, 10)
    with pytest.raises(ConfigError, match=r"expected \(N, 4, H, W\)"):
        four(torch.zeros(2, 3, 32, 32))
    bare = atalho.create("resnet20", classes=0)
    assert bare(torch.zeros(2, 3, 32, 32)).shape == (2, 0)
    assert bare.embedding(torch.zeros(2, 3, 32, 32)).shape == (2, 64)


def test_a_network_that_no_memory_holds_is_refused() -> None:
    spec = MLPSpec(blocks=(1,), widths=(65_536,), side=4096, in_channels=65_536)
    with pytest.raises(OutOfMemoryError, match="65536 input channels and 1000 classes do not fit into memory"):
        atalho.create(spec)
