"""Growth: the function stays, in both modes; what is new learns; what cannot grow is refused."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from some_networks import dense_specs, linear_specs, residual_specs, settled
from torch import Tensor

from atalho import networks
from atalho.errors import ConfigError
from atalho.networks.build import build
from atalho.networks.network import Network
from atalho.networks.spec import DenseNetSpec, ResNetSpec, Spec
from atalho.surgery.grow import Kind, grow

RESIDUAL = ResNetSpec(design="basic", blocks=(2, 2), widths=(8, 16), stem="small", stem_channels=8, classes=4)
DENSE = DenseNetSpec(growth_rate=4, blocks=(2, 3), stem_channels=8, stem="small", classes=4)
TOLERANCE = 1e-5


def outputs(network: Network, x: Tensor, *, training: bool) -> Tensor:
    """Logits; a pass in training mode changes the running statistics, so it is on a copy."""
    copy = build(network.spec)
    copy.load_state_dict(network.state_dict())
    with torch.no_grad():
        return copy.train(training)(x)


def relative(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max() / b.abs().max())


def named_blocks(spec: Spec) -> list[str]:
    dense = isinstance(spec, DenseNetSpec)
    return [
        f"stages.{stage}.0.layers.{place}" if dense else f"stages.{stage}.{place}"
        for stage, count in enumerate(spec.blocks)
        for place in range(count)
    ]


def grown_somehow(data: st.DataObject, network: Network, kind: Kind) -> Network:
    """More blocks in some stages at the end or spread, or one behind some blocks by name."""
    places = data.draw(st.sampled_from(["end", "spread", "named"]))
    try:
        if places == "named":
            at = data.draw(st.lists(st.sampled_from(named_blocks(network.spec)), min_size=1, max_size=3))
            return grow(network, at=at, kind=kind)
        more = [count + data.draw(st.integers(0, 3)) for count in network.spec.blocks]
        more[data.draw(st.integers(0, len(more) - 1))] += 1
        return grow(network, blocks=more, at=places, kind=kind)
    except ConfigError as error:  # a stage whose only block changes the shape; features as long as the embedding
        assert "could be copied" in str(error) or "as long as the embedding" in str(error)
        return network


@given(st.data(), st.one_of(residual_specs(), linear_specs()), st.sampled_from(["silent", "copy"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_residual_network_keeps_its_function_to_the_last_bit(
    data: st.DataObject, spec: Spec, kind: Kind, training: bool
) -> None:
    network = settled(build(spec))
    larger = grown_somehow(data, network, kind)
    x = torch.randn(4, 3, 16, 16)
    assert torch.equal(outputs(larger, x, training=training), outputs(network, x, training=training))


@given(st.data(), dense_specs(), st.sampled_from(["silent", "copy"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_dense_network_keeps_its_function(data: st.DataObject, spec: Spec, kind: Kind, training: bool) -> None:
    network = settled(build(spec))
    larger = grown_somehow(data, network, kind)
    x = torch.randn(4, 3, 32, 32)
    found, expected = (outputs(each, x, training=training) for each in (larger, network))
    assert relative(found, expected) <= TOLERANCE


@pytest.mark.parametrize("spec", [RESIDUAL, DENSE], ids=["residual", "dense"])
@pytest.mark.parametrize("kind", ["random", "plain-copy"])
def test_blocks_that_are_not_silent_change_the_function(spec: Spec, kind: Kind) -> None:
    network = settled(build(spec)).eval()
    x = torch.randn(4, 3, 16, 16)
    larger = grow(network, blocks=[count + 1 for count in spec.blocks], kind=kind)
    with torch.no_grad():
        assert relative(larger(x), network(x)) > 1e-2


@pytest.mark.parametrize("spec", [RESIDUAL, DENSE], ids=["residual", "dense"])
@pytest.mark.parametrize("kind", ["silent", "copy"])
def test_a_new_block_learns_from_the_first_step_and_all_of_it_from_the_second(spec: Spec, kind: Kind) -> None:
    network = settled(build(spec))
    larger = grow(network, blocks=[spec.blocks[0] + 1, spec.blocks[1]], kind=kind)
    name = "stages.0.0.layers.2." if isinstance(spec, DenseNetSpec) else "stages.0.2."
    new = {key: values for key, values in larger.named_parameters() if key.startswith(name)}
    seen = {key: values for key, values in larger.named_parameters() if key.startswith(("stages.1", "stages.0.1.conv"))}
    optimizer = torch.optim.SGD(larger.parameters(), lr=0.1)
    x, y = torch.randn(8, 3, 16, 16), torch.arange(8) % 4
    moved = []
    for _step in range(2):
        before = {key: values.detach().clone() for key, values in (new | seen).items()}
        optimizer.zero_grad()
        F.cross_entropy(larger(x), y).backward()
        optimizer.step()
        moved.append({key for key, values in before.items() if not torch.equal(values, larger.get_parameter(key))})
    assert moved[0] & (new.keys() | seen.keys())
    assert moved[1] >= new.keys()


def test_the_given_network_stays_as_it_is_and_shares_nothing() -> None:
    network = settled(build(RESIDUAL))
    before = {name: values.clone() for name, values in network.state_dict().items()}
    for values in grow(network, blocks=(3, 3)).state_dict().values():
        values.zero_()
    assert all(torch.equal(values, before[name]) for name, values in network.state_dict().items())


def test_old_blocks_are_where_they_were_asked_to_be() -> None:
    network = settled(build(ResNetSpec(**{**vars(RESIDUAL), "blocks": (3, 2)})))
    network.get_parameter("stages.0.1.residual.conv1.weight").requires_grad_(False)
    larger = grow(network, at=["stages.0.0"])
    assert larger.spec.blocks == (4, 2)
    for old, new in {0: 0, 1: 2, 2: 3}.items():
        expected, found = (each.stages[0][place].state_dict() for each, place in ((network, old), (larger, new)))  # type: ignore[index]
        assert all(torch.equal(found[name], expected[name]) for name in expected)
    frozen = [name for name, values in larger.named_parameters() if not values.requires_grad]
    assert frozen == ["stages.0.2.residual.conv1.weight"]


def test_spread_stands_evenly_among_the_old_ones() -> None:
    network = settled(build(RESIDUAL))
    larger = grow(network, blocks=(4, 2), at="spread")
    branch = "residual.norm2.weight"
    silent = [not larger.get_parameter(f"stages.0.{place}.{branch}").any() for place in range(4)]
    assert silent == [False, True, False, True]


def test_a_name_of_the_catalogue() -> None:
    small = networks.create("resnet20", classes=7)
    larger = grow(settled(small), to="resnet32", kind="copy")
    assert larger.spec == networks.create("resnet32", classes=7).spec
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(outputs(larger, x, training=False), outputs(small, x, training=False))


REFUSED: dict[str, tuple[Callable[[], Network], str]] = {
    "nothing said": (lambda: grow(build(RESIDUAL)), "nothing says how far"),
    "the same": (lambda: grow(build(RESIDUAL), blocks=(2, 2)), "nothing would grow"),
    "fewer": (lambda: grow(build(RESIDUAL), blocks=(1, 3)), r"nearest that it can have: \[2, 3\]"),
    "another number of stages": (lambda: grow(build(DENSE), layers=(2, 3, 4)), "has 2 stages"),
    "no count": (lambda: grow(build(RESIDUAL), blocks=(2, "3")), "blocks"),  # type: ignore[arg-type]
    "both names": (lambda: grow(build(RESIDUAL), blocks=(2, 3), layers=(2, 3)), "Give one of them"),
    "name and blocks": (lambda: grow(build(RESIDUAL), to="resnet32", blocks=(2, 3)), "both given"),
    "another network": (lambda: grow(networks.create("resnet18"), to="resnet50"), "It can become resnet34"),
    "a plain one": (lambda: grow(networks.create("resnet20"), to="plain32"), "cannot become plain32"),
    "nothing fits": (lambda: grow(build(RESIDUAL), to="resnet32"), "No network of the catalogue fits"),
    "unknown": (lambda: grow(build(RESIDUAL), to="resnet33"), "not in the catalogue"),
    "plain": (lambda: grow(networks.create("plain20"), to="plain32"), "cannot keep its function"),
    "no such kind": (lambda: grow(build(RESIDUAL), blocks=(2, 3), kind="copied"), "Did you mean copy"),  # type: ignore[arg-type]
    "no such place": (lambda: grow(build(RESIDUAL), at=["stages.2.0"]), "no block of this network"),
    "no such word": (lambda: grow(build(RESIDUAL), blocks=(2, 3), at="ende"), "expected 'end'"),  # type: ignore[arg-type]
    "too many places": (lambda: grow(build(RESIDUAL), blocks=(3, 2), at=["stages.0.0", "stages.0.1"]), "gets 1 new"),
    "no donor": (
        lambda: grow(build(ResNetSpec(**{**vars(RESIDUAL), "blocks": (2, 1)})), blocks=(2, 2), kind="copy"),
        "could be copied",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_grow_is_refused_with_what_can(case: str) -> None:
    attempt, words = REFUSED[case]
    with pytest.raises(ConfigError, match=words):
        attempt()


def test_a_plain_network_may_grow_by_what_changes_it() -> None:
    assert grow(networks.create("plain20"), to="plain32", kind="random").spec == networks.create("plain32").spec
