import pytest
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

from atalho import networks
from atalho.errors import ConfigError
from atalho.inspection.summary import NetworkFigures, describe_catalogue, summarise
from atalho.networks import catalogue


@pytest.mark.parametrize("name", ["resnet20", "preact20", "resnet9", "preact9", "densenet-bc-22-6", "mlp6"])
def test_shapes_parameters_and_operations_are_those_of_a_real_run(name: str) -> None:
    network = networks.create(name, in_channels=2).eval()
    counted = summarise(network, (2, 24, 20))
    shapes: dict[str, tuple[int, ...]] = {}
    for row in counted.rows:
        network.get_submodule(row.name).register_forward_hook(
            lambda module, given, y, row_name=row.name: shapes.update({row_name: tuple(y.shape[1:])})
        )
    with FlopCounterMode(display=False) as counter:
        network(torch.randn(1, 2, 24, 20))
    assert [row.shape for row in counted.rows] == [shapes[row.name] for row in counted.rows]
    assert counted.multiply_adds == counter.get_total_flops() // 2
    for row in counted.rows:
        assert row.parameters == sum(p.numel() for p in network.get_submodule(row.name).parameters())
    assert counted.parameters == sum(p.numel() for p in network.parameters())


def test_a_multiply_add_is_one_operation_counted_by_hand() -> None:
    """resnet20's stem: 3x3 windows of 3 channels, 16 outputs at each of 32 x 32 positions."""
    stem = summarise(catalogue.spec("resnet20")).rows[0]
    assert stem.multiply_adds == 3 * 3 * 3 * 16 * 32 * 32
    assert summarise(catalogue.spec("resnet20")).rows[-1].multiply_adds == 64 * 10


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "densenet121"])
def test_operations_are_torchvisions(name: str) -> None:
    with torch.device("meta"):
        peer = torchvision.models.get_model(name, weights=None).eval()
        with FlopCounterMode(display=False) as counter:
            peer(torch.empty(1, 3, 224, 224))
    assert summarise(catalogue.spec(name)).multiply_adds == counter.get_total_flops() // 2


def test_resnet34_has_its_published_operations() -> None:
    assert summarise(catalogue.spec("resnet34")).multiply_adds == pytest.approx(3.6e9, rel=0.02)


def test_rows_say_how_each_shortcut_fits() -> None:
    rows = {row.name: row for row in summarise(catalogue.spec("resnet20")).rows}
    assert rows["stages.0.0"].shortcut == "identity"
    assert rows["stages.1.0"].shortcut == "zero-pad"
    assert rows["stages.1.0"].stage == 1
    assert rows["head"].shortcut == "" and rows["head"].stage is None


def test_the_summary_of_a_network_leaves_it_alone() -> None:
    network = networks.create("resnet20")
    before = networks.export_weights(network)
    summarise(network)
    assert network.training
    assert all(map(torch.equal, before.values(), network.state_dict().values()))


def test_the_catalogue_is_described_as_it_is() -> None:
    rows = {row.name: row for row in describe_catalogue()}
    assert list(rows) == networks.list_models()
    assert rows["resnet20"] == NetworkFigures(
        name="resnet20",
        depth=20,
        parameters=269_722,
        multiply_adds=40_551_040,
        classes=10,
        counted_at=32,
        smallest=4,
    )
    assert rows["resnet9"] == NetworkFigures(
        name="resnet9",
        depth=9,
        parameters=1_245_226,
        multiply_adds=53_840_384,
        classes=10,
        counted_at=32,
        smallest=8,
    )
    assert (rows["plain9"].parameters, rows["plain9"].multiply_adds) == (1_203_498, 52_791_808)
    assert rows["densenet121"].parameters == 7_978_856
    assert [row.name for row in describe_catalogue("plain5*")] == ["plain50", "plain56"]


@pytest.mark.parametrize(("name", "usual", "smallest"), [("resnet18", 224, 32), ("resnet20", 32, 4), ("mlp6", 32, 1)])
def test_sizes_of_images(name: str, usual: int, smallest: int) -> None:
    plan = catalogue.spec(name).plan()
    assert (plan.usual_side, plan.stride) == (usual, smallest)


@pytest.mark.parametrize("size", [(1, 64, 64), (3, 31, 64), (3, 64)])
def test_images_that_the_network_does_not_take(size: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match=r"expected \(3, H, W\) with sides of at least 32 pixels"):
        summarise(catalogue.spec("resnet18"), size)  # type: ignore[arg-type]
