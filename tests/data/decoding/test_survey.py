import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from atalho.data import layouts
from atalho.data.decoding.reading import ReadingOptions
from atalho.data.decoding.survey import survey
from atalho.data.manifest import BadImage, Manifest, refuse_bad
from atalho.errors import DataError

Tree = Callable[..., Path]
OLD = 1_600_000_000  # seconds: long before any test


def read(root: Path) -> Manifest:
    return layouts.read(root, val_fraction=0, test_fraction=0.2, split_seed=0)


def age(root: Path) -> None:
    """Give every file an old time of change, so that only what a test changes is new."""
    for file in root.rglob("*.png"):
        os.utime(file, (OLD, OLD))


def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes which files are read from now on."""
    from atalho.data.decoding import process

    seen: list[str] = []
    original = process.read_bytes

    def noting(path: str, *, max_pixels: int) -> bytes:
        seen.append(Path(path).name)
        return original(path, max_pixels=max_pixels)

    monkeypatch.setattr(process, "read_bytes", noting)
    return seen


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_real_images_with_any_number_of_workers(fashion: Path, workers: int, tmp_path: Path) -> None:
    for name in ("bag", "coat"):
        shutil.copytree(fashion / "test" / name, tmp_path / "data" / name)
    calls: list[tuple[str, int, int]] = []
    found = survey(
        read(tmp_path / "data"),
        ReadingOptions(workers=workers),
        progress=lambda *call: calls.append(call),
        cache_dir=tmp_path / "c",
    )
    assert set(found.widths.tolist()) == set(found.heights.tolist()) == {28}
    assert found.grey
    assert found.bad == ()
    assert calls[-1] == ("reading images", 200, 200)
    alone = survey(read(tmp_path / "data"), ReadingOptions(workers=0), cache_dir=tmp_path / "other")
    assert found.fingerprint == alone.fingerprint
    np.testing.assert_array_equal(found.digests, alone.digests)


def test_sizes_and_colour(tree: Tree) -> None:
    root = tree("a/1.png", "b/1.png")
    Image.new("L", (5, 9)).save(root / "a" / "2.png")
    found = survey(read(root))
    assert list(zip(found.widths.tolist(), found.heights.tolist(), strict=True)) == [(8, 8), (5, 9), (8, 8)]
    assert not found.grey


def test_bad_images_are_named_with_reasons_and_the_rest_is_known(tree: Tree) -> None:
    root = tree("a/1.png", "a/2.png", "b/1.png", "b/2.png")
    (root / "a" / "2.png").write_bytes(b"not an image")
    (root / "b" / "2.png").unlink()
    os.mkfifo(root / "b" / "2.png")
    found = survey(read(root))
    assert [(image.number, image.name) for image in found.bad] == [(1, "a/2.png"), (3, "b/2.png")]
    assert str(found.bad[1].reason) == "a named pipe, not a file"
    assert found.widths.tolist() == [8, 0, 8, 0]


def test_an_unchanged_folder_is_not_read_again(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atalho.data.decoding.survey._GRAIN_NS", -(10**18))  # the files of a test are always new
    root = tree("a/1.png", "a/2.png", "b/1.png")
    first = survey(read(root))
    seen = reads(monkeypatch)
    second = survey(read(root))
    assert seen == []
    assert second.fingerprint == first.fingerprint
    np.testing.assert_array_equal(second.widths, first.widths)
    assert second.grey == first.grey


def test_only_what_changed_is_read_again(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atalho.data.decoding.survey._GRAIN_NS", -(10**18))
    root = tree("a/1.png", "a/2.png", "b/1.png")
    first = survey(read(root))
    status = (root / "a" / "2.png").stat()
    data = bytearray((root / "a" / "2.png").read_bytes())
    data[-1] ^= 1
    (root / "a" / "2.png").write_bytes(data)
    # Same size, same time of change: the time of change of the entry still tells.
    os.utime(root / "a" / "2.png", ns=(status.st_atime_ns, status.st_mtime_ns))
    tree("new.png", root=root / "b")
    (root / "a" / "1.png").rename(root / "a" / "3.png")
    seen = reads(monkeypatch)
    second = survey(read(root))
    assert sorted(seen) == ["2.png", "3.png", "new.png"]
    assert second.fingerprint != first.fingerprint


def test_files_changed_just_now_are_read_again(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the grain of the clock a second change leaves the same times."""
    root = tree("a/1.png", "b/1.png")
    survey(read(root))
    seen = reads(monkeypatch)
    survey(read(root))
    assert sorted(seen) == ["1.png", "1.png"]


def test_bad_images_are_looked_at_again(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atalho.data.decoding.survey._GRAIN_NS", -(10**18))
    root = tree("a/1.png", "b/1.png")
    assert len(survey(read(root), ReadingOptions(max_pixels=63)).bad) == 2
    assert survey(read(root), ReadingOptions(max_pixels=64)).bad == ()
    assert len(survey(read(root), ReadingOptions(max_pixels=63)).bad) == 2


def test_a_damaged_index_is_made_again(tree: Tree, cache: Path) -> None:
    root = tree("a/1.png", "b/1.png")
    first = survey(read(root))
    (index,) = (cache / "surveys").iterdir()
    index.write_bytes(b"damaged")
    assert survey(read(root)).fingerprint == first.fingerprint


def test_the_fingerprint_is_of_content_names_labels_and_splits_and_of_no_place(tree: Tree, tmp_path: Path) -> None:
    names = ("a/1.png", "a/2.png", "b/1.png", "b/2.png")
    root = tree(*names)
    first = survey(read(root)).fingerprint
    shutil.copytree(root, tmp_path / "copy")
    assert survey(read(tmp_path / "copy")).fingerprint == first
    manifest = read(root)
    other_split = layouts.read(root, val_fraction=0, test_fraction=0, split_seed=0)
    assert survey(other_split).fingerprint != first
    (root / "b" / "2.png").rename(root / "a" / "3.png")
    assert survey(read(root)).fingerprint != first
    (root / "a" / "3.png").rename(root / "b" / "2.png")
    assert survey(manifest).fingerprint == first


def test_refusing_names_ten_and_counts_the_rest() -> None:
    refuse_bad([])
    with pytest.raises(DataError, match=r"^1 image cannot be read\..* with --skip-bad:\n"):
        refuse_bad([BadImage(0, "a/0.png", "the file is empty")])
    bad = [BadImage(number, f"a/{number}.png", "the file is empty") for number in range(12)]
    with pytest.raises(DataError) as caught:
        refuse_bad(bad)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("12 images cannot be read.")
    assert lines[0].endswith(" with --skip-bad:")
    assert lines[1] == "  a/0.png: the file is empty"
    assert lines[-1] == "  … and 2 more"
    assert len(lines) == 12
