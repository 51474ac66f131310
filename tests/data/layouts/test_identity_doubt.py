from pathlib import Path

import pytest

from atalho.data.layouts import identities, identity_doubt


def doubt(root: Path, *names: str) -> str | None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    found = identity_doubt.find(identities.read(root))
    return None if found is None else str(found)


@pytest.mark.parametrize("inner", ["cam{}", "{}", "tracklet-{}", "view_{}"])
def test_folders_that_repeat_under_most_others(tmp_path: Path, inner: str) -> None:
    names = [f"p{person}/{inner.format(number)}/{i}.jpg" for person in range(4) for number in range(2) for i in "ab"]
    told = doubt(tmp_path, *names)
    assert told is not None
    assert f"Folders called {inner.format(0)} lie under 4 of 4 others" in told
    assert "--data.identity '{identity}/{camera}/*'" in told


def test_files_that_begin_with_several_numbers(tmp_path: Path) -> None:
    names = [f"shelf/{person:04}_c{camera}.jpg" for person in range(3) for camera in range(2)]
    told = doubt(tmp_path, *names)
    assert told is not None
    assert "The files in shelf begin with 3 different numbers" in told
    assert "--data.identity '{identity}_*'" in told


@pytest.mark.parametrize(
    "names",
    [
        ("ana/1.jpg", "ana/2.jpg", "bob/1.jpg"),
        ("Greek/alpha/0001_01.png", "Greek/beta/0002_01.png", "Latin/a/0003_01.png", "Latin/b/0004_01.png"),
        ("ana/2023-01-01_a.jpg", "ana/2023-01-02_a.jpg", "ana/2024-01-01_a.jpg", "ana/2024-01-02_b.jpg", "bob/1.jpg"),
        ("ana/IMG_0001.jpg", "ana/IMG_0002.jpg", "bob/IMG_0001.jpg"),
    ],
)
def test_no_doubt_about_tidy_folders(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert doubt(tmp_path, *names) is None
