"""How large the images of a step are."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from atalho.training.image_side import LEVELS, reduced, side_at, sides

Shares = st.floats(0.25, 1)


@given(st.integers(1, 500), st.sampled_from([8, 28, 32, 64, 112, 224]), Shares, st.floats(0, 1))
def test_the_side_only_grows_takes_few_values_and_ends_whole(steps: int, size: int, start: float, grown: float) -> None:
    seen = [side_at(step, steps, size, start=start, grown=grown) for step in range(steps)]
    assert seen == sorted(seen)
    assert len(set(seen)) <= LEVELS
    assert all(8 <= side <= size for side in seen)
    whole = [side for step, side in enumerate(seen) if step >= grown * steps]
    assert set(whole) <= {size}


def test_it_grows_in_equal_rises_of_equally_many_steps() -> None:
    seen = [side_at(step, 100, 32, start=0.5, grown=0.6) for step in range(100)]
    assert [seen.count(side) for side in (16, 20, 28, 32)] == [20, 20, 20, 40]


@given(st.sampled_from([32, 64, 112, 224]), Shares, st.floats(0.05, 1))
def test_the_shares_say_what_the_steps_do(size: int, start: float, grown: float) -> None:
    steps = 3000
    told = sum(side**2 * share for side, share in sides(size, start=start, grown=grown))
    taken = sum(side_at(step, steps, size, start=start, grown=grown) ** 2 for step in range(steps)) / steps
    assert told == pytest.approx(taken, rel=0.005)


def test_a_reduced_image_is_made_of_means() -> None:
    images = torch.arange(2 * 3 * 8 * 8, dtype=torch.float32).reshape(2, 3, 8, 8)
    images = images.contiguous(memory_format=torch.channels_last)
    half = reduced(images, 4)
    assert half.shape == (2, 3, 4, 4)
    assert half[1, 2, 3, 0] == images[1, 2, 6:8, 0:2].mean()
    assert half.is_contiguous(memory_format=torch.channels_last)
    assert reduced(images, 8) is images
