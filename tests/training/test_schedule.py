"""The learning rate as a function of the step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atalho.training.schedule import factor


@given(
    st.integers(1, 5000),
    st.floats(0, 0.9),
    st.sampled_from(["one-cycle", "stable", "cosine", "step"]),
    st.floats(0, 1),
    st.data(),
)
def test_it_never_leaves_zero_to_one(steps: int, warmup: float, shape: str, start: float, data: st.DataObject) -> None:
    step = data.draw(st.integers(0, steps - 1))
    value = factor(step, steps, shape=shape, warmup=warmup, warmup_lr=start)  # type: ignore[arg-type]
    assert 0 < value <= 1


@pytest.mark.parametrize("shape", ["one-cycle", "cosine"])
def test_it_rises_to_one_and_falls_almost_to_zero(shape: str) -> None:
    values = [factor(step, 100, shape=shape, warmup=0.2) for step in range(100)]  # type: ignore[arg-type]
    peak = values.index(max(values))
    assert max(values) == 1
    assert peak in (19, 20)
    assert values[: peak + 1] == sorted(values[: peak + 1])
    assert values[peak:] == sorted(values[peak:], reverse=True)
    assert values[-1] < 0.02


def test_he_2015_divides_by_ten_at_32k_and_48k_of_64k_steps() -> None:
    def rate(step: int) -> float:
        return 0.1 * factor(step, 64_000, shape="step", warmup=0, milestones=(0.5, 0.75))

    assert [rate(step) for step in (0, 31_999, 32_000, 47_999, 48_000, 63_999)] == pytest.approx(
        [0.1, 0.1, 0.01, 0.01, 0.001, 0.001]
    )


def test_a_warm_up_starts_where_it_is_told() -> None:
    assert factor(0, 1000, shape="step", warmup=0.1, warmup_lr=0.1) == pytest.approx(0.1 + 0.9 / 100)


def test_a_stable_rate_is_constant_until_it_falls_to_almost_zero() -> None:
    values = [factor(step, 1000, shape="stable", warmup=0.1, decay=0.4) for step in range(1000)]
    assert values[:100] == sorted(values[:100])
    assert set(values[100:600]) == {1.0}
    assert values[599:] == sorted(values[599:], reverse=True)
    assert 0 < values[-1] < 0.01


def test_a_stable_rate_falls_from_where_a_long_warm_up_ends() -> None:
    values = [factor(step, 100, shape="stable", warmup=0.9, decay=0.5) for step in range(100)]
    assert max(values) == values[89] == pytest.approx(1)
    assert values[90:] == sorted(values[90:], reverse=True)
