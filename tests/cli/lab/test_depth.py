import json

import pytest

from atalho.cli import run

SMALL = ["--depths", "8,14", "--seeds", "2", "--images", "60", "--epochs", "1", "--batch-size", "20"]


@pytest.fixture(scope="module")
def folder(clothes, tmp_path_factory):
    out = tmp_path_factory.mktemp("lab") / "depth"
    assert run(["lab", "depth", str(clothes), *SMALL, "--out", str(out)]) == 0
    return out


def test_table_verdict_and_page_are_printed_and_nothing_is_measured_again(folder, clothes, capsys):
    before = {path: path.stat().st_mtime_ns for path in (folder / "cells").iterdir()}
    assert run(["lab", "depth", str(clothes), *SMALL, "--out", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "plain14" in printed and "resnet14" in printed and "training error" in printed
    assert f"report: {folder / 'report.html'}" in printed
    assert {path: path.stat().st_mtime_ns for path in (folder / "cells").iterdir()} == before


def test_json_is_the_result(folder, clothes, capsys):
    assert run(["lab", "depth", str(clothes), *SMALL, "--out", str(folder), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["folder"] == str(folder) and printed["experiment"] == "depth"
    assert {row["name"] for row in printed["measured"]["series"]} == {"plain8", "plain14", "resnet8", "resnet14"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--depths", "20;26"], "give whole numbers separated by commas"),
        (["--depths", "20,21"], "depth 21: accepted for family resnet:"),
        (["--family", "vgg"], "vgg"),
        (["--lr", "0"], "the learning rate must be greater than 0"),
    ],
)
def test_mistakes_end_with_code_2_before_any_work(given, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["lab", "depth", "nowhere", *given]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
