"""The rows of predict: as they come, in every form."""

import csv
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from torch import Tensor

from atalho.api import train as job
from atalho.cli import run, terminal
from atalho.model import Model

Atalho = Callable[..., subprocess.CompletedProcess[str]]
Refused = Callable[[list[str], str], None]


@pytest.fixture(scope="module")
def folder(clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("predict") / "run"
    return str(job.train(clothes, model="resnet20", epochs=1, out=out).path)


@pytest.fixture
def images(clothes: Path) -> list[str]:
    return sorted(map(str, (clothes / "test" / "bag").iterdir()))[:3]


def _rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_csv_has_the_best_class_and_more_on_demand(
    folder: str, images: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["predict", folder, *images, "none.png", "--format", "csv"]) == 1
    rows = _rows(capsys)
    assert list(rows[0]) == ["path", "label", "probability", "error"]
    assert run(["predict", folder, *images, "none.png", "--format", "csv", "--top", "9"]) == 1
    ranked = _rows(capsys)
    assert list(ranked[0])[1:] == [
        "label",
        "probability",
        "label_2",
        "probability_2",
        "label_3",
        "probability_3",
        "error",
    ]
    assert [row["label"] for row in ranked] == [row["label"] for row in rows]
    assert {ranked[0][name] for name in ("label", "label_2", "label_3")} == {"bag", "sneaker", "trouser"}
    assert [bool(row["error"]) for row in ranked] == [False, False, False, True]
    assert ranked[3]["label_2"] == ""


def test_rows_of_csv_are_printed_before_all_are_known(
    folder: str, images: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("atalho.data.order.AT_ONCE", 1)
    original = Model.pixels
    seen: list[int] = []

    def noting(self: Model, image: str, **options: int) -> Tensor:
        seen.append(len(capsys.readouterr().out.splitlines()))
        return original(self, image, **options)

    monkeypatch.setattr(Model, "pixels", noting)
    assert run(["predict", folder, *images, "--format", "csv"]) == 0
    assert seen == [1, 1, 1]


def test_progress_is_shown(folder: str, images: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, int, int]] = []
    monkeypatch.setattr("atalho.cli.terminal.TerminalProgress.work", lambda _self, *call: calls.append(call))
    assert run(["predict", folder, *images]) == 0
    assert calls == [("predicting", done, 3) for done in (1, 2, 3)]


def test_a_list_with_the_line_ends_of_windows(
    folder: str, images: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\ufeff" + "\r\n".join(images) + "\r\n", newline=""))
    assert run(["predict", folder, "-", "--json"]) == 0
    assert [row["path"] for row in json.loads(capsys.readouterr().out)] == images


def test_predict_prints_a_row_per_image_and_says_when_one_failed(
    folder: str, clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = str(clothes / "test" / "bag" / "0000.png"), tmp_path / "bad.png"
    bad.write_text("<html>")
    assert run(["predict", folder, good, str(bad), "--json"]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert first.keys() == {"path", "label", "probability", "top"}
    assert first["top"][0] == {"label": first["label"], "probability": first["probability"]}
    assert second.keys() == {"path", "error"}
    assert run(["predict", folder, good, "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "path,label,probability,error"
    assert run(["predict", folder, good]) == 0
    assert good in capsys.readouterr().out


def test_predict_reads_a_list_from_standard_input(folder: str, clothes: Path, atalho: Atalho) -> None:
    listed = "\n".join(map(str, sorted((clothes / "test" / "bag").iterdir())[:3]))
    found = atalho("predict", folder, "-", "--json", input=listed)
    assert [row["path"] for row in json.loads(found.stdout)] == listed.split("\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["predict", "nowhere", "x.png"], "nowhere is not a run or model folder"),
        (["predict", "RUN"], "IMAGES is missing"),
        (["predict", "RUN", "x.png", "--top", "0"], "--top 0 is not accepted: it must be at least 1"),
        (["predict", "RUN", "x.png", "--jsno"], "Unknown option --jsno. Did you mean --json"),
    ],
)
def test_a_mistake_gives_one_message_and_exit_code_2(refused: Refused, arguments: list[str], text: str) -> None:
    refused(arguments, text)


def test_names_neither_steer_a_terminal_nor_run_in_a_spreadsheet_nor_look_like_lines(
    folder: str, images: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["=1+1.png", "@a.png", "-1.png", "a\x1b[31m.png", "a\x9bb\u202e.png", "a\nb.png"]
    for name in names:
        Path(name).write_bytes(Path(images[0]).read_bytes())
    assert run(["predict", folder, ".", "--format", "csv"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n") == len(names) + 1
    assert not {"\x1b", "\x9b", "\u202e"} & set(printed)
    paths = [row["path"] for row in csv.DictReader(io.StringIO(printed))]
    assert {"./=1+1.png", "./@a.png", "./-1.png"} <= {path if path.startswith("./") else f"./{path}" for path in paths}
    assert not any(path.startswith(("=", "@", "-", "+")) for path in paths)
    assert run(["predict", folder, ".", "--json"]) == 0
    printed = capsys.readouterr().out
    assert not {"\x1b", "\x9b", "\u202e"} & set(printed)
    assert {Path(row["path"]).name for row in json.loads(printed)} == set(names)


def test_a_class_that_is_called_like_a_formula_is_a_text(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_csv(["=cmd()", "+1", "-0.5", "@x", "a=b", ""])
    assert capsys.readouterr().out == "'=cmd(),+1,-0.5,'@x,a=b,\r\n"


def test_a_line_break_in_a_name_is_no_line_of_an_error(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = str(tmp_path / "no\nrun")
    assert run(["predict", name, "x.png"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    (tmp_path / "c").mkdir()
    for label in ("a", "b"):
        (tmp_path / "c" / label).mkdir()
        (tmp_path / "c" / label / "bad\nforged: 0 errors.png").write_bytes(b"no image")
    assert run(["train", str(tmp_path / "c"), "--out", str(tmp_path / "out")]) == 2
    assert "\nforged" not in capsys.readouterr().err


def test_csv_and_json_contradict_each_other(folder: str, images: list[str], refused: Refused) -> None:
    refused(["predict", folder, images[0], "--format", "csv", "--json"], "--json and --format csv contradict")
