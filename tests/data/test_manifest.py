import json
from pathlib import Path

import numpy as np
import pytest

from atalho.data.manifest import Manifest, class_map
from atalho.errors import DataError
from atalho.text import Text, speaking


def manifest(**changes: object) -> Manifest:
    values: dict[str, object] = {
        "root": Path("/images"),
        "layout": "class-folders",
        "classes": ("a", "b"),
        "names": ("a/1.png", "a/2.png", "b/1.png", "b/2.png"),
        "labels": np.array([0, 0, 1, 1]),
        "splits": {"train": np.array([0, 2, 3]), "test": np.array([1])},
        "notes": (Text.verbatim("made by hand"),),
    }
    return Manifest(**(values | changes))  # type: ignore[arg-type]


def test_json_and_back_gives_the_same() -> None:
    before = manifest()
    after = Manifest.from_json(json.loads(json.dumps(before.to_json())))
    assert after.to_json() == before.to_json()
    assert (after.root, after.classes, after.names, after.notes) == (
        before.root,
        before.classes,
        before.names,
        before.notes,
    )
    assert after.labels.dtype == np.int64
    np.testing.assert_array_equal(after.splits["train"], before.splits["train"])


def test_notes_are_told_in_the_language_of_who_reads_them() -> None:
    note = Text("the folder {name} is none of train, val, test: left out", name="more")
    stored = json.loads(json.dumps(manifest(notes=(note, Text.verbatim("by hand"))).to_json()))
    assert list(map(str, Manifest.from_json(stored).notes)) == [str(note), "by hand"]
    told = speaking("pt")(lambda: [str(note) for note in Manifest.from_json(stored).notes])()
    assert told == ["a pasta more não é train, val nem test: ignorada", "by hand"]
    assert Manifest.from_json(stored).to_json() == stored


def test_a_file_name_that_is_no_text_survives_json() -> None:
    name = b"a/\xff\xfe.png".decode("utf-8", "surrogateescape")
    before = manifest(names=(name, "a/2.png", "b/1.png", "b/2.png"))
    assert Manifest.from_json(json.loads(json.dumps(before.to_json()))).names[0] == name


@pytest.mark.parametrize(
    "damage",
    [
        {"labels": [0, 0, 1]},
        {"labels": [0, 0, 1, 2]},
        {"labels": [0, 0, 1, -1]},
        {"labels": ["x", 0, 1, 1]},
        {"splits": {"train": [0, 4]}},
        {"splits": [1]},
        {"classes": None},
    ],
)
def test_a_damaged_manifest_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(DataError, match="not an Atalho manifest"):
        Manifest.from_json(manifest().to_json() | damage)
    with pytest.raises(DataError, match="not an Atalho manifest"):
        Manifest.from_json({})


def test_a_name_listed_twice_is_refused() -> None:
    with pytest.raises(DataError, match=r"a/1\.png is listed twice in /images"):
        manifest(names=("a/1.png", "a/1.png", "b/1.png", "b/2.png"))


def test_counts_per_class() -> None:
    assert manifest().counts("train").tolist() == [1, 2]
    assert manifest().counts("val").tolist() == [0, 0]


def test_leaving_images_out_moves_no_id() -> None:
    before = manifest()
    after = before.without([2])
    assert after.names == before.names
    assert after.splits["train"].tolist() == [0, 3]
    assert after.splits["test"].tolist() == [1]
    assert before.splits["train"].tolist() == [0, 2, 3]


def test_classes_are_sorted_by_their_bytes() -> None:
    assert class_map(["b", "a", "Z", "é", "10", "9", "a"]) == ("10", "9", "Z", "a", "b", "é")
