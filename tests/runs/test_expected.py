"""What a training says of its duration, once, and what would make it shorter."""

import dataclasses
import re

import pytest

from atalho import networks
from atalho.config import Config
from atalho.runs import expected
from atalho.runs.expected import ExpectedTime
from atalho.training.progress import StepReport


def told(
    config: Config, network: str, size: int, seconds: float, *, resumed: bool = False, steps: int = 40
) -> list[str]:
    """What is said in the first steps of a run of which so many seconds are left."""
    said: list[str] = []
    spec = networks.specify(network, classes=6, image_size=size)
    watch = ExpectedTime(said.append, config, spec, size, resumed=resumed)
    for step in range(1, steps + 1):
        watch.step(StepReport(step, 400, 1, 20, 1.0, 100.0, seconds))
    return said


def test_a_long_training_names_what_makes_it_shorter() -> None:
    (said,) = told(Config(), "resnet50", 224, 3600)
    assert said.startswith("expected: 1 h 00 min more, until about ")
    assert "Ctrl-C stops and saves." in said
    shorter = said.partition("Shorter: ")[2]
    assert shorter.startswith("--minutes 30 (the schedule then fits that time), --epochs 10, --data.size 160 (about ")
    assert re.search(r"--model resnet18 \(about 4[45]% of the time\)", shorter)


def test_a_small_network_on_small_images_is_not_made_smaller() -> None:
    (said,) = told(Config(), "resnet20", 32, 600)
    assert said.endswith("Shorter: --minutes 5 (the schedule then fits that time), --epochs 10")


@pytest.mark.parametrize(("seconds", "lines"), [(10, 0), (60, 1)])
def test_a_short_training_needs_no_advice(seconds: float, lines: int) -> None:
    said = told(Config(), "resnet18", 224, seconds)
    assert len(said) == lines
    assert not any("Shorter" in line for line in said)


def test_a_resumed_run_keeps_its_settings() -> None:
    (said,) = told(Config(), "resnet18", 224, 3600, resumed=True)
    assert "Shorter" not in said


def test_minutes_are_shortened_by_minutes() -> None:
    training = dataclasses.replace(Config().training, minutes=60.0, steps=1000)
    (said,) = told(dataclasses.replace(Config(), training=training), "resnet18", 224, 3600)
    assert said.endswith("Shorter: --minutes 30")


def test_nothing_is_said_of_the_first_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(Config(), "resnet20", 32, 600, steps=10) == []
    monkeypatch.setattr(expected, "_SECONDS", 0.0)  # slow steps: three after the first say enough
    assert told(Config(), "resnet20", 32, 600, steps=3) == []
    assert len(told(Config(), "resnet20", 32, 600, steps=4)) == 1
