"""The parts of the page on re-identification, from what an evaluation holds."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from atalho.report import figures, html, reidentification, sections
from atalho.storage.run_folder import RunFolder
from atalho.tasks.reidentification.evaluation import RankedImage, RankedList, ReidentificationEvaluation
from atalho.tasks.reidentification.picture import EmbeddingPicture, IdentityPoints


@pytest.fixture
def evaluation() -> ReidentificationEvaluation:
    figures = dict.fromkeys(("rank1", "rank5", "rank10", "rank20", "map", "minp"), 0.9)
    shares: dict[str, Any] = figures | {f"{name}_interval": (0.85, 0.95) for name in figures}
    answers = (RankedImage("b.png", "<x>", right=True), RankedImage("c.png", "y", right=False))
    return ReidentificationEvaluation(
        split="test",
        queries=920,
        valid_queries=900,
        identities=46,
        **shares,
        images=1000,
        protocol="cross-camera",
        average_precision="hits",
        lists=(RankedList("a.png", "<x>", 1, answers),),
    )


def _run(folder: Path, evaluation: ReidentificationEvaluation) -> RunFolder:
    (folder / "run.toml").write_text('task = "reid"\n[model]\nname = "resnet18"\n')
    (folder / "evaluation.json").write_text(json.dumps(evaluation.to_dict()))
    return RunFolder.open(folder)


def test_rank_1_beside_accuracy_is_said_to_be_something_else(
    tmp_path: Path, evaluation: ReidentificationEvaluation
) -> None:
    row = {"kind": "epoch", "epoch": 1, "step": 10, "train_loss": 2.0, "train_top1": 0.1}
    for held_out, expected in (({"val_rank1": 0.6}, True), ({"val_top1": 0.6}, False)):
        (tmp_path / "metrics.jsonl").write_text(json.dumps(row | held_out) + "\n")
        page = html.page(_run(tmp_path, evaluation), {})
        assert ("measure different things" in page, "the more the network memorised" in page) == (
            expected,
            not expected,
        )


def test_the_headline_says_how_many_queries_were_counted(
    tmp_path: Path, evaluation: ReidentificationEvaluation
) -> None:
    text = sections.header(_run(tmp_path, evaluation), evaluation)
    assert "90.0%" in text
    assert "900 of 920 queries have a right answer among 1,000 images" in text


def test_every_figure_stands_with_its_interval(evaluation: ReidentificationEvaluation) -> None:
    text = reidentification.quality(evaluation)
    for name in ("rank-1", "rank-5", "rank-10", "rank-20", "mAP", "mINP"):
        assert f"<td>{name}</td>" in text
    assert "own camera are excluded (cross-camera)" in text
    assert "The intervals come from resampling the 46 identities" in text


def test_right_and_wrong_are_marked_not_by_colour_alone(evaluation: ReidentificationEvaluation) -> None:
    text = reidentification.ranked_lists(evaluation, {"a.png": "picture-0", "b.png": "picture-1"})
    assert text is not None
    assert text.count("✓") == text.count("✗") == 1
    assert 'href="#picture-1"' in text
    assert 'class="no-picture"' in text  # of c.png, which is not there
    assert "&lt;x&gt;" in text
    assert "<x>" not in text


def test_the_page_has_these_parts_instead_of_classes(tmp_path: Path, evaluation: ReidentificationEvaluation) -> None:
    page = html.page(_run(tmp_path, evaluation), {})
    assert "Ranked lists" in page
    assert "Confusion matrix" not in page
    assert reidentification.ranked_lists(replace(evaluation, lists=()), {}) is None


PICTURE = EmbeddingPicture(
    128,
    (0.31, 0.22),
    (IdentityPoints("<x>", ((0.1, -0.2), (0.3, 0.1))), IdentityPoints("y", ((-0.5, 0.5),))),
    ((0.0, 0.0),),
)


def test_the_picture_of_embeddings_says_what_may_be_read_from_it(
    tmp_path: Path, evaluation: ReidentificationEvaluation
) -> None:
    assert 'id="embeddings-en"' not in html.page(_run(tmp_path, evaluation), {})  # of an older run
    page = html.page(_run(tmp_path, replace(evaluation, picture=PICTURE)), {})
    assert "one of 4 images, placed by the two of 128 dimensions" in page
    assert "component 1 (31.0% of the variance)" in page
    assert "componente 2 (22,0% da variância)" in page
    assert "&lt;x&gt;" in page
    assert "<x>" not in page


def test_identities_are_told_apart_without_colour() -> None:
    (axes,) = figures.embeddings(PICTURE).axes
    marks = [line.get_marker() for line in axes.get_lines()]
    assert len(set(marks)) == len(marks) == 3
    assert [len(line.get_xdata()) for line in axes.get_lines()] == [1, 2, 1]
