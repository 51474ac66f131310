"""What a training that is started from Python shows: on a terminal, in a notebook, or nothing."""

from pathlib import Path

import pytest

import atalho
from atalho.errors import ConfigError
from atalho.training import notebook
from atalho.training.notebook import NotebookProgress
from atalho.training.progress import EpochNumbers, EpochReport, StepReport


def test_a_script_says_how_far_it_is_unless_it_is_silenced(
    clothes: Path, settings: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    atalho.train(clothes, model="resnet20", epochs=1, settings=settings, out=tmp_path / "told")
    told = capsys.readouterr()
    assert told.out == ""
    assert "1/1" in told.err and "images/s" in told.err
    atalho.train(clothes, model="resnet20", epochs=1, settings=settings, out=tmp_path / "silent", progress=None)
    assert capsys.readouterr() == ("", "")


def test_another_progress_is_refused(clothes: Path) -> None:
    with pytest.raises(ConfigError, match=r"progress: expected Progress, 'auto', None, not True\."):
        atalho.train(clothes, progress=True)  # type: ignore[arg-type]


def test_a_notebook_has_a_bar_and_a_row_for_each_epoch() -> None:
    shown: list[str] = []
    progress = NotebookProgress(shown.append)
    progress.note("photos <b>: 3 classes")
    assert shown[-1] == "<small><div>photos &lt;b&gt;: 3 classes</div></small>"
    for step in range(1, 9):
        progress.step(StepReport(step, 8, (step + 3) // 4, 2, 1.25, 500.0, 60.0))
        if step % 4 == 0:
            numbers = EpochNumbers(1.25, 0.5, {"val_loss": 1.0, "val_top1": 0.75}, 0.1)
            progress.epoch(EpochReport(step // 4, 2, numbers, 10.0, 500.0))
    assert '<progress value="8" max="8"></progress>' in shown[-1]
    assert "<tr><td>2/2</td><td>1.250</td><td>50.0%</td><td>75.0%</td><td>10 s</td></tr>" in shown[-1]
    assert len(shown) < 8, "a browser is not sent every step"
    progress.end()
    assert "<progress" not in shown[-1]


def test_outside_a_notebook_there_is_no_output_of_one() -> None:
    assert notebook.output() is None
