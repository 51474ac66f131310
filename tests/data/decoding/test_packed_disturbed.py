"""The cache of decoded images under what disturbs it: a second builder, a kill, a full disk, images that change."""

import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from atalho.data import layouts
from atalho.data.decoding.decode import decode_square
from atalho.data.decoding.fit import Fit
from atalho.data.decoding.packed import open_images
from atalho.data.decoding.reading import ReadingOptions
from atalho.data.decoding.survey import OnProgress, survey
from atalho.data.manifest import Manifest
from atalho.errors import DataError

BUILD = """
import sys
from pathlib import Path
import numpy as np
from atalho.data import layouts
from atalho.data.decoding.fit import Fit
from atalho.data.decoding.packed import open_images
from atalho.data.decoding.reading import ReadingOptions
from atalho.data.decoding.survey import survey

def wait(*_rest):
    print("built", flush=True)
    sys.stdin.readline()

manifest = layouts.read(Path(sys.argv[1]), val_fraction=0, test_fraction=0.2, split_seed=0)
images = open_images(manifest, survey(manifest), ReadingOptions(workers=0), fit=Fit(20), channels=1, progress=wait)
print(int(images[np.arange(len(manifest))].sum()), flush=True)
"""
IDS = np.arange(30)


@pytest.fixture
def data(fashion: Path, tmp_path: Path) -> Path:
    for name in ("bag", "coat"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(15):
            shutil.copy(fashion / "test" / name / f"{number:04d}.png", tmp_path / "data" / name)
    return tmp_path / "data"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ATALHO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def read(data: Path) -> Manifest:
    return layouts.read(data, val_fraction=0, test_fraction=0.2, split_seed=0)


def expected(data: Path) -> np.ndarray:
    manifest = read(data)
    return np.stack([decode_square(manifest.path(number), fit=Fit(20), channels=1) for number in IDS.tolist()])


def opened(data: Path, progress: OnProgress | None = None, **options: float) -> np.ndarray:
    manifest = read(data)
    reading = ReadingOptions(workers=0, **options)  # type: ignore[arg-type]
    images = open_images(manifest, survey(manifest), reading, fit=Fit(20), channels=1, progress=progress)
    return images[IDS].permute(0, 2, 3, 1).numpy()


def builder(data: Path, before: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", BUILD, str(data)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, preexec_fn=before)


def test_two_builders_at_once_both_get_the_pixels_and_one_cache_stays(data: Path, here: Path) -> None:
    pair = [builder(data), builder(data)]
    for each in pair:
        assert each.stdout is not None
        assert each.stdout.readline() == "built\n"  # and has not put it in its place yet
    ends = [each.communicate("\n", timeout=60) for each in pair]
    assert [int(out) for out, _errors in ends] == [expected(data).sum()] * 2, ends
    assert [each.returncode for each in pair] == [0, 0]
    assert len(list((here / "packed").iterdir())) == 1


def test_what_a_killed_builder_leaves_is_never_used(data: Path, here: Path) -> None:
    with builder(data) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "built\n"
        killed.kill()
    (left,) = (here / "packed").iterdir()
    assert left.suffix == ".tmp"
    assert (left / "pixels.u8").exists()
    np.testing.assert_array_equal(opened(data), expected(data))
    assert len(list((here / "packed").iterdir())) == 2


@pytest.mark.parametrize("limit", [0, 11999])
def test_a_full_disk_is_said_and_nothing_half_done_stays(data: Path, here: Path, limit: int) -> None:
    """A limit on the size of files is the one way to fill a disk that every system allows."""
    with builder(data, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) as full:
        _out, errors = full.communicate("\n", timeout=60)
    assert full.returncode == 1
    assert re.search(r"cannot write the cache .*: File too large\. Free some space there, or set ATALHO_CACHE", errors)
    assert [entry.name for entry in here.glob("*/*") if ".tmp" in entry.name] == []
    np.testing.assert_array_equal(opened(data), expected(data))


@pytest.mark.parametrize("cache_gb", [0, 1])
@pytest.mark.parametrize("change", ["other content", "no image", "gone"])
def test_an_image_that_changes_before_it_is_decoded_is_never_kept(
    data: Path, here: Path, cache_gb: float, change: str
) -> None:
    manifest = read(data)
    found = survey(manifest)
    image, other = data / "bag" / "0003.png", data / "coat" / "0004.png"
    if change == "gone":
        image.unlink()
    else:
        image.write_bytes(other.read_bytes() if change == "other content" else b"no image")
    for skip_bad in (False, True):
        with pytest.raises(DataError, match=r"bag/0003\.png changed after it was first read"):
            open_images(
                manifest,
                found,
                ReadingOptions(workers=0, cache_gb=cache_gb, skip_bad=skip_bad),
                fit=Fit(20),
                channels=1,
            )
    assert list(here.glob("packed/*")) + list(here.glob("checked/*")) == []
    shutil.copy(other, image)
    np.testing.assert_array_equal(opened(data), expected(data))


def test_an_image_that_changes_after_it_was_decoded_is_another_cache(data: Path, here: Path) -> None:
    before = expected(data)

    def change(*_rest: object) -> None:
        shutil.copy(data / "coat" / "0004.png", data / "bag" / "0003.png")

    np.testing.assert_array_equal(opened(data, progress=change), before)
    np.testing.assert_array_equal(opened(data), expected(data))
    assert len(list((here / "packed").iterdir())) == 2


def test_a_cache_that_is_deleted_stays_readable_for_who_has_it_open(data: Path, here: Path) -> None:
    manifest = read(data)
    images = open_images(manifest, survey(manifest), ReadingOptions(workers=0), fit=Fit(20), channels=1)
    shutil.rmtree(here)
    np.testing.assert_array_equal(images[IDS].permute(0, 2, 3, 1).numpy(), expected(data))
