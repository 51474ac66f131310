import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from atalho.data.splits import hold_out


def names(count: int) -> list[str]:
    return [f"class/{number}.png" for number in range(count)]


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    fraction=st.floats(0.01, 0.9),
    seed=st.integers(0, 2**40),
    most=st.none() | st.integers(1, 50),
)
def test_every_image_is_on_one_side_and_every_class_on_both(
    sizes: list[int], fraction: float, seed: int, most: int | None
) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    ids = np.arange(len(labels))
    kept, held = hold_out(ids, labels, names(len(ids)), fraction, seed, "val split", most)
    assert sorted([*kept.tolist(), *held.tolist()]) == ids.tolist()
    for label, size in enumerate(sizes):
        assert (labels[kept] == label).sum() >= 1
        assert (labels[held] == label).sum() >= min(1, size - 1)
    if most is not None:
        assert len(held) <= max(most, len(sizes))


def test_small_classes_do_not_push_the_sum_past_the_limit() -> None:
    labels = np.repeat([0, 1, 2, 3], [2, 2, 2, 6])
    _kept, held = hold_out(np.arange(12), labels, names(12), 0.5, 0, "val split", 4)
    assert np.bincount(labels[held]).tolist() == [1, 1, 1, 1]


def test_the_shares_are_those_asked_for() -> None:
    labels = np.repeat([0, 1], [1000, 200])
    _kept, held = hold_out(np.arange(1200), labels, names(1200), 0.1, 0, "val split")
    assert np.bincount(labels[held]).tolist() == [100, 20]


def test_no_more_than_the_limit() -> None:
    labels = np.repeat(np.arange(10), 5000)
    _kept, held = hold_out(np.arange(50_000), labels, names(50_000), 0.1, 0, "val split", 1000)
    assert np.bincount(labels[held]).tolist() == [100] * 10


def test_no_fraction_holds_nothing_out() -> None:
    kept, held = hold_out(np.arange(10), np.zeros(10, np.int64), names(10), 0, 0, "val split")
    assert (len(kept), len(held)) == (10, 0)


def test_the_seed_decides_and_the_order_of_the_files_does_not() -> None:
    labels = np.zeros(100, np.int64)
    listed = names(100)
    ids = np.arange(100)
    _kept, held = hold_out(ids, labels, listed, 0.2, 5, "val split")
    _kept, turned = hold_out(ids, labels, listed[::-1], 0.2, 5, "val split")
    assert {listed[number] for number in held} == {listed[::-1][number] for number in turned}
    _kept, other = hold_out(ids, labels, listed, 0.2, 6, "val split")
    assert held.tolist() != other.tolist()


def test_a_new_image_does_not_move_the_others() -> None:
    before, labels = names(50), np.zeros(51, np.int64)
    _kept, held = hold_out(np.arange(50), labels[:50], before, 0.2, 0, "val split")
    _kept, after = hold_out(np.arange(51), labels, [*before, "class/new.png"], 0.2, 0, "val split")
    assert len(set(held.tolist()) - set(after.tolist())) <= 1
