"""Callbacks are told of a training and cannot harm it: what fails or is slow is named."""

from pathlib import Path
from typing import Any

import pytest

import atalho
from atalho.errors import ConfigError
from atalho.training import callbacks
from atalho.training.callbacks import with_callbacks
from atalho.training.progress import EpochReport, Progress, RunReport, StepReport


class Diary(Progress):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def begin(self, run: Path) -> None:
        self.told.append(("begin", run))

    def step(self, report: StepReport) -> None:
        self.told.append(("step", report))

    def epoch(self, report: EpochReport) -> None:
        self.told.append(("epoch", report))

    def finished(self, report: RunReport) -> None:
        self.told.append(("finished", report))

    def end(self) -> None:
        self.told.append(("end", None))


class Broken(Progress):
    """Fails at every step, as a server does that cannot be reached."""

    def step(self, report: StepReport) -> None:
        raise ConnectionError("no server")


class Notes(Progress):
    """Keeps what a user would be shown."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_a_run_tells_its_callbacks_and_one_that_fails_does_not_stop_it(
    clothes: Path, settings: dict[str, object], tmp_path: Path
) -> None:
    diary, shown = Diary(), Notes()
    run = atalho.train(
        clothes,
        model="resnet20",
        epochs=1,
        batch_size=32,
        settings=settings,
        out=tmp_path / "run",
        callbacks=[Broken(), diary],
        progress=shown,
    )
    assert [name for name, _value in diary.told] == ["begin", *["step"] * 4, "epoch", "finished", "end"]
    values = dict(diary.told)
    assert values["begin"] == run.path
    assert (values["step"].step, values["step"].steps) == (4, 4)
    assert (values["epoch"].epoch, values["epoch"].epochs) == (1, 1)
    assert values["finished"].run == run.path
    assert values["finished"].measured["top1"] == run.top1
    assert (values["finished"].split, values["finished"].seconds) == ("test", run.seconds)
    failures = [note for note in shown.notes if "Broken" in note]
    assert len(failures) == 1
    assert failures[0].startswith("The callback Broken failed in step: ConnectionError: no server (test_callbacks.py,")
    assert failures[0].endswith("Training goes on.")


def test_the_end_is_told_also_where_the_run_fails(clothes: Path, settings: dict[str, object], tmp_path: Path) -> None:
    diary = Diary()
    wild = settings | {"training.lr": 1e9}
    with pytest.raises(atalho.AtalhoError):
        atalho.train(
            clothes, model="resnet20", epochs=3, settings=wild, out=tmp_path / "run", callbacks=[diary], progress=None
        )
    names = [name for name, _value in diary.told]
    assert names[-1] == "end"
    assert "finished" not in names


def test_where_nothing_is_shown_a_failure_is_a_warning(
    clothes: Path, settings: dict[str, object], tmp_path: Path
) -> None:
    with pytest.warns(UserWarning, match="The callback Broken failed in step"):
        atalho.train(
            clothes, model="resnet20", epochs=1, settings=settings, out=tmp_path / "run", callbacks=[Broken()],
            progress=None,
        )  # fmt: skip


def test_one_that_is_slow_is_named_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    now = 0.0
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: now)

    class Slow(Progress):
        def step(self, report: StepReport) -> None:
            nonlocal now
            now += 3.0

    told: list[str] = []
    listener = with_callbacks(Progress(), [Slow()], told.append)
    listener.begin(tmp_path)
    for number in range(5):
        now += 2.0
        listener.step(StepReport(number, 5, 1, 1, 0.5, 10.0, 1.0))
    assert len(told) == 1
    assert told[0].startswith("The callback Slow has taken 6.0 s of 10 s (60%), most of it in step")


def test_one_that_takes_its_share_and_no_more_is_not_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    now = 0.0
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: now)

    class Quick(Progress):
        def epoch(self, report: EpochReport) -> None:
            nonlocal now
            now += 1.0

    told: list[str] = []
    listener = with_callbacks(Progress(), [Quick()], told.append)
    listener.begin(tmp_path)
    for _ in range(20):
        now += 30.0
        listener.epoch(None)  # type: ignore[arg-type]
    assert told == []


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (5, r"callbacks: expected a list, not 5\."),
        ([print], r"derived from atalho\.Progress, not builtin_function_or_method\. Derive it and override step"),
        ([Diary], r"Diary is a class, and an object of it is expected\. Write Diary\(\)\."),
    ],
)
def test_what_is_no_callback_is_refused_before_any_work(given: Any, text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=text):
        atalho.train(tmp_path / "photos", callbacks=given, progress=None)
