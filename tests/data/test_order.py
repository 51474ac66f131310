"""Who comes when: every image once an epoch; batches of identities: no image twice in a batch, all in the end."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from atalho.data import order


@given(count=st.integers(1, 300), batch_size=st.integers(1, 350), epoch=st.integers(0, 30), first=st.integers(0, 9))
def test_each_sample_exactly_once_an_epoch_in_nearly_equal_batches(
    count: int, batch_size: int, epoch: int, first: int
) -> None:
    ids = np.arange(first, first + count)
    batches = order.epoch_batches(0, epoch, ids, batch_size)
    assert sorted(np.concatenate(batches).tolist()) == ids.tolist()
    assert len(batches) == -(-count // batch_size)
    sizes = [len(batch) for batch in batches]
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    ids = np.arange(100)
    first = np.concatenate(order.epoch_batches(1, 2, ids, 10))
    np.testing.assert_array_equal(first, np.concatenate(order.epoch_batches(1, 2, ids, 10)))
    assert first.tolist() != np.concatenate(order.epoch_batches(1, 3, ids, 10)).tolist()
    assert first.tolist() != np.concatenate(order.epoch_batches(2, 2, ids, 10)).tolist()


def test_the_batch_size_does_not_change_the_order() -> None:
    ids = np.arange(100)
    np.testing.assert_array_equal(
        np.concatenate(order.epoch_batches(0, 0, ids, 7)), np.concatenate(order.epoch_batches(0, 0, ids, 32))
    )


def test_no_images_make_no_batches() -> None:
    assert order.epoch_batches(0, 0, np.empty(0, np.int64), 8) == []


def test_evaluation_keeps_the_given_order() -> None:
    batches = order.in_order(np.array([5, 3, 9]), 2)
    assert [batch.tolist() for batch in batches] == [[5, 3], [9]]


@settings(deadline=None)
@given(count=st.integers(1, 120), world=st.integers(1, 12), epoch=st.integers(0, 9), batch_size=st.integers(1, 64))
def test_at_any_number_of_ranks_each_sample_is_seen_once_an_epoch(
    count: int, world: int, epoch: int, batch_size: int
) -> None:
    ids = np.arange(count)
    seen = []
    batches = order.epoch_batches(0, epoch, ids, batch_size)
    for batch in batches:
        shares = [order.share(batch, rank, world) for rank in range(world)]
        sizes = [len(share) for share in shares]
        assert max(sizes) - min(sizes) <= 1
        assert (min(sizes) > 0) == (len(batch) >= world)
        np.testing.assert_array_equal(np.concatenate(shares), batch)
        seen += [number for share in shares for number in share.tolist()]
    assert sorted(seen) == ids.tolist()
    assert order.smallest(count, batch_size) == min(len(batch) for batch in batches)


def test_the_share_of_one_alone_is_the_batch() -> None:
    ids = np.arange(5)
    assert order.share(ids, 0, 1) is ids


@given(st.integers(1, 300), st.integers(1, 300))
def test_parts_cover_a_batch_in_order_and_are_nearly_equal(count: int, largest: int) -> None:
    sizes = [part.stop - part.start for part in order.parts(count, largest)]
    places = [place for part in order.parts(count, largest) for place in range(part.start, part.stop)]
    assert places == list(range(count))
    assert max(sizes) <= largest
    assert max(sizes) - min(sizes) <= 1
    assert order.parts(count, None) == [slice(0, count)]


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=20),
    identities=st.integers(2, 6),
    images=st.integers(2, 5),
    epoch=st.integers(0, 30),
)
def test_an_epoch_of_identities(sizes: list[int], identities: int, images: int, epoch: int) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    ids = np.arange(len(labels))
    batches = order.identity_batches(3, epoch, ids, labels, identities, images)
    assert len(batches) == order.identity_steps(ids, labels, identities) == -(-len(sizes) // identities)
    people = [np.unique(labels[batch]) for batch in batches]
    assert sorted(np.concatenate(people)) == list(range(len(sizes)))
    assert max(map(len, people)) - min(map(len, people)) <= 1
    for batch in batches:
        assert len(np.unique(batch)) == len(batch)
        counts = np.bincount(labels[batch], minlength=len(sizes))
        assert all(counts[who] == min(sizes[who], images) for who in np.unique(labels[batch]))


def test_the_deck_is_dealt_out_before_it_is_shuffled() -> None:
    labels = np.repeat(np.arange(3), 12)
    seen = [np.concatenate(order.identity_batches(0, e, np.arange(36), labels, 2, 4)) for e in range(6)]
    assert sorted(np.concatenate(seen[:3])) == list(range(36))
    assert sorted(np.concatenate(seen[3:])) == list(range(36))
    assert not np.array_equal(seen[0], seen[3])


def test_batches_of_identities_are_a_pure_function_of_seed_and_epoch() -> None:
    labels = np.repeat(np.arange(5), 6)
    arguments = (np.arange(30), labels, 2, 4)
    one, other = (np.concatenate(order.identity_batches(1, 7, *arguments)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, np.concatenate(order.identity_batches(2, 7, *arguments)))


@given(count=st.integers(0, 200))
def test_what_comes_one_by_one_is_taken_together(count: int) -> None:
    batches = list(order.batched(iter(range(count))))
    assert [number for batch in batches for number in batch] == list(range(count))
    assert [len(batch) for batch in batches[:-1]] == [order.AT_ONCE] * max(0, len(batches) - 1)
    assert all(batches)
