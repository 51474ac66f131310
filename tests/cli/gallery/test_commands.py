import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from atalho import cli
from atalho.api import gallery
from atalho.gallery.store import Entry


def test_list(filled: str, clothes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["gallery", "list", filled, "--label", "bag"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "20 images"
    assert [line.split()[-1] for line in lines[1:-1]] == sorted(map(str, (clothes / "test" / "bag").iterdir()))
    assert cli.run(["gallery", "list", filled, "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert len(entries) == 60
    assert set(entries[0]) == {"digest", "path", "label", "camera"}


def test_a_long_list_is_printed_as_it_is_read(
    filled: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(gallery: str, label: str | None) -> Iterator[Entry]:
        yield from (Entry(str(n), f"/{n}.png", "ana\n" if n % 2 else None) for n in range(2000))
        assert "/1999.png" in capsys.readouterr().out
        yield Entry("last", "/last.png", "a long label", "7")

    monkeypatch.setattr(gallery, "entries", endless)
    assert cli.run(["gallery", "list", filled]) == 0
    assert capsys.readouterr().out.splitlines() == ["a long label 7      /last.png", "2,001 images"]


def test_remove_by_path_and_by_label(filled: str, clothes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = str(sorted((clothes / "test" / "bag").iterdir())[0])
    assert cli.run(["gallery", "remove", filled, image]) == 0
    assert capsys.readouterr().out == "1 image removed\n"
    assert cli.run(["gallery", "remove", filled, image]) == 1  # nothing was there
    assert capsys.readouterr().out == "0 images removed\n"
    assert cli.run(["gallery", "remove", filled, "--label", "bag", "--label", "sneaker", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"removed": 39}
    assert cli.run(["gallery", "remove", filled]) == 2
    assert "No images given" in capsys.readouterr().err


def test_relabel_and_prune(model: Path, clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place, photos = str(tmp_path / "g.db"), tmp_path / "photos"
    shutil.copytree(clothes / "test" / "bag", photos / "bag")
    assert cli.run(["index", str(model), str(photos), "--gallery", place]) == 0
    capsys.readouterr()
    files = sorted((photos / "bag").iterdir())
    assert cli.run(["gallery", "relabel", place, "sack", str(files[0])]) == 0
    assert capsys.readouterr().out == "1 image has another label now\n"
    assert cli.run(["gallery", "relabel", place, "sack", "--label", "bag", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"relabelled": 19}
    assert cli.run(["gallery", "relabel", place, "sack", "--label", "bag"]) == 1
    assert cli.run(["gallery", "relabel", place, "sack"]) == 2
    files[0].unlink()
    capsys.readouterr()
    assert cli.run(["gallery", "prune", place, "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [f"sack         {files[0]}", "1 file is gone"]
    assert cli.run(["gallery", "prune", place, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert ([entry["path"] for entry in said["gone"]], said["removed"]) == ([str(files[0])], True)
    assert cli.run(["gallery", "prune", place]) == 0
    assert capsys.readouterr().out == "0 files are gone\n"


def test_merge(model: Path, filled: str, tmp_path: Path, clothes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other, into = str(tmp_path / "other.db"), str(tmp_path / "all.db")
    bag = sorted((clothes / "test" / "bag").iterdir())[0]
    assert cli.run(["index", str(model), str(bag), "--label", "sack", "--gallery", other]) == 0
    capsys.readouterr()
    assert cli.run(["gallery", "merge", filled, other, "--into", into]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "60 new, 0 changed, 1 unchanged"
    assert lines[-1].split() == ["bag", "sack", str(bag), other]
    assert cli.run(["gallery", "merge", other, "--into", into, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["new"], said["same"], said["conflicts"][0]["other"]["label"]) == (0, 1, "sack")
    assert cli.run(["gallery", "merge", "--into", into]) == 2
    assert "GALLERIES is missing" in capsys.readouterr().err


def test_verify_says_what_is_damaged(filled: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["gallery", "verify", filled]) == 0
    assert capsys.readouterr().out == "The gallery is intact.\n"
    with sqlite3.connect(filled) as database:
        database.execute("update images set checksum = checksum + 1 where id = 7")
    database.close()
    assert cli.run(["gallery", "verify", filled]) == 1
    assert "damaged vector; index the image again" in capsys.readouterr().out
    assert cli.run(["gallery", "verify", filled, "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 1


def test_rebuild(filled: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["gallery", "rebuild", filled]) == 0
    assert capsys.readouterr().out == "The index has been rebuilt.\n"
    assert cli.run(["gallery", "rebuild", filled, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"rebuilt": filled}


@pytest.mark.parametrize("name", ["list", "verify", "rebuild"])
def test_where_there_is_no_gallery(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["gallery", name, str(tmp_path / "none.db")]) == 2
    assert "gallery not found" in capsys.readouterr().err
    (tmp_path / "text.db").write_text(
        "this is text and no database, long enough to have a header of a hundred bytes" * 3
    )
    assert cli.run(["gallery", name, str(tmp_path / "text.db")]) == 2
    assert "text.db" in capsys.readouterr().err
