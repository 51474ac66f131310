"""Lesions: what they leave of the function, that nothing of them is left behind, and what cannot be cut."""

import pytest
import torch
from torch import Tensor

from atalho.errors import ConfigError
from atalho.networks.build import build, create
from atalho.networks.network import Network
from atalho.networks.spec import ResNetSpec
from atalho.surgery import lesion

BASIC = ResNetSpec(design="basic", blocks=(2, 3), widths=(8, 16), stem="small", stem_channels=8, classes=4)
SPECS = {
    "residual": BASIC,
    "plain": ResNetSpec(**{**vars(BASIC), "shortcut": "none"}),
    "preactivation": ResNetSpec(**{**vars(BASIC), "design": "preactivation-basic"}),
}
every_design = pytest.mark.parametrize("design", SPECS)


def settled(network: Network) -> Network:
    """With norms as after some training: no scale of 1, no shift of 0, statistics of their own."""
    torch.manual_seed(1)
    for name, values in network.state_dict().items():
        if "norm" in name and values.is_floating_point():
            values.uniform_(0.5, 1.5)
    return network.eval()


def images() -> Tensor:
    return torch.rand(3, 3, 12, 12)


def state(network: Network) -> dict[str, Tensor]:
    return {name: values.clone() for name, values in network.state_dict().items()}


def same(before: dict[str, Tensor], network: Network) -> bool:
    after = network.state_dict()
    return before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("design", ["residual", "preactivation"])
@pytest.mark.parametrize("training", [False, True])
def test_silencing_a_block_that_keeps_the_shape_is_removing_it(design: str, training: bool) -> None:
    network, x = settled(build(SPECS[design])).train(training), images()
    for name in lesion.removable(network):
        with lesion.silenced(network, [name]), torch.no_grad():
            silent = network(x)
        with lesion.removed(network, [name]), torch.no_grad():
            assert torch.equal(network(x), silent)


@every_design
@pytest.mark.parametrize("training", [False, True])
def test_the_new_network_does_what_the_old_one_does_without_the_blocks(design: str, training: bool) -> None:
    network, x = settled(build(SPECS[design])).train(training), images()
    names = ["stages.0.1", "stages.1.1"]
    smaller = lesion.without(network, names)
    assert smaller.spec.blocks == (1, 2) and smaller.training is training
    assert [name for name, _block in smaller.blocks()] == [name for name, _block in build(smaller.spec).blocks()]
    assert smaller.state_dict().keys() == build(smaller.spec).state_dict().keys()
    with lesion.removed(network, names), torch.no_grad():
        assert torch.equal(network(x), smaller(x))


def test_the_new_network_shares_nothing_with_the_old_one() -> None:
    network = settled(build(BASIC))
    before = state(network)
    for values in lesion.without(network, ["stages.1.2"]).state_dict().values():
        values.zero_()
    assert same(before, network)


@every_design
def test_every_lesion_is_undone(design: str) -> None:
    network = settled(build(SPECS[design]))
    before, x = state(network), images()
    untouched = network(x)
    lesions = [
        lesion.silenced(network, lesion.silenceable(network)),
        lesion.removed(network, lesion.removable(network)),
        lesion.swapped(network, "stages.1.1", "stages.1.2"),
    ]
    for cut in lesions:
        with pytest.raises(KeyboardInterrupt), cut:
            raise KeyboardInterrupt
        assert same(before, network)
        assert torch.equal(network(x), untouched)


def test_a_swap_exchanges_the_two_functions() -> None:
    network, x = settled(build(BASIC)), images()
    first, second = network.get_submodule("stages.1.1"), network.get_submodule("stages.1.2")
    with torch.no_grad(), lesion.swapped(network, "stages.1.1", "stages.1.2"):
        entering = network.get_submodule("stages.1.0")(network.stages[0](network.stem(x)))
        assert torch.equal(network.features(x), first(second(entering)))


def test_removing_in_a_plain_network_hands_the_input_on() -> None:
    network, x = settled(build(SPECS["plain"])), images()
    with torch.no_grad(), lesion.removed(network, ["stages.0.0", "stages.0.1"]):
        assert torch.equal(network.features(x), network.stages[1](network.stem(x)))


def test_what_can_be_cut_follows_from_shapes_and_shortcuts() -> None:
    residual, plain = build(SPECS["residual"]), build(SPECS["plain"])
    assert lesion.removable(residual) == ("stages.0.0", "stages.0.1", "stages.1.1", "stages.1.2")
    assert lesion.removable(plain) == lesion.removable(residual)
    assert lesion.silenceable(residual) == tuple(name for name, _block in residual.blocks())
    assert lesion.silenceable(plain) == ()
    assert lesion.swappable(residual) == (("stages.0.0", "stages.0.1"), ("stages.1.1", "stages.1.2"))
    bottlenecks = create("resnet50", classes=2)
    assert "stages.0.0" not in lesion.removable(bottlenecks)
    assert len(lesion.removable(bottlenecks)) == 12


def test_a_silent_dense_layer_adds_channels_of_zeros() -> None:
    network, x = settled(create("densenet-bc-16-4")), images()
    assert len(lesion.silenceable(network)) == 6
    assert lesion.removable(network) == () == lesion.swappable(network)
    with torch.no_grad(), lesion.silenced(network, ["stages.0.0.layers.1"]):
        out = network.stages[0][0](network.stem(x))
    assert out[:, :8].any() and out[:, 8:12].any() and not out[:, 12:].any()


def test_blocks_of_linear_layers_too() -> None:
    network, x = settled(create("mlp10")), images()
    smaller = lesion.without(network, ["stages.0.1", "stages.0.3"])
    with torch.no_grad(), lesion.removed(network, ["stages.0.1", "stages.0.3"]):
        assert torch.equal(network(x), smaller(x))


def test_blocks_at_random_depend_on_seed_and_draw_only() -> None:
    names = [f"stages.0.{place}" for place in range(12)]
    draws = [lesion.at_random(names, 4, seed=0, draw=draw) for draw in range(20)]
    assert draws == [lesion.at_random(names, 4, seed=0, draw=draw) for draw in range(20)]
    assert all(len(set(draw)) == 4 and list(draw) == sorted(draw, key=names.index) for draw in draws)
    assert len(set(draws)) > 15
    assert {name for draw in draws for name in draw} == set(names)
    assert lesion.at_random(names, 12, seed=3, draw=1) == tuple(names)


def test_what_cannot_be_cut_is_said() -> None:
    residual, plain = build(SPECS["residual"]), build(SPECS["plain"])
    with pytest.raises(ConfigError, match=r"stages\.1\.0 cannot be removed: .* Did you mean .*stages\.1\.1"):
        lesion.without(residual, ["stages.1.0"])
    with (
        pytest.raises(
            ConfigError, match=r"stages\.0\.1 cannot be silenced: this needs a block with a shortcut or a dense layer"
        ),
        lesion.silenced(plain, ["stages.0.1"]),
    ):
        pass
    with pytest.raises(ConfigError, match="stage 0 would have no blocks left"):
        lesion.without(residual, ["stages.0.0", "stages.0.1"])
    with (
        pytest.raises(ConfigError, match="neighbours in one stage"),
        lesion.swapped(residual, "stages.0.1", "stages.1.1"),
    ):
        pass
    with pytest.raises(ConfigError, match="expected 0 to 2"):
        lesion.at_random(["a", "b"], 3, seed=0, draw=0)
