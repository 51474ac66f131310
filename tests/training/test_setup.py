"""Where a step lies in its epoch, also of a run whose images changed while it was stopped; the rate of a step."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from atalho.config import Config
from atalho.precision import choose
from atalho.tasks.task import Objective
from atalho.training.setup import BEGINNING, EpochOrigin, TrainingSetup


def training_setup(steps_per_epoch: int, epochs: int, origin: EpochOrigin = BEGINNING) -> TrainingSetup:
    config = Config()
    config = replace(config, training=replace(config.training, epochs=epochs))
    # What of the task the counting asks for.
    task = cast(Objective, SimpleNamespace(steps_per_epoch=steps_per_epoch))
    return TrainingSetup(config, task, (), choose("cpu", "fp32"), Path(), origin)


@given(step=st.integers(0, 10_000), length=st.integers(1, 300))
def test_from_the_beginning_an_epoch_is_so_many_steps(step: int, length: int) -> None:
    epoch, done = BEGINNING.position(step, length)
    assert 0 <= done < length
    assert epoch * length + done == step


@given(step=st.integers(0, 1000), epoch=st.integers(0, 50), length=st.integers(1, 300), more=st.integers(0, 1000))
def test_where_the_images_changed_the_epoch_in_progress_begins_again(
    step: int, epoch: int, length: int, more: int
) -> None:
    origin = EpochOrigin(step, epoch)
    assert origin.position(step, length) == (epoch, 0)
    later, done = origin.position(step + more, length)
    assert (later - epoch) * length + done == more


@given(length=st.integers(1, 100), epochs=st.integers(1, 50), begun=st.integers(0, 49), before=st.integers(0, 5000))
def test_a_run_has_all_its_epochs_whatever_the_length_of_those_that_are_done(
    length: int, epochs: int, begun: int, before: int
) -> None:
    origin = EpochOrigin(before, min(begun, epochs - 1))
    setup = training_setup(length, epochs, origin)
    last, done = origin.position(setup.steps - 1, length)
    assert (last, done) == (epochs - 1, length - 1)


def test_the_rate_rises_to_the_one_that_was_set_and_falls() -> None:
    setup = training_setup(10, 20)
    rates = [setup.rate(step) for step in range(setup.steps)]
    top = rates.index(max(rates))
    assert max(rates) == setup.config.training.lr
    assert 0 < top < setup.steps / 2
    assert rates[top:] == sorted(rates[top:], reverse=True)
