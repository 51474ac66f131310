"""What an earlier version wrote is read by this one: the files of `tests/fixtures`, whose README says what made them.

Each test works on copies, through the command line alone. The images are not stored: they are unpacked from the
samples, as bitmaps, whose bytes are the same with every version of Pillow.
"""

import io
import json
import shutil
import struct
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from atalho.cli import run

FIXTURES = Path(__file__).parents[1] / "fixtures"
KINDS = ("bag", "sneaker", "trouser")
AS_THEN = ("--precision", "bf16")
"""What networks computed in by themselves on the machine that made the fixtures."""


def said(*command: str | Path, code: int = 0) -> Any:
    """What a command prints as JSON; it must end with `code`."""
    out, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(errors):
        assert run([*map(str, command), "--json"]) == code, errors.getvalue()
    return json.loads(out.getvalue())


def stored(name: str) -> Any:
    """A JSON file of the fixtures."""
    return json.loads((FIXTURES / name).read_bytes())


def bitmap(pixels: NDArray[np.uint8]) -> bytes:
    """Grey pixels (H,W) as a BMP file."""
    height, width = pixels.shape
    rows = np.pad(pixels[::-1], ((0, 0), (0, -width % 4)))
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 4, axis=1)
    greys[:, 3] = 0
    start = 54 + greys.nbytes
    head = struct.pack("<2sIII", b"BM", start + rows.nbytes, 0, start)
    about = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 0, rows.nbytes, 0, 0, 256, 256)
    return head + about + greys.tobytes() + rows.tobytes()


def grey(image: Path) -> NDArray[np.uint8]:
    """The pixels (H,W) of an image."""
    with Image.open(image) as picture:
        return np.asarray(picture.convert("L"))


def clothes_of(fashion: Path, folder: Path) -> Path:
    """Three kinds of clothes, 16 training and 8 test images each, every second pixel: 14 pixels a side."""
    for split, count in (("train", 16), ("test", 8)):
        for kind in KINDS:
            (folder / split / kind).mkdir(parents=True)
            for image in sorted((fashion / split / kind).iterdir())[:count]:
                file = folder / split / kind / f"{image.stem}.bmp"
                file.write_bytes(bitmap(grey(image)[::2, ::2]))
    return folder


def characters_of(omniglot: Path, folder: Path) -> Path:
    """A table of characters, ten drawings each, the darkest of every 5 by 5 pixels: 21 pixels a side.

    Six Greek ones are for training, three for validation, and four Latin ones for testing.
    """
    folder.mkdir(parents=True)
    lines = ["path,identity,camera,split"]
    for alphabet, split, numbers in (
        ("Greek", "train", range(6)),
        ("Greek", "val", range(6, 9)),
        ("Latin", "test", range(4)),
    ):
        characters = sorted((omniglot / alphabet).iterdir())
        for number in numbers:
            character = characters[number]
            for image in sorted(character.iterdir())[:10]:
                name = f"{alphabet}-{character.name}-{image.stem}.bmp"
                (folder / name).write_bytes(bitmap(grey(image).reshape(21, 5, 21, 5).min(axis=(1, 3))))
                lines.append(f"{name},{alphabet}/{character.name},{image.stem[-2:]},{split}")
    table = folder / "characters.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


