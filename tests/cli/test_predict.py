"""The rows of predict: as they come, in every form."""

import csv
import io
import json
from pathlib import Path

import pytest
from torch import Tensor

from atalho.api import train as job
from atalho.cli import run
from atalho.model import Model


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
