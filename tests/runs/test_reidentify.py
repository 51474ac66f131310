"""Re-identification from a folder of characters to a run, and back: kills, two heads on one backbone, refusals."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from power_cut import PowerCut, PowerCutError

import atalho
from atalho import cli
from atalho.api.train import resume, train
from atalho.data import samples
from atalho.errors import ConfigError, RunError
from atalho.runs.run import Run
from atalho.tasks.reidentification.task import ReidentificationTask
from atalho.training.progress import Progress

SETTINGS = {
    "data.split_by": "group", "data.test_fraction": 0.4, "data.val_fraction": 0.2, "data.size": 16,
    "training.batch_size": 16, "training.checkpoint_steps": 2, "training.precision": "fp32",
    "reid.embedding": 32, "reid.centre": 0.01, "augment.affine": 1.0, "augment.erasing": 0.5,
}  # fmt: skip
EPOCHS = 3


@pytest.fixture(scope="session")
def characters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six characters of each alphabet by six drawers, at 16 pixels."""
    whole = samples.unpack("omniglot", tmp_path_factory.mktemp("samples") / "omniglot")
    small = tmp_path_factory.mktemp("characters")
    for alphabet in sorted(path for path in whole.iterdir() if path.is_dir()):
        for character in sorted(alphabet.iterdir())[:6]:
            target = small / alphabet.name / character.name
            target.mkdir(parents=True)
            for image in sorted(character.iterdir())[:6]:
                with Image.open(image) as picture:
                    picture.convert("L").resize((16, 16), Image.Resampling.BOX).save(target / image.name)
    return small


def _train(characters: Path, out: Path, progress: Progress | None = None) -> Run:
    return train(
        characters, task="reid", model="resnet20", epochs=EPOCHS, settings=SETTINGS, out=out, progress=progress
    )


@pytest.fixture(scope="session")
def reid_run(characters: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return _train(characters, tmp_path_factory.mktemp("runs") / "characters")


def test_images_that_it_trained_on_are_told_where_it_is_measured(reid_run: Run, characters: Path) -> None:
    found = atalho.evaluate(reid_run.path, characters)
    assert found.trained_on == len(reid_run.manifest.splits["train"])
    assert any("has trained on" in remark for remark in found.headline.remarks)


def test_a_run_leaves_a_model_figures_and_lists(reid_run: Run) -> None:
    found = reid_run.evaluation
    assert found.queries == found.valid_queries == 72
    assert found.protocol == "cross-camera"
    for name in ("rank1", "map", "minp"):
        share, (low, high) = found.figure(name)
        assert low <= share <= high
    page = (reid_run.path / "report.html").read_text()
    assert "Ranked lists" in page
    assert page.count('class="ranked"') == 2
    card = json.loads((reid_run.path / "model" / "config.json").read_text())
    assert card["task"] == "reid"
    assert card["metrics"]["rank1"] == found.rank1
    assert len(card["classes"]) == len(reid_run.manifest.splits["train"]) // 6


def test_nobody_of_the_test_was_trained_on(reid_run: Run) -> None:
    manifest = reid_run.manifest
    who = {split: {manifest.classes[i] for i in manifest.labels[ids]} for split, ids in manifest.splits.items()}
    assert not who["test"] & (who["train"] | who["val"])
    assert not {name.split("/")[0] for name in who["test"]} & {name.split("/")[0] for name in who["train"]}


@pytest.mark.parametrize("steps", [(1,), (3, 6), (2, 5, 8)])
def test_kills_anywhere_end_with_the_same_bytes(
    reid_run: Run, characters: Path, tmp_path: Path, steps: tuple[int, ...]
) -> None:
    with pytest.raises(PowerCutError):
        _train(characters, tmp_path / "x", PowerCut(steps[0]))
    for step in steps[1:]:
        with pytest.raises(PowerCutError):
            resume(tmp_path / "x", progress=PowerCut(step))
    run = resume(tmp_path / "x")
    last = sorted((run.path / "checkpoints").iterdir())[-1].name
    for name in (
        "model/model.safetensors",
        "metrics.jsonl",
        "evaluation.json",
        f"checkpoints/{last}/state.safetensors",
    ):
        assert (run.path / name).read_bytes() == (reid_run.path / name).read_bytes(), name


def test_embeddings_of_the_model_are_what_was_measured(reid_run: Run, characters: Path) -> None:
    model = atalho.load(reid_run.path)
    names = [reid_run.manifest.names[i] for i in reid_run.manifest.splits["test"][:5]]
    vectors = model.embed([characters / name for name in names])
    assert vectors.shape == (5, 32)
    assert vectors.dtype == torch.float32


def test_measured_again_it_is_the_same_and_a_folder_of_strangers_is_taken(reid_run: Run, characters: Path) -> None:
    again = atalho.evaluate(reid_run.path)
    assert again == reid_run.evaluation
    assert again.to_dict() == reid_run.json("evaluation.json")
    strangers = atalho.evaluate(reid_run.path, characters)
    assert strangers.queries == 180
    by_trapezoids = atalho.evaluate(reid_run.path, characters, average_precision="trapezoid", protocol="leave-self-out")
    assert by_trapezoids.map != strangers.map
    assert by_trapezoids.protocol == "leave-self-out"


def test_reranked_and_expanded_figures_stand_beside_the_plain_ones(
    reid_run: Run, characters: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(reid_run.path, tmp_path / "run"))
    plain = reid_run.evaluation
    assert plain.reranked is plain.expanded is None
    found = atalho.evaluate(copy, rerank=atalho.Rerank(8, 3), expand=2)
    assert replace(found, reranked=None, expanded=None) == plain
    assert (found.reranked.k1, found.reranked.k2, found.expanded.answers) == (8, 3, 2)
    for way in (found.reranked, found.expanded):
        assert way.valid_queries == 72
        assert way.map != plain.map
        low, high = way.map_interval
        assert low <= way.map <= high
    page = (copy / "report.html").read_text()
    assert "after re-ranking" in page
    assert "after query expansion" in page
    first_alone = atalho.evaluate(copy, characters, rerank=atalho.Rerank(8, 3, share=1.0))
    assert first_alone.reranked.map == pytest.approx(first_alone.map, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--rerank", "--rerank-k1", "2", "--rerank-k2", "3"], "k1 = 2, k2 = 3, share = 0.3: expected 1 ≤ k2 ≤ k1"),
        (["--expand", "-2"], "expand = -2: expected a whole number of at least 0"),
    ],
)
def test_impossible_numbers_are_refused(options: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["evaluate", "nowhere", *options]) == 2
    assert text in capsys.readouterr().err


