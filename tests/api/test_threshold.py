"""The threshold from training to search: chosen, kept, chosen again, obeyed; and refused where it would be a guess."""

import json
import shutil
from pathlib import Path

import pytest

import atalho
from atalho import cli
from atalho.api.train import train
from atalho.errors import ConfigError, DataError, RunError
from atalho.metrics.verification import Threshold
from atalho.runs.run import Run
from atalho.storage import threshold_file
from atalho.training.progress import Progress

SETTINGS = {
    "data.val_fraction": 0.4, "data.test_fraction": 0.3, "data.size": 16, "training.batch_size": 16,
    "training.precision": "fp32", "reid.embedding": 32, "reid.false_accept": 0.05,
}  # fmt: skip


@pytest.fixture
def run(trained: Run, tmp_path: Path) -> Run:
    return Run(Path(shutil.copytree(trained.path, tmp_path / "run")))


class Notes(Progress):
    """What was told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


def test_training_ends_with_a_threshold_of_the_validation_identities(run: Run) -> None:
    found = threshold_file.read(run.path / "model")
    assert found is not None
    assert found.far <= found.wanted_far == 0.05
    assert found.far_interval[0] <= found.far <= found.far_interval[1]
    val = run.manifest.splits["val"]
    assert found.genuine + found.impostor == len(val) * (len(val) - 1) // 2
    recorded = run.json("verification.json")
    assert (recorded["split"], recorded["data"], recorded["reason"]) == ("val", None, None)
    assert recorded["threshold"]["similarity"] == found.similarity
    assert recorded["curve"]["different_pairs"] == found.impostor
    at = run.evaluation.at_threshold
    assert at.similarity == found.similarity
    test = run.manifest.splits["test"]
    assert at.genuine + at.impostor == len(test) * (len(test) - 1) // 2
    assert "false accepts" in (run.path / "report.html").read_text()


def test_the_same_question_has_the_same_answer_and_another_rate_another_threshold(run: Run) -> None:
    first = threshold_file.read(run.path / "model")
    assert atalho.threshold(run.path) == first
    assert run.evaluation.at_threshold == atalho.evaluate(run.path).at_threshold
    assert first is not None
    looser = atalho.threshold(run.path, false_accept=0.2)
    assert looser.similarity < first.similarity
    assert looser.far <= 0.2
    assert threshold_file.read(run.path / "model") == looser
    assert run.evaluation.at_threshold.wanted_far == 0.2
    assert run.json("verification.json")["threshold"]["similarity"] == looser.similarity


def test_search_and_compare_obey_it(run: Run, characters: Path, tmp_path: Path) -> None:
    gallery = str(tmp_path / "g.db")
    atalho.index(run.path, [str(characters / "Greek")], gallery)
    chosen = atalho.threshold(run.path, false_accept=0.2)
    images = sorted(map(str, (characters / "Latin").rglob("*.png")))[:30]
    answers = list(atalho.search(gallery, images, k=1))
    assert [answer.unknown for answer in answers] == [a.hits[0].similarity < chosen.similarity for a in answers]
    same = atalho.compare(run.path, images[0], images[0])
    assert (same.threshold, same.same) == (chosen.similarity, True)


def test_too_few_pairs_change_nothing_and_training_says_so(run: Run, characters: Path, tmp_path: Path) -> None:
    before = threshold_file.read(run.path / "model")
    with pytest.raises(DataError, match=r"rate of 0\.0001 cannot be known from \d+ pairs .*: 30000 are needed"):
        atalho.threshold(run.path, false_accept=0.0001)
    assert threshold_file.read(run.path / "model") == before
    notes = Notes()
    settings = SETTINGS | {"reid.false_accept": 0.0001}
    other = train(
        characters, task="reid", model="resnet20", epochs=1, settings=settings, out=tmp_path / "x", progress=notes
    )
    assert threshold_file.read(other.path / "model") is None
    assert any("No threshold was chosen: A false-accept rate of 0.0001 cannot be known" in text for text in notes.said)
    assert other.json("verification.json")["threshold"] is None
    page = (other.path / "report.html").read_text()
    assert "No threshold. A false-accept rate of 0.0001 cannot be known" in page
    assert other.evaluation.at_threshold is None


def test_on_other_images(run: Run, characters: Path) -> None:
    notes = Notes()
    found = atalho.threshold(run.path, characters, false_accept=0.02, progress=notes)
    assert found.genuine == 20 * 28
    assert any("have the same names as training identities" in text for text in notes.said)
    assert "comes from 20 identities, too few to generalise" in notes.said[-1]
    assert run.json("verification.json")["data"] == str(characters)
    assert run.evaluation.at_threshold is None
    assert atalho.evaluate(run.path).at_threshold.similarity == found.similarity


def test_a_model_folder_needs_images(run: Run, characters: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run.path / "model", tmp_path / "copy"))
    assert threshold_file.read(folder) == threshold_file.read(run.path / "model")
    with pytest.raises(
        ConfigError, match=r"no identities of its own to choose the threshold on\. Give images: atalho threshold"
    ):
        atalho.threshold(folder)
    assert atalho.threshold(folder, characters, false_accept=0.02) == threshold_file.read(folder)


def test_refused_before_any_work(run: Run, characters: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"rate of 1\.5 is not accepted: it must be between 0 and 1"):
        atalho.threshold(tmp_path / "nothing", false_accept=1.5)
    settings = SETTINGS | {"data.val_fraction": 0.0}
    other = train(characters, task="reid", model="resnet20", epochs=1, settings=settings, out=tmp_path / "x")
    assert not (other.path / "verification.json").exists()
    with pytest.raises(RunError, match=r"no validation images to choose the threshold on\. Give images"):
        atalho.threshold(other.path)


def test_the_command_line(run: Run, characters: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["threshold", str(run.path), "--false-accept", "0.1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["wanted_far"] == 0.1
    assert {"threshold", "far", "far_interval", "frr", "frr_interval", "same_pairs", "different_pairs"} <= set(found)
    assert cli.run(["threshold", str(run.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("threshold: similarity 0.")
    assert "pairs of different identities" in lines[1]
    assert cli.run(["threshold", str(run.path), "--false-accept", "0.00001"]) == 2
    assert "300000 are needed. Ask for a higher rate" in capsys.readouterr().err
    image = str(next((characters / "Greek").rglob("*.png")))
    (run.path / "model" / "threshold.json").unlink()
    assert cli.run(["compare", str(run.path), image, image]) == 0
    assert f"Choose one: atalho threshold {run.path}" in capsys.readouterr().out


def test_a_threshold_is_kept_in_the_model_that_was_named_and_in_no_other(run: Run, tmp_path: Path) -> None:
    """A run's model may be a link, laid there by whoever made the run; the folder that the user names may be one."""
    model, elsewhere = run.path / "model", tmp_path / "elsewhere"
    shutil.copytree(model, elsewhere)
    (elsewhere / "threshold.json").write_text("mine")
    shutil.move(model, tmp_path / "kept")
    model.symlink_to(elsewhere)
    with pytest.raises(RunError, match="model is a link, and links inside a folder of results are not followed"):
        threshold_file.write(model, Threshold(0.5, 0.1, 0.0, (0.0, 0.1), 0.0, (0.0, 0.1), 10, 10), root=run.path)
    (elsewhere / "threshold.json").unlink()
    with pytest.raises(RunError, match="model is a link"):
        atalho.threshold(run.path)
    assert not (elsewhere / "threshold.json").exists()
    model.unlink()
    shutil.move(tmp_path / "kept", model)
    (model / "threshold.json").unlink()
    (tmp_path / "link").symlink_to(model)
    chosen = atalho.threshold(tmp_path / "link")
    assert threshold_file.read(model) == chosen


def test_it_says_what_the_network_computed_in(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = shutil.copytree(run.path, tmp_path / "copy")
    chosen = threshold_file.read(copy / "model")
    assert chosen is not None and chosen.precision == "fp32"
    fast = atalho.threshold(copy, false_accept=0.1, precision="bf16")
    assert fast.precision == "bf16" and threshold_file.read(copy / "model") == fast
    usual = atalho.threshold(copy, false_accept=0.1)
    assert usual.similarity == pytest.approx(fast.similarity, abs=0.05)
    assert cli.run(["threshold", str(copy), "--false-accept", "0.1", "--precision", "bf16"]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith(" · bf16")
    assert cli.run(["threshold", str(copy), "--false-accept", "0.1", "--precision", "bf16", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["precision"] == "bf16"


def test_a_classifier_is_told_what_tells_objects_apart(clothes: Path, tmp_path: Path) -> None:
    classifier = train(clothes, model="resnet20", epochs=1, out=tmp_path / "run")
    with pytest.raises(ConfigError, match=r"is a classifier: .* atalho train DATA --task reid"):
        atalho.threshold(classifier.path)
