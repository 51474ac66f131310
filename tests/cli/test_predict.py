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


def test_the_columns_that_a_competition_wants(
    folder: str, images: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["predict", folder, *images, "--columns", "image_id=id,label"]) == 0
    rows = _rows(capsys)
    assert list(rows[0]) == ["image_id", "label"]
    assert [row["image_id"] for row in rows] == [Path(image).stem for image in images]
    assert run(["predict", folder, images[0], "none.png", "--columns", "file,label_2,probability"]) == 1
    printed = capsys.readouterr()
    (first, second) = list(csv.DictReader(io.StringIO(printed.out)))
    assert first["file"] == Path(images[0]).name and first["label_2"] and first["probability"]
    assert second == {"file": "none.png", "label_2": "", "probability": ""}
    assert printed.err.startswith("none.png cannot be read as an image")


@pytest.mark.parametrize(
    ("columns", "more", "text"),
    [
        ("id,lable", [], "--columns id,lable: there is no column 'lable'. Accepted, separated by commas"),
        ("id,label", ["--json"], "--columns is for CSV, and JSON is asked for"),
        ("x=id,x=label", [], "x is there twice"),
    ],
)
def test_columns_that_cannot_be_are_refused(columns: str, more: list[str], text: str, refused: Refused) -> None:
    refused(["predict", "RUN", "x.png", "--columns", columns, *more], text)


def test_an_id_stands_for_one_image(folder: str, clothes: Path, refused: Refused) -> None:
    twice = [str(clothes / "test" / name / "0000.png") for name in ("bag", "trouser")]
    refused(["predict", folder, *twice, "--columns", "id,label"], "have the same id, 0000")


def test_a_reason_stands_in_a_column_of_its_own(
    folder: str, images: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["predict", folder, images[0]]) == 0
    assert "error" not in capsys.readouterr().out.splitlines()[0]
    assert run(["predict", folder, images[0], "none.png"]) == 1
    head, _good, bad = capsys.readouterr().out.splitlines()
    assert head.split()[-1] == "error"
    assert bad.split()[:3] == ["none.png", "–", "–"]
    assert bad.index("none.png cannot") == head.index("error")
