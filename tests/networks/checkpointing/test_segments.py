"""Segments of blocks: every block once, and the least held, compared with all segmentations there are."""

from atalho.networks import create
from atalho.networks.checkpointing.segments import Cost, cost, relative_areas, segments, segments_within


def test_segments_cover_every_block_once_and_hold_the_least() -> None:
    costs = [Cost(1.0, 4.0, False)] * 12
    found = segments(costs)
    assert [place for first, last in found for place in range(first, last)] == list(range(12))

    def held(groups: list[tuple[int, int]]) -> float:
        return max(number + 1 + 4.0 * (last - first) for number, (first, last) in enumerate(groups))

    def every(start: int) -> list[list[tuple[int, int]]]:
        if start == 12:
            return [[]]
        return [[(start, end), *rest] for end in range(start + 1, 13) for rest in every(end)]

    assert held(found) == min(map(held, every(0)))


def test_what_is_held_grows_with_the_root_of_the_depth() -> None:
    def held(depth: int) -> float:
        costs = [Cost(1.0, 4.0, False)] * depth
        groups = segments(costs)
        return max(number + 1 + 4.0 * (last - first) for number, (first, last) in enumerate(groups))

    assert held(400) < 2.2 * held(100) < 2.2**2 * held(25)


def test_a_limit_that_one_block_exceeds_fits_nothing() -> None:
    assert segments_within([Cost(1.0, 4.0, False)], 4.9) is None
    assert segments_within([Cost(1.0, 4.0, False)], 5.0) == [(0, 1)]


def test_a_block_costs_what_its_convolutions_keep_on_their_area() -> None:
    blocks = [block for _name, block in create("resnet20").blocks()]
    assert relative_areas(blocks) == [1.0] * 4 + [0.25] * 3 + [1 / 16] * 2
    first, widening = cost(blocks[0], 1.0), cost(blocks[3], 1.0)
    assert (first.entering, first.inside, first.alone) == (16.0, 64.0, False)
    assert widening.entering == 16.0


def test_dense_blocks_and_transitions_stand_alone() -> None:
    blocks = [block for _name, block in create("densenet-bc-40-12").blocks()]
    costs = [cost(block, share) for block, share in zip(blocks, relative_areas(blocks), strict=True)]
    assert segments(costs) == [(place, place + 1) for place in range(len(blocks))]