def test_one_backbone_two_heads(reid_run: Run, characters: Path, clothes: Path, tmp_path: Path) -> None:
    small = {"training.precision": "fp32", "training.averaging": 0.0}
    classifier = train(clothes, settings=small | {"model.start": str(reid_run.path)}, epochs=1, out=tmp_path / "c")
    assert classifier.top1 is not None
    back = train(
        characters, task="reid", settings=SETTINGS | {"model.start": str(classifier.path)}, epochs=1, out=tmp_path / "r"
    )
    assert back.evaluation.rank1 is not None
    spec = back.network.spec
    assert (spec.embedding, spec.classes) == (32, 14)


def test_rotations_make_four_identities_of_each(characters: Path, tmp_path: Path) -> None:
    run = train(
        characters,
        task="reid",
        model="resnet20",
        epochs=1,
        settings=SETTINGS | {"reid.rotations": True},
        out=tmp_path / "x",
    )
    assert run.network.spec.classes == 56
    names = ReidentificationTask().outputs(run.manifest, run.config)
    assert len(names) == 56
    assert names[14] == f"{names[0]}@90"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"augment.mixup": 0.2}, "does not support mixed images"),
        ({"training.batch_size": 6}, r"has fewer than two identities with 4 images each"),
        ({"training.micro_batch": 8}, "cannot run in parts"),
    ],
)
def test_what_it_does_not_take_is_refused_before_any_work(
    characters: Path, tmp_path: Path, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        train(characters, task="reid", model="resnet20", settings=SETTINGS | settings, out=tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_other_images_under_a_resume_are_refused(characters: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(characters, tmp_path / "copy")
    with pytest.raises(PowerCutError):
        _train(copy, tmp_path / "x", PowerCut(2))
    image = next(copy.rglob("*.png"))
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(image)
    with pytest.raises(RunError, match=r"splits by identity\. Start a new run"):
        resume(tmp_path / "x", accept_data_change=True)


def test_the_command_line(reid_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["evaluate", str(reid_run.path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"rank1", "map", "minp", "valid_queries"} <= set(found)
    assert cli.run(["evaluate", str(reid_run.path)]) == 0
    text = capsys.readouterr().out
    assert "test: rank-1" in text
    assert "72 of 72 queries have a right answer (cross-camera)" in text
    assert "mINP" in text
