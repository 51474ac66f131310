"""The first line of a training, and what is said of a run that the same command left unfinished."""

from pathlib import Path

import pytest
from power_cut import PowerCut, PowerCutError

from atalho.api.train import forecast, resume, train
from atalho.errors import DataError
from atalho.runs import opening
from atalho.runs.opening import waiting
from atalho.training.progress import Progress

SHORT = {"training.checkpoint_steps": 1, "training.precision": "fp32"}


class Told(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_the_first_line_says_what_is_trained_on_what_for_how_long_and_where(clothes: Path, tmp_path: Path) -> None:
    told = Told()
    forecast(clothes, model="resnet20", settings={"training.epochs": 3}, out=tmp_path / "run", progress=told)
    assert told.notes[0] == (
        f"resnet20 at 16 × 16 pixels, 3 epochs, 108 training images of 3 classes, run in {tmp_path / 'run'}"
    )
    assert told.notes[1].startswith("found: ")


def test_what_was_recognised_is_said_where_the_images_cannot_be_used(clothes: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "train"
    for name in ("bag", "trouser"):
        (broken / name).mkdir(parents=True)
        (broken / name / "1.png").write_bytes(b"nothing")
    told = Told()
    with pytest.raises(DataError, match="cannot be read"):
        forecast(broken.parent, progress=told)
    assert told.notes[0].startswith("found: train; 2 classes; 2 images")


def test_nobody_waits_for_many_files_to_see_what_was_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_MANY", 5)
    told = Told()
    with waiting(told) as kept:
        kept.note("found: photos")
        kept.work("reading images", 1, 5)
        assert told.notes == []
        kept.work("reading images", 1, 6)
        assert told.notes == ["found: photos"]
        kept.open("first", "second")
    assert told.notes == ["found: photos", "first", "second"]


def test_a_repeated_command_names_the_unfinished_run_and_how_to_resume_it(
    clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def begin(told: Progress, seed: int = 0) -> Path:
        return train(clothes, model="resnet20", epochs=1, batch_size=64, seed=seed, settings=SHORT, progress=told).path

    with pytest.raises(PowerCutError):
        begin(PowerCut(2))
    told = Told()
    assert begin(told) == Path(f"runs/{clothes.name}-2")
    assert told.notes[1] == (
        f"runs/{clothes.name} is an unfinished run of this same command, saved at step 1. To continue it, press "
        f"Ctrl-C and run: atalho train --resume runs/{clothes.name}. This is a new run from the beginning."
    )
    other = Told()
    begin(other, seed=1)
    assert not any("unfinished" in note for note in other.notes)  # of another command
    again = Told()
    resume(f"runs/{clothes.name}", progress=again)
    assert again.notes[:2] == [
        f"resnet20 at 16 × 16 pixels, 1 epoch, 108 training images of 3 classes, run in runs/{clothes.name}",
        "continues after step 1",
    ]
    finished = Told()
    begin(finished)
    assert not any("unfinished" in note for note in finished.notes)
