import json
import shutil
from pathlib import Path

import pytest

from atalho import cli
from atalho.metrics.verification import Threshold
from atalho.storage import threshold_file


@pytest.fixture
def image(clothes: Path) -> str:
    return str(sorted((clothes / "test" / "bag").iterdir())[0])


def test_a_table_and_its_json_say_the_same(filled: str, image: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["search", filled, image, "-k", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[1].split() == [image, "1", "1.000", "bag", image]
    assert cli.run(["search", filled, image, "-k", "3", "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert (answer["path"], answer["unknown"]) == (image, None)
    assert set(answer["hits"][0]) == {"path", "label", "camera", "similarity"}
    for line, hit in zip(lines[1:], answer["hits"], strict=True):
        assert line.split()[2:] == [f"{hit['similarity']:.3f}", hit["label"], hit["path"]]


def test_unknown_stands_before_what_is_nearest(
    filled: str, model: Path, image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = str(sorted((Path(image).parents[2] / "train" / "bag").iterdir())[0])
    threshold_file.write(model, Threshold(0.99999, 0.01, 0.01, (0.0, 0.02), 0.1, (0.0, 0.2), 100, 1000))
    try:
        assert cli.run(["search", filled, image, other, "-k", "1"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert "unknown" not in lines[1]
        assert "unknown" in lines[2]
        assert "nothing in the gallery is similar enough" in lines[2]
        assert lines[3].split()[0] == other
        assert cli.run(["search", filled, image, other, "--json"]) == 0
        assert [answer["unknown"] for answer in json.loads(capsys.readouterr().out)] == [False, True]
    finally:
        (model / threshold_file.NAME).unlink()


def test_only_some_without_the_image_itself_and_together(
    filled: str, image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = str(sorted(Path(image).parent.iterdir())[1])
    options = ["--label", "bag", "--label", "sneaker", "--leave-self-out", "--together", "-k", "60", "--json"]
    assert cli.run(["search", filled, image, other, *options]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["path"] == f"{image}, {other}"
    assert len(answer["hits"]) == 38
    assert {hit["label"] for hit in answer["hits"]} == {"bag", "sneaker"}
    assert not {image, other} & {hit["path"] for hit in answer["hits"]}
    assert cli.run(["search", filled, image, "--camera", "7"]) == 2
    assert "no other image with these labels and cameras: 7" in capsys.readouterr().err


def test_a_file_that_is_no_image(filled: str, image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.png").write_bytes(b"no image")
    assert cli.run(["search", filled, str(tmp_path / "bad.png"), image, "-k", "1"]) == 1
    out = capsys.readouterr().out
    assert "not an image" in out
    assert "1.000" in out
    assert cli.run(["search", filled, str(tmp_path / "bad.png"), "--json"]) == 1
    (answer,) = json.loads(capsys.readouterr().out)
    assert set(answer) == {"path", "error"}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["-k", "0"], "k = 0: expected a whole number of at least 1"),
        (["--expand", "-1"], "expand = -1: expected a whole number of at least 0"),
        (["--model", "nowhere"], "nowhere is not a run or model folder"),
    ],
)
def test_refused_before_any_work(
    filled: str, image: str, options: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["search", filled, image, *options]) == 2
    said = capsys.readouterr()
    assert text in said.err
    assert said.out == ""


def test_a_model_that_moved_is_asked_for(
    model: Path, image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here, gallery = tmp_path / "here", str(tmp_path / "g.db")
    shutil.copytree(model, here)
    assert cli.run(["index", str(here), image, "--gallery", gallery]) == 0
    here.rename(tmp_path / "there")
    capsys.readouterr()
    assert cli.run(["search", gallery, image]) == 2
    assert "is no longer at" in (said := capsys.readouterr().err) and "with --model" in said
    assert cli.run(["search", gallery, image, "--model", str(tmp_path / "there")]) == 0


def test_no_gallery(image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["search", str(tmp_path / "none.db"), image]) == 2
    assert "gallery not found. Create one with: atalho index" in capsys.readouterr().err
