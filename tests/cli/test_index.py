import json
from pathlib import Path

import pytest

from atalho import cli


def test_says_what_became_of_the_images(
    model: Path, clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["index", str(model), str(clothes / "test"), "--gallery", str(tmp_path / "g.db")]
    assert cli.run(command) == 0
    assert "60 new, 0 changed, 0 unchanged" in capsys.readouterr().out
    assert cli.run([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "new": 0, "changed": 0, "same": 60, "unlabelled": 0, "relabelled": [], "bad": []
    }  # fmt: skip


def test_a_bad_image_is_told_and_the_exit_code_says_so(
    model: Path, clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.png").write_bytes(b"no image")
    good = str(sorted((clothes / "test" / "bag").iterdir())[0])
    command = ["index", str(model), good, str(tmp_path / "bad.png"), "--gallery", str(tmp_path / "g.db")]
    assert cli.run(command) == 1
    out = capsys.readouterr().out
    assert "1 new" in out
    assert "1 image was not indexed:" in out
    assert "bad.png" in out
    assert cli.run([*command, "--json"]) == 1
    (bad,) = json.loads(capsys.readouterr().out)["bad"]
    assert bad["path"].endswith("bad.png")
    assert "not an image" in bad["error"]


def test_the_pattern_of_the_camera(
    model: Path, clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["index", str(model), str(clothes / "test"), "--gallery", str(tmp_path / "g.db")]
    assert cli.run([*command, "--camera", "_c(x)"]) == 2
    assert "the pattern _c(x) finds no camera in 60 names" in capsys.readouterr().err
    assert not (tmp_path / "g.db").exists()
    assert cli.run([*command, "--camera", r"(\d)$"]) == 0
    capsys.readouterr()
    assert cli.run(["gallery", "list", str(tmp_path / "g.db"), "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert all(entry["camera"] == Path(entry["path"]).stem[-1] for entry in entries)


def test_without_a_gallery_the_message_says_what_one_is(
    model: Path, clothes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["index", str(model), str(clothes / "test")]
    assert cli.run(command) == 2
    expected = (
        "--gallery is missing (gallery: a file, created if missing, or postgresql://…). "
        "Usage: atalho index RUN [IMAGES...] --gallery STR [OPTIONS]\n"
    )
    assert capsys.readouterr().err == expected
    assert cli.run([*command, "--gallery"]) == 2
    assert capsys.readouterr().err.startswith("--gallery needs a value (gallery: a file, created if missing, or")


def test_no_model(filled: str, clothes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["index", "nowhere", str(clothes / "test"), "--gallery", filled]) == 2
    assert "nowhere is not a run or model folder" in capsys.readouterr().err


def test_labels_that_change_are_listed_and_those_that_are_missing_counted(
    model: Path, clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = map(str, sorted((clothes / "test" / "bag").iterdir())[:2])
    gallery = ["--gallery", str(tmp_path / "g.db")]
    assert cli.run(["index", str(model), first, "--label", "ana", *gallery]) == 0
    capsys.readouterr()
    assert cli.run(["index", str(model), first, "--label", "bea", *gallery]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["0 new, 1 changed, 0 unchanged", "1 label changed:"]
    assert lines[2].split() == ["image", "before", "now"]
    assert lines[3].split() == [first, "ana", "bea"]
    assert cli.run(["index", str(model), first, second, *gallery]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["1 new, 0 changed, 1 unchanged", "1 new image has no label; --label NAME gives one."]
    assert cli.run(["index", str(model), first, "--label", "cora", *gallery, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["relabelled"] == [{"path": first, "before": "bea", "after": "cora"}]


def test_an_unset_variable_is_no_folder(
    model: Path, clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(clothes)
    assert cli.run(["index", str(model), "", "--gallery", str(tmp_path / "g.db")]) == 2
    assert "One of the names is empty." in capsys.readouterr().err
    assert not (tmp_path / "g.db").exists()
