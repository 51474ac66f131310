import json
import shutil
from pathlib import Path

import pytest

from atalho import cli


def test_good_images(clothes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["doctor", str(clothes)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("180 images · 3 classes · median size 16 × 16 pixels · PNG 180\n")
    assert out.endswith("No blocking problems found.\n")


def test_a_protocol_is_for_reidentification(clothes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["doctor", str(clothes), "--protocol", "auto"]) == 2
    assert "reid.protocol only works with the task reid" in capsys.readouterr().err


def test_a_bad_image_gives_exit_code_1(clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(clothes, tmp_path / "data")
    for number in range(10):
        (tmp_path / "data" / "train" / "bag" / f"broken{number}.png").write_bytes(b"")
    page = tmp_path / "page.html"
    assert cli.run(["doctor", str(tmp_path / "data"), "--report", str(page)]) == 1
    out = capsys.readouterr().out
    assert "BLOCKS TRAINING (10)" in out
    assert "train/bag/broken7.png" in out
    assert "train/bag/broken8.png" not in out
    assert "… and 2 more (--json or --report)" in out
    assert "→ Copy it again from its source, or remove it." in out
    assert "broken8.png" in page.read_text(encoding="utf-8")


def test_json_names_every_problem(clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(clothes, tmp_path / "data")
    (tmp_path / "data" / "train" / "bag" / "broken.png").write_bytes(b"")
    assert cli.run(["doctor", str(tmp_path / "data"), "--json"]) == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert {"path", "kind", "message", "remedy"} <= set(problems[0])
    assert problems[0]["path"] == "train/bag/broken.png"


def test_settings_are_those_of_train(clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(clothes, tmp_path / "data")
    assert cli.run(["doctor", str(tmp_path / "data"), "--data.max-pixels", "100"]) == 1
    assert "16 × 16 pixels, more than the limit of 100" in capsys.readouterr().out
    assert cli.run(["doctor", str(tmp_path / "data"), "--data.pixels", "100"]) == 2


def test_no_folder_is_a_mistake_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["doctor", str(tmp_path / "nowhere")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_what_no_image_is_to_blame_for_is_not_to_be_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "list.csv").write_text("path,label\n1.png,cat,train,more\n")
    assert cli.run(["doctor", str(tmp_path / "list.csv")]) == 1
    out = capsys.readouterr().out
    assert "→ Fix this first: nothing else was checked." in out
    assert out.endswith("Training would not start. Fix the blocking problems above.\n")


def test_no_name_is_not_the_folder_that_one_is_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["doctor", ""]) == 2
    assert capsys.readouterr().err.startswith("No images given.")
