from hypothesis import given
from hypothesis import strategies as st

from atalho.networks import catalogue
from atalho.networks.plan import DensePlan, LinearPlan, ResidualPlan, TransitionPlan
from atalho.networks.spec import DenseNetSpec, MLPSpec, ResNetSpec


def test_resnet34_is_the_two_kinds_of_block_in_sequence() -> None:
    planned = catalogue.spec("resnet34").plan()
    blocks = [block for block in planned.blocks if isinstance(block, ResidualPlan)]
    solid, dashed = "identity", "projection"
    assert [block.path for block in blocks] == [solid] * 3 + [dashed, *[solid] * 3] + [dashed, *[solid] * 5] + [
        dashed,
        *[solid] * 2,
    ]
    assert [len(stage) for stage in planned.stages()] == [3, 4, 6, 3]
    assert planned.stride == 32


def test_the_first_bottleneck_projects_without_a_stride() -> None:
    first = catalogue.spec("resnet50").plan().blocks[0]
    assert isinstance(first, ResidualPlan)
    assert (first.in_channels, first.middle_channels, first.out_channels, first.stride) == (64, 64, 256, 1)
    assert first.path == "projection"


def test_a_plain_twin_differs_in_nothing_but_the_shortcut() -> None:
    own, plain = catalogue.spec("resnet50").plan(), catalogue.spec("plain50").plan()
    for with_it, without in zip(own.blocks, plain.blocks, strict=True):
        assert isinstance(with_it, ResidualPlan) and isinstance(without, ResidualPlan)
        assert without.path == "none"
        assert {**vars(with_it), "shortcut": "none"} == vars(without)
    assert (own.stem, own.closing, own.out_channels, own.classes) == (
        plain.stem,
        plain.closing,
        plain.out_channels,
        plain.classes,
    )


@given(
    blocks=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    growth_rate=st.integers(1, 40),
    compression=st.floats(0.1, 1),
)
def test_channels_of_a_densenet_follow_the_formula(blocks: list[int], growth_rate: int, compression: float) -> None:
    spec = DenseNetSpec(growth_rate=growth_rate, blocks=tuple(blocks), stem_channels=7, compression=compression)
    channels = 7
    for block in spec.plan().blocks:
        assert block.in_channels == channels
        if isinstance(block, DensePlan):
            channels += block.layers * growth_rate
        else:
            assert isinstance(block, TransitionPlan)
            channels = max(1, int(compression * channels))
        assert block.out_channels == channels
    assert spec.plan().out_channels == channels
    assert len(spec.plan().blocks) == 2 * len(blocks) - 1


@given(
    stages=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 64)), min_size=1, max_size=5),
    design=st.sampled_from(["basic", "preactivation-basic", "mlp"]),
)
def test_each_block_takes_what_the_one_before_it_gives(stages: list[tuple[int, int]], design: str) -> None:
    blocks, widths = zip(*stages, strict=True)
    spec = (
        MLPSpec(blocks=blocks, widths=widths)
        if design == "mlp"
        else ResNetSpec(design=design, blocks=blocks, widths=widths)  # type: ignore[arg-type]
    )
    planned = spec.plan()
    channels = planned.stem.out_channels
    for block in planned.blocks:
        assert isinstance(block, ResidualPlan | LinearPlan)
        assert block.in_channels == channels
        channels = block.out_channels
    assert planned.out_channels == channels == widths[-1]
    assert planned.depth == 2 * sum(blocks) + 2


def test_a_plan_can_be_printed() -> None:
    assert "ResidualPlan(stage=2, index=0, design='basic', in_channels=32" in str(catalogue.spec("resnet20").plan())
