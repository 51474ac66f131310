import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from atalho import chance

IDS = np.arange(20_000)
KNOWN_BITS = [[12618017074518140420, 5584511475876890631], [1337748707885595957, 15849142994927140953]]
KNOWN_ORDER = [3, 1, 0, 7, 5, 2, 6, 4]


@given(
    seed=st.integers(0, 2**63 - 1),
    epoch=st.integers(0, 10_000),
    ids=st.lists(st.integers(0, 2**40), min_size=1, max_size=20),
    draws=st.integers(1, 7),
)
def test_numbers_of_a_sample_do_not_depend_on_its_batch(seed: int, epoch: int, ids: list[int], draws: int) -> None:
    together = chance.uniform(seed, "crop", epoch, np.array(ids), draws)
    for row, number in zip(together, ids, strict=True):
        alone = chance.uniform(seed, "crop", epoch, np.array([number]), draws)[0]
        np.testing.assert_array_equal(row, alone)


def test_more_draws_leave_the_first_ones_as_they_were() -> None:
    np.testing.assert_array_equal(chance.uniform(3, "a", 1, IDS[:50], 9)[:, :4], chance.uniform(3, "a", 1, IDS[:50], 4))


def test_numbers_are_uniform() -> None:
    numbers = chance.uniform(0, "crop", 0, IDS, 10).astype(np.float64)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = np.histogram(numbers, bins=100, range=(0, 1))[0]
    expected = numbers.size / 100
    chi_squared = float(((counts - expected) ** 2 / expected).sum())
    assert 50 < chi_squared < 160  # 99 degrees of freedom


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("draw", chance.uniform(0, "crop", 0, IDS, 2)[:, 1]),
        ("sample", chance.uniform(0, "crop", 0, IDS + 1, 1)[:, 0]),
        ("epoch", chance.uniform(0, "crop", 1, IDS, 1)[:, 0]),
        ("seed", chance.uniform(1, "crop", 0, IDS, 1)[:, 0]),
        ("stream", chance.uniform(0, "flip", 0, IDS, 1)[:, 0]),
    ],
)
def test_no_correlation_along(name: str, other: np.ndarray) -> None:
    numbers = chance.uniform(0, "crop", 0, IDS, 1)[:, 0]
    assert abs(np.corrcoef(numbers, other)[0, 1]) < 4 / np.sqrt(len(IDS))


def test_every_bit_of_the_hash_is_fair() -> None:
    values = chance.bits(7, "bits", 0, IDS, 1)[:, 0]
    shares = [float(((values >> np.uint64(place)) & np.uint64(1)).mean()) for place in range(64)]
    assert max(abs(share - 0.5) for share in shares) < 0.02


@given(seed=st.integers(0, 2**63 - 1), epoch=st.integers(0, 999), first=st.integers(0, 2**40))
def test_torch_gives_the_numbers_of_numpy(seed: int, epoch: int, first: int) -> None:
    ids = np.arange(first, first + 5)
    tensor = chance.uniform_like(torch.empty(5, 2, 3), seed, "block 3", epoch, ids)
    expected = chance.uniform(seed, "block 3", epoch, ids, 6)
    assert tensor.shape == (5, 2, 3)
    np.testing.assert_array_equal(tensor.view(5, 6).numpy(), expected)


def test_known_numbers() -> None:
    """Changing the function changes every run that was ever recorded: this notices it."""
    assert chance.bits(1, "known", 2, np.array([0, 3]), 2).tolist() == KNOWN_BITS
    assert chance.permutation(0, "known", 0, np.arange(8)).tolist() == KNOWN_ORDER


@given(ids=st.lists(st.integers(0, 10_000), unique=True, max_size=60), epoch=st.integers(0, 50))
def test_a_permutation_holds_each_id_once(ids: list[int], epoch: int) -> None:
    assert sorted(chance.permutation(0, "order", epoch, np.array(ids, dtype=np.int64)).tolist()) == sorted(ids)


def test_a_permutation_is_a_function_of_its_arguments_and_not_of_the_given_order() -> None:
    ids = np.arange(1000)
    first = chance.permutation(0, "order", 0, ids)
    np.testing.assert_array_equal(first, chance.permutation(0, "order", 0, ids[::-1]))
    assert (first != chance.permutation(0, "order", 1, ids)).mean() > 0.9
    assert (first != ids).mean() > 0.9


def test_the_global_generators_are_left_alone() -> None:
    before = (torch.get_rng_state(), np.random.get_state()[1].copy())  # type: ignore[index]
    chance.uniform_like(torch.empty(4, 4), 0, "a", 0, np.arange(4))
    chance.permutation(0, "a", 0, np.arange(4))
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])  # type: ignore[index]


def test_the_current_batch_lasts_as_long_as_its_context() -> None:
    assert chance.current_batch() is None
    with chance.batch(1, 2, np.array([5, 6])):
        seed, epoch, ids = chance.current_batch() or (None, None, None)
        assert (seed, epoch) == (1, 2)
        np.testing.assert_array_equal(ids, [5, 6])
        with pytest.raises(ZeroDivisionError), chance.batch(1, 3, np.array([7])):
            raise ZeroDivisionError
        assert chance.current_batch() is not None
        assert chance.current_batch().epoch == 2  # type: ignore[union-attr]
    assert chance.current_batch() is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_gpu_draws_the_numbers_of_the_cpu() -> None:
    ids = np.array([0, 7, 2**40, 123_456])
    there = chance.uniform_like(torch.empty(4, 300, device="cuda"), 2**62, "block 3", 9, ids)
    assert torch.equal(there.cpu(), chance.uniform_like(torch.empty(4, 300), 2**62, "block 3", 9, ids))
