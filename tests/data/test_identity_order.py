"""Batches of identities: all of them once an epoch, no image twice in a batch, all images in the end."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from atalho.data import identity_order


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=2, max_size=20),
    identities=st.integers(2, 6),
    images=st.integers(2, 5),
    epoch=st.integers(0, 30),
)
def test_an_epoch(sizes: list[int], identities: int, images: int, epoch: int) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    ids = np.arange(len(labels))
    batches = identity_order.epoch(3, epoch, ids, labels, identities, images)
    assert len(batches) == identity_order.batches(ids, labels, identities) == -(-len(sizes) // identities)
    people = [np.unique(labels[batch]) for batch in batches]
    assert sorted(np.concatenate(people)) == list(range(len(sizes)))
    assert max(map(len, people)) - min(map(len, people)) <= 1
    for batch in batches:
        assert len(np.unique(batch)) == len(batch)
        counts = np.bincount(labels[batch], minlength=len(sizes))
        assert all(counts[who] == min(sizes[who], images) for who in np.unique(labels[batch]))


def test_the_deck_is_dealt_out_before_it_is_shuffled() -> None:
    labels = np.repeat(np.arange(3), 12)
    seen = [np.concatenate(identity_order.epoch(0, e, np.arange(36), labels, 2, 4)) for e in range(6)]
    assert sorted(np.concatenate(seen[:3])) == list(range(36))
    assert sorted(np.concatenate(seen[3:])) == list(range(36))
    assert not np.array_equal(seen[0], seen[3])


def test_a_pure_function_of_seed_and_epoch() -> None:
    labels = np.repeat(np.arange(5), 6)
    arguments = (np.arange(30), labels, 2, 4)
    one, other = (np.concatenate(identity_order.epoch(1, 7, *arguments)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, np.concatenate(identity_order.epoch(2, 7, *arguments)))
