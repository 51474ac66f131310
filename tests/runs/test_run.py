"""A run by its folder: what it says of itself, read when it is asked for."""

import json
import shutil
from pathlib import Path

import pytest

from atalho.config import Config, DataConfig
from atalho.errors import ConfigError, RunError
from atalho.runs.run import Run
from atalho.tasks.reidentification.evaluation import ReidentificationEvaluation
from atalho.text import speaking

RUNS = Path(__file__).parent.parent / "fixtures" / "runs"


def test_what_a_stored_run_says_of_itself() -> None:
    run = Run.open(RUNS / "clothes")
    assert (run.config.task, run.config.training.epochs) == ("classification", 5)
    assert run.manifest.classes == ("bag", "sneaker", "trouser")
    assert run.images.manifest == run.manifest
    assert run.network.spec.classes == 3
    assert run.network.preprocessing.size == 16
    assert (run.top1, run.seconds) == (0.75, 0.742)
    assert run.model.classes == run.manifest.classes
    assert run.json("manifest.json")["format"] == 1


def test_another_task_has_no_accuracy_and_an_unfinished_run_nothing_measured() -> None:
    characters, killed = Run.open(RUNS / "characters"), Run.open(RUNS / "killed")
    assert isinstance(characters.evaluation, ReidentificationEvaluation)
    assert characters.top1 is None
    assert (killed.evaluation, killed.top1) == (None, None)


def test_images_are_where_they_were_last_found(tmp_path: Path) -> None:
    folder = shutil.copytree(RUNS / "clothes", tmp_path / "run")
    began = Run.open(folder).config
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"path": "/elsewhere"}))
    moved = Run.open(folder).config
    assert (began.data.path, moved.data.path) == ("/tmp/atalho/images/clothes", "/elsewhere")
    assert moved.training == began.training


def test_a_run_of_a_version_without_deterministic_algorithms_goes_on_without_them(tmp_path: Path) -> None:
    folder = shutil.copytree(RUNS / "clothes", tmp_path / "run")
    assert Config().training.deterministic
    assert not Run.open(folder).config.training.deterministic
    file = folder / "run.toml"
    file.write_text(file.read_text().replace("[training]\n", "[training]\ndeterministic = true\n"))
    assert Run.open(folder).config.training.deterministic


def test_a_run_that_begins_does_not_read_its_configuration(tmp_path: Path) -> None:
    config = Config(data=DataConfig(path="photos"))
    assert Run.begun(tmp_path, config).config is config


def test_what_is_no_run_or_has_no_such_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"run\.toml is missing"):
        Run.open(tmp_path)
    with pytest.raises(RunError, match=r"Cannot read .*verification\.json"):
        Run.open(RUNS / "clothes").json("verification.json")


def test_the_history_is_columns_without_those_that_the_run_does_not_have() -> None:
    history = Run.open(RUNS / "clothes").history
    expected = ["epoch", "step", "train_loss", "train_top1", "val_loss", "val_top1", "learning_rate"]
    assert list(history) == expected
    assert history["epoch"] == [1, 2, 3, 4, 5]
    assert {len(column) for column in history.values()} == {5}
    assert "val_rank1" in Run.open(RUNS / "characters").history


def test_a_figure_by_its_name(tmp_path: Path) -> None:
    run = Run.open(RUNS / "clothes")
    run.plot().savefig(tmp_path / "accuracy.png")
    assert (tmp_path / "accuracy.png").read_bytes().startswith(b"\x89PNG")
    assert run.plot("confusion")._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match=r"has no figure 'confusions'\. Did you mean confusion"):
        run.plot("confusions")


def test_a_run_prints_as_a_line_and_is_a_table_with_a_figure_in_a_notebook() -> None:
    run = Run.open(RUNS / "clothes")
    assert "epochs: 5/5, top-1 accuracy: 75.0% [55.1%, 88.0%]" in repr(run)
    assert "\n" not in repr(run)
    assert "<table><tr><th>run</th>" in run._repr_html_() and "data:image/svg+xml;base64," in run._repr_html_()
    with speaking("pt"):
        assert "75,0% [55,1%; 88,0%]" in repr(run)


def test_a_run_that_is_unfinished_or_damaged_prints_too(tmp_path: Path) -> None:
    killed = Run.open(RUNS / "killed")
    assert repr(killed).startswith("Run(run: ")
    killed._repr_html_()
    (tmp_path / "run.toml").write_text("training = 3")
    assert "error: " in repr(Run(tmp_path))
    Run(tmp_path)._repr_html_()


def test_the_report_is_a_path_that_a_notebook_shows(tmp_path: Path) -> None:
    folder = shutil.copytree(RUNS / "clothes", tmp_path / "run")
    (folder / "report.html").unlink(missing_ok=True)
    with pytest.raises(RunError, match="has no report: its training has not finished"):
        Run.open(folder).report()
    (folder / "report.html").write_text('<p title="a">report</p>')
    page = Run.open(folder).report()
    assert Path(page).read_text() == '<p title="a">report</p>'
    assert str(page) == str(folder / "report.html")
    assert 'srcdoc="&lt;p title=&quot;a&quot;&gt;report&lt;/p&gt;"' in page._repr_html_()