@pytest.fixture(scope="module")
def clothes(fashion: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those that the stored run was trained on."""
    return clothes_of(fashion, tmp_path_factory.mktemp("stored") / "clothes")


@pytest.fixture(scope="module")
def characters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those that the stored re-identification was trained on."""
    folder = tmp_path_factory.mktemp("stored")
    said("sample", "omniglot", folder / "omniglot")
    return characters_of(folder / "omniglot", folder / "characters")


@pytest.fixture(scope="module")
def anew(clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that was stored, trained again from the first step on this machine, with the settings it kept."""
    folder = tmp_path_factory.mktemp("anew") / "clothes"
    said("train", clothes, "--config", FIXTURES / "runs" / "clothes" / "run.toml", "--out", folder)
    return folder


@pytest.fixture(scope="module")
def same_machine(anew: Path) -> bool:
    """Whether this machine computes as the one that made the fixtures: then every bit is expected to be the same."""
    here = json.loads((anew / "provenance.json").read_bytes())["fingerprint"]
    return bool(here == stored("runs/clothes/provenance.json")["fingerprint"])


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of everything that is stored."""
    return shutil.copytree(FIXTURES, tmp_path / "fixtures")


def assert_same(now: Any, before: Any, exact: bool, where: str = "") -> None:
    """The same JSON, save for where it was made; on another machine the numbers may differ a little."""
    if isinstance(before, dict):
        assert list(now) == list(before), where
        for name in before.keys() - {"provenance"}:
            assert_same(now[name], before[name], exact, f"{where}.{name}")
    elif isinstance(before, list):
        assert len(now) == len(before), where
        for place, (one, other) in enumerate(zip(now, before, strict=True)):
            assert_same(one, other, exact, f"{where}[{place}]")
    elif where.endswith(".path"):
        assert Path(now).name == Path(before).name, where
    elif isinstance(before, float):
        assert now == (before if exact else pytest.approx(before, rel=1e-2, abs=1e-2)), where
    else:
        assert now == before, where


def weights_and_log(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in ("model/model.safetensors", "metrics.jsonl")]


def test_a_classifier_is_evaluated_with_the_figures_that_were_stored(
    copied: Path, clothes: Path, same_machine: bool
) -> None:
    found = said("evaluate", copied / "runs" / "clothes", clothes, *AS_THEN)
    assert found.pop("precision") == "bf16"  # which that version did not say
    assert_same(found, stored("said/evaluate-clothes.json"), same_machine)


def test_a_re_identification_is_evaluated_with_the_figures_that_were_stored(
    copied: Path, characters: Path, same_machine: bool
) -> None:
    found = said("evaluate", copied / "runs" / "characters", characters, *AS_THEN)
    assert found.pop("precision") == "bf16"  # which that version did not say
    assert found.pop("picture")["dimension"] > 2  # nor did it draw one
    assert_same(found, stored("said/evaluate-characters.json"), same_machine)


def test_a_model_folder_predicts_as_it_did(copied: Path, clothes: Path, same_machine: bool) -> None:
    images = [clothes / "test" / kind / "0000.bmp" for kind in KINDS]
    found = said("predict", copied / "model", *images, *AS_THEN)
    assert_same(found, stored("said/predict.json"), same_machine)


def test_a_gallery_is_searched_by_the_model_that_filled_it(copied: Path, characters: Path, same_machine: bool) -> None:
    query = characters.parent / "Latin-character01-0683_01.bmp"
    model = copied / "runs" / "characters"
    found = said("search", copied / "gallery.db", query, "-k", "3", "--model", model, *AS_THEN)
    assert_same(found, stored("said/search.json"), same_machine)
    assert said("gallery", "verify", copied / "gallery.db") == {"problems": []}


def test_a_run_trained_anew_is_the_stored_one(anew: Path, same_machine: bool) -> None:
    before, now = weights_and_log(FIXTURES / "runs" / "clothes"), weights_and_log(anew)
    assert now == before if same_machine else len(now[1].splitlines()) == len(before[1].splitlines())


def test_a_killed_run_ends_as_the_one_that_was_not(copied: Path, clothes: Path, same_machine: bool) -> None:
    killed, whole = copied / "runs" / "killed", FIXTURES / "runs" / "clothes"
    assert not (killed / "model").exists()
    said("train", clothes, "--resume", killed)
    before, now = weights_and_log(whole), weights_and_log(killed)
    if same_machine:
        assert now == before
    rows = [[json.loads(line) for line in log.splitlines()] for log in (before[1], now[1])]
    assert [(row["kind"], row["step"]) for row in rows[1]] == [(row["kind"], row["step"]) for row in rows[0]]


def test_an_experiment_is_read_and_not_measured_again(
    copied: Path, clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copied)
    shutil.copytree(clothes, "images/clothes")
    folder = Path("lab/identity")
    cells = {path: path.stat().st_mtime_ns for path in sorted((folder / "cells").iterdir())}
    asked = ["--blocks", "2", "--images", "2", "--out", folder]
    said("lab", "identity", "runs/clothes", "images/clothes", *asked)
    assert {path: path.stat().st_mtime_ns for path in sorted((folder / "cells").iterdir())} == cells
    found = json.loads((folder / "result.json").read_bytes())
    # The claim's words are those of the page that is drawn now.
    claim = (
        "If the first convolutions learn zero, each of their blocks returns its input, as if it did not exist: "
        "the network equals a shallower one."
    )
    assert_same(found, stored("lab/identity/result.json") | {"claim": claim}, True)
    assert found["provenance"]["seconds"] == stored("lab/identity/result.json")["provenance"]["seconds"]
