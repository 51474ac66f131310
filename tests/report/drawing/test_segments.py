"""What is drawn of a plan: every block once, folded or not, with the shapes that the network has."""

import pytest

from atalho.inspection.summary import summarise
from atalho.networks import catalogue
from atalho.report.drawing.segments import DenseLayers, LayerSequence, Segment, ShortcutBlock, segments

NETWORKS = ("resnet18", "resnet34", "resnet152", "preact50", "plain56", "resnet110", "densenet201", "mlp34",
            "densenet-bc-100-12", "wide_resnet50_2", "resnet1202", "resnet9")  # fmt: skip


def parts(name: str, *, side: int | None = None, unfold: bool = False) -> tuple[Segment, ...]:
    planned = catalogue.spec(name).plan()
    pixels = side or planned.usual_side
    return segments(planned, (pixels, pixels), unfold=unfold)


def names(found: tuple[Segment, ...]) -> list[str]:
    pieces = [piece for segment in found for piece in segment.pieces]
    return [name for piece in pieces for name in ([piece.name] if isinstance(piece, LayerSequence) else piece.names)]


@pytest.mark.parametrize("name", NETWORKS)
def test_folding_loses_no_block(name: str) -> None:
    assert names(parts(name)) == names(parts(name, unfold=True))


@pytest.mark.parametrize("name", NETWORKS)
def test_unfolded_means_one_by_one(name: str) -> None:
    pieces = [piece for segment in parts(name, unfold=True) for piece in segment.pieces]
    assert all(isinstance(piece, LayerSequence) or len(piece.names) == 1 for piece in pieces)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_block_of_the_network_is_drawn(name: str) -> None:
    planned = catalogue.spec(name).plan()
    found = {drawn.partition(".layers.")[0] for drawn in names(parts(name))}
    assert found == {"stem", "head"} | {f"stages.{block.stage}.{block.index}" for block in planned.blocks}


@pytest.mark.parametrize("side", [None, 65, 97])
@pytest.mark.parametrize("name", ["resnet34", "resnet50", "preact18", "densenet121", "resnet20", "resnet9", "preact9"])
def test_the_shapes_are_those_that_torch_computes(name: str, side: int | None) -> None:
    spec = catalogue.spec(name)
    rows = summarise(spec, side and (3, side, side)).rows
    stages = [segment for segment in parts(name, side=side) if segment.stage is not None]
    for segment in stages:
        last = [row for row in rows if row.stage == segment.stage and row.kind != "transition"][-1]
        assert segment.shape == last.shape
        for sequence in (piece for piece in segment.pieces if isinstance(piece, LayerSequence)):
            assert sequence.shapes[-1] == next(row.shape for row in rows if row.name == sequence.name)
    stem = parts(name, side=side)[0]
    assert stem.shape == rows[0].shape


def test_resnet34_is_whole_with_the_articles_solid_and_dashed_lines() -> None:
    blocks = [piece for segment in parts("resnet34") for piece in segment.pieces if isinstance(piece, ShortcutBlock)]
    assert [len(block.names) for block in blocks] == [1] * 16
    assert [block.path for block in blocks] == (
        ["identity"] * 3 + ["projection"] + ["identity"] * 3 + ["projection"] + ["identity"] * 5
        + ["projection"] + ["identity"] * 2
    )  # fmt: skip
    assert all((block.fit is not None) == (block.path == "projection") for block in blocks)


def test_a_long_stage_shows_the_first_of_each_kind_and_the_last() -> None:
    third = parts("resnet152")[3]
    assert [len(piece.names) for piece in third.pieces if isinstance(piece, ShortcutBlock)] == [1, 1, 33, 1]
    first = parts("resnet110")[1]
    assert [len(piece.names) for piece in first.pieces if isinstance(piece, ShortcutBlock)] == [1, 16, 1]


def test_a_folded_dense_block_keeps_count_of_the_channels() -> None:
    dense_layers = [piece for piece in parts("densenet121")[3].pieces if isinstance(piece, DenseLayers)]
    assert [(dense.channels, len(dense.names)) for dense in dense_layers] == [(256, 1), (288, 1), (320, 21), (992, 1)]


def test_norm_and_relu_stand_where_the_design_has_them() -> None:
    after = parts("resnet18")[1].pieces[0]
    before = parts("preact18")[1].pieces[0]
    assert isinstance(after, ShortcutBlock) and isinstance(before, ShortcutBlock)
    assert [layer.after for layer in after.layers] == [("norm", "relu"), ("norm",)] and after.relu
    assert [layer.before for layer in before.layers] == [("norm", "relu")] * 2 and not before.relu
