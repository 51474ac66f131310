"""Folders and tables as people have them, thirty and more, tiny: doctor, an epoch of training and a prediction of each.

Each says the classes, splits, identities and cameras that are right, or what the refusal says.
"""

import importlib.util
import json
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from parquet_files import picture, write
from PIL import Image

from atalho.cli import run

KINDS = ("cat", "dog")


def draw(root: Path, names: Iterable[str]) -> None:
    """A noisy picture of 8 pixels a side for each name, no two alike."""
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(list(name.encode())).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(noise).save(file, {".ppm": "PPM", ".avif": "AVIF"}.get(file.suffix, "PNG"))


def images(*folders: str, count: int = 4) -> list[str]:
    return [f"{folder}/{folder.replace('/', '-')}-{number}.png" for folder in folders for number in range(count)]


def table(header: str, names: Iterable[str], *values: Callable[[int], str]) -> str:
    return header + "\n" + "".join(",".join([name, *(v(n) for v in values)]) + "\n" for n, name in enumerate(names))


def kind(number: int) -> str:
    return KINDS[number % 2]


@dataclass(frozen=True)
class Case:
    """A layout: its images, its other files, the options, and what is right; `refused` is a part of the message."""

    names: tuple[str, ...]
    files: dict[str, str] = field(default_factory=dict)
    tables: dict[str, dict[str, list[object]]] = field(default_factory=dict)
    """Parquet files, each with its columns beside the images."""
    options: tuple[str, ...] = ()
    classes: tuple[str, ...] = KINDS
    splits: dict[str, int] = field(default_factory=dict)
    cameras: tuple[str, ...] = ()
    refused: str = ""

    @property
    def reid(self) -> bool:
        return "reid" in self.options


def shards(**rows: int) -> dict[str, dict[str, list[object]]]:
    """Shards as the Hub has them, with classes by their numbers."""
    return {
        f"data/{split}-{part:05}-of-00002.parquet": {"label": [n % 2 for n in range(count)]}
        for split, count in rows.items()
        for part in range(2)
    }


def both(*splits: str, count: int = 4) -> tuple[str, ...]:
    return tuple(name for split in splits for name in images(*(f"{split}/{name}" for name in KINDS), count=count))


MADE = {"train": 12, "val": 2, "test": 2}
GIVEN = {"train": 6, "val": 2, "test": 8}
THREE = {"train": 8, "val": 8, "test": 8}
LEFT = {"train": 6, "val": 2}
REID = ("--task", "reid")
PEOPLE = tuple(f"p{number}" for number in range(8))
CAMS = tuple(name for who in PEOPLE for cam in ("cam0", "cam1") for name in images(f"{who}/{cam}", count=2))
SHELVES = tuple((str(n), ("chair", "sofa")[n % 2]) for n in range(8))
FLAT = tuple(f"{n:03}.png" for n in range(16))
NFD = unicodedata.normalize("NFD", "maçã")
NFC = unicodedata.normalize("NFC", "maçã")

CASES = {
    "class folders": Case(tuple(images(*KINDS, count=8)), splits=MADE),
    "wrapped": Case(tuple(images("set/cat", "set/dog", count=8)), splits=MADE),
    "splits": Case(both("train", "val", "test"), splits=THREE),
    "capitals": Case(both("Training", "Validation", "TESTING"), splits=THREE),
    "in Portuguese": Case(both("treino", "validação", "teste"), splits=THREE),
    "suffixes": Case(both("training_set", "test_set"), splits=GIVEN),
    "doubled": Case(both("seg_train/seg_train", "seg_test/seg_test"), splits=GIVEN),
    "images": Case(both("train_images", "test_images"), splits=GIVEN),
    "prefixes": Case(both("pets_train", "pets_test"), splits=GIVEN),
    "years": Case(both("train2017", "val2017"), splits={"train": 8, "val": 8}),
    "splits within classes": Case(
        tuple(images(*(f"{name}/{split}" for name in KINDS for split in ("train", "test")))), splits=GIVEN
    ),
    "the same set inside": Case(
        tuple(f"{place}{name}/{number}.png" for place in ("", "set/") for name in KINDS for number in range(8)),
        splits=MADE,
    ),
    "unlabelled test": Case((*both("train"), *images("test/images")), splits=LEFT),
    "two readings": Case(both("fit", "holdout"), refused="--data.class '*/{class}/*'"),
    "two readings, chosen": Case(both("fit", "holdout"), options=("--data.class", "*/{class}/*"), splits=MADE),
    "class in the name": Case(
        tuple(f"{name}.{number}.png" for name in KINDS for number in range(8)),
        options=("--data.class", "{class}.*"),
        splits=MADE,
    ),
    "groups": Case(
        tuple(f"{name}/burst{n // 2}_{n}.png" for name in KINDS for n in range(8)),
        options=("--data.group", "{group}_*"),
        splits={"train": 8, "val": 4, "test": 4},
    ),
    "two forms of Unicode": Case(
        tuple(images(f"train/{NFC}", "train/uva", f"test/{NFD}", "test/uva")), classes=(NFC, "uva"), splits=GIVEN
    ),
    "PPM": Case(tuple(f"{name}/{number}.ppm" for name in KINDS for number in range(8)), splits=MADE),
    "AVIF": Case(
        tuple(f"{name}/{number}.avif" for name in KINDS for number in range(8)), options=("--data.avif",), splits=MADE
    ),
    "CSV": Case(FLAT, {"labels.csv": table("path,label", FLAT, kind)}, splits=MADE),
    "CSV with a BOM and semicolons": Case(
        FLAT, {"labels.csv": "\ufeff" + table("path,label", FLAT, kind).replace(",", ";")}, splits=MADE
    ),
    "CSV with splits": Case(
        FLAT,
        {"labels.csv": table("path,label,split", FLAT, kind, lambda n: ("treino", "teste")[n // 2 % 2])},
        splits=GIVEN,
    ),
    "CSV with a comma in a label": Case(
        FLAT, {"labels.csv": table("path,label", FLAT, lambda n: "cat, black")}, refused="line 2: 3 values"
    ),
    "CSV with backslashes": Case(
        tuple(f"img/{name}" for name in FLAT),
        {"labels.csv": table("path,label", [f"img\\{name}" for name in FLAT], kind)},
        splits=MADE,
    ),
    "three tables": Case(
        FLAT,
        {
            f"{split}.csv": table("path,label", FLAT[place : place + 4], kind)
            for split, place in (("train", 0), ("val", 4), ("test", 8))
        },
        splits={"train": 4, "val": 4, "test": 4},
    ),
    "a competition": Case(
        (*(f"train_images/{name}" for name in FLAT), "test_images/x.png"),
        {
            "train.csv": table("image_id,label", [name[:-4] for name in FLAT], kind),
            "sample_submission.csv": "image_id,label\nx,cat\n",
        },
        splits=MADE,
    ),
    "two tables": Case(
        FLAT,
        {name: table("path,label", FLAT, kind) for name in ("a.csv", "b.csv")},
        refused="several tables of images and labels (a.csv, b.csv)",
    ),
    "imagefolder": Case(FLAT, {"metadata.csv": table("file_name,label", FLAT, kind)}, splits=MADE),
    "imagefolder with splits, JSON lines": Case(
        (*(f"train/{name}" for name in FLAT[:8]), *(f"test/{name}" for name in FLAT[8:])),
        {
            f"{split}/metadata.jsonl": "".join(
                json.dumps({"file_name": name, "label": kind(n)}) + "\n" for n, name in enumerate(FLAT[first:][:8])
            )
            for split, first in (("train", 0), ("test", 8))
        },
        splits=GIVEN,
    ),
    "ImageNet": Case(
        (*both("train"), *(f"val/ILSVRC2012_val_{n:08}.png" for n in range(4)), "test/ILSVRC2012_test_00000001.png"),
        {
            "LOC_val_solution.csv": "ImageId,PredictionString\n"
            + "".join(f"ILSVRC2012_val_{n:08},{kind(n)} 1 2 3 4 dog 5 6 7 8\n" for n in (2, 0, 1, 3))
        },
        splits={"train": 8, "val": 4},
    ),
    "Tiny ImageNet": Case(
        (*both("train"), *(f"val/images/val_{n}.png" for n in range(4)), "test/images/test_0.png"),
        {"val/val_annotations.txt": "".join(f"val_{n}.png\t{kind(n)}\t0\t0\t7\t7\n" for n in range(4))},
        splits={"train": 8, "val": 4},
    ),
    "MSMT17": Case(
        tuple(
            f"{side}/{who:04}/{who:04}_{n:03}_{n + 1:02}_0303morning_0015_0.png"
            for side in ("train", "test")
            for who in range(4)
            for n in range(4)
        ),
        {
            f"list_{part}.txt": "".join(
                f"{who:04}/{who:04}_{n:03}_{n + 1:02}_0303morning_0015_0.png {who}\n" for who in range(4) for n in taken
            )
            for part, taken in (("train", (0, 1, 2)), ("val", (3,)), ("query", (0,)), ("gallery", (1, 2, 3)))
        },
        options=REID,
        classes=tuple(f"{side}/{who:04}" for side in ("train", "test") for who in range(4)),
        splits={"train": 8, "val": 8, "test": 16, "query": 4, "gallery": 12},
        cameras=("01", "02", "03", "04"),
    ),
    "CUHK03": Case(
        tuple(f"images_labeled/1_{who:03}_{1 + n // 2}_{n:02}.png" for who in range(8) for n in range(4)),
        options=REID,
        classes=tuple(f"1_{who:03}" for who in range(8)),
        splits={"train": 16, "val": 8, "test": 8},
        cameras=("1", "2"),
    ),
    "CUHK03 twice": Case(
        tuple(
            f"images_{cut}/1_{who:03}_{1 + n // 2}_{n:02}.png"
            for cut in ("labeled", "detected")
            for who in range(4)
            for n in range(4)
        ),
        options=REID,
        refused="several sets (images_detected, images_labeled)",
    ),
    "CUHK03, new protocol, twice": Case(
        tuple(
            f"{cut}/{folder}/0001_c1s1_01_00.png"
            for cut in ("labeled", "detected")
            for folder in ("bounding_box_train", "query", "bounding_box_test")
        ),
        options=REID,
        refused="several sets (detected, labeled)",
    ),
    "products": Case(
        tuple(f"{shelf}_final/{number}_{n}.png" for number, shelf in SHELVES for n in range(4)),
        {
            f"Ebay_{split}.txt": "image_id class_id super_class_id path\n"
            + "".join(f"1 {number} 1 {shelf}_final/{number}_{n}.png\n" for number, shelf in some for n in range(4))
            for split, some in (("train", SHELVES[:6]), ("test", SHELVES[6:]))
        },
        options=REID,
        classes=tuple(number for number, _shelf in SHELVES),
        splits={"train": 16, "val": 8, "test": 8},
    ),
    "tracklets": Case(
        tuple(name for who in PEOPLE for track in ("t1", "t2") for name in images(f"{who}/{track}", count=2)),
        options=(*REID, "--data.identity", "{identity}/*"),
        classes=PEOPLE,
        splits={"train": 16, "val": 8, "test": 8},
    ),
    "identity folders": Case(
        tuple(f"{who}/{n}_0{n}.png" for who in PEOPLE for n in range(1, 5)),
        options=REID,
        classes=PEOPLE,
        splits={"train": 16, "val": 8, "test": 8},
        cameras=("01", "02", "03", "04"),
    ),
    "identity and camera": Case(
        CAMS,
        options=(*REID, "--data.identity", "{identity}/{camera}/*"),
        classes=PEOPLE,
        splits={"train": 16, "val": 8, "test": 8},
        cameras=("cam0", "cam1"),
    ),
    "camera and identity": Case(
        tuple(name for cam in ("cam0", "cam1") for who in PEOPLE for name in images(f"{cam}/{who}", count=2)),
        options=(*REID, "--data.identity", "{camera}/{identity}/*"),
        classes=PEOPLE,
        splits={"train": 16, "val": 8, "test": 8},
        cameras=("cam0", "cam1"),
    ),
    "identity in the name": Case(
        tuple(f"shelf{n % 2}/{n % 8:04}_c{n // 8}_{n}.png" for n in range(32)),
        options=(*REID, "--data.identity", "**/{identity}_c{camera}_*"),
        classes=tuple(f"{n:04}" for n in range(8)),
        splits={"train": 16, "val": 8, "test": 8},
        cameras=("0", "1", "2", "3"),
    ),
    "Market-1501": Case(
        tuple(
            f"{folder}/{who:04}_c{cam}s1_{cam}_0.png"
            for folder, people, cams in (
                ("bounding_box_train", range(1, 5), (1, 2, 3)),
                ("query", range(5, 8), (1,)),
                ("bounding_box_test", range(5, 8), (2, 3)),
            )
            for who in people
            for cam in cams
        ),
        options=REID,
        classes=tuple(f"{n:04}" for n in range(1, 8)),
        splits={"train": 6, "val": 6, "test": 9, "query": 3, "gallery": 6},
        cameras=("1", "2", "3"),
    ),
    "animals": Case(
        tuple(f"images/{name}" for name in FLAT),
        {
            "animals.csv": table(
                "path,identity,orientation",
                [f"images/{name}" for name in FLAT],
                lambda n: f"p{n // 2}",
                lambda n: ("left", "right")[n % 2],
            )
        },
        options=(*REID, "--data.camera", "orientation"),
        classes=PEOPLE,
        splits={"train": 8, "val": 4, "test": 4},
        cameras=("left", "right"),
    ),
    "Parquet shards": Case((), tables=shards(train=4, validation=4, test=4), splits=THREE),
    "one Parquet file": Case(
        (), tables={"pets.parquet": {"species": [kind(n) for n in range(16)], "weight": [1.5] * 16}}, splits=MADE
    ),
    "Parquet, another column": Case(
        (),
        tables={"a.parquet": {"label": [0, 0, 1, 1] * 4, "coat": [kind(n) for n in range(16)]}},
        options=("--data.class", "coat"),
        splits=MADE,
    ),
    "Parquet without labels": Case(
        (),
        tables={"a.parquet": {"caption": ["a cat"] * 4}},
        refused="has the columns image, caption, and none called 'label': choose one with --data.class COLUMN",
    ),
    "Parquet with identities": Case(
        (),
        tables={"a.parquet": {"identity": [f"p{n // 4}" for n in range(32)], "camera": [n % 2 for n in range(32)]}},
        options=REID,
        classes=PEOPLE,
        splits={"train": 16, "val": 8, "test": 8},
        cameras=("0", "1"),
    ),
    "a blank camera": Case(
        FLAT,
        {"animals.csv": table("path,identity,camera", FLAT, lambda n: f"p{n // 2}", lambda n: str(n % 2 or ""))},
        options=REID,
        refused="line 2: the camera is blank",
    ),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Case, Path]:
    made: Case = CASES[request.param]
    if made.tables and importlib.util.find_spec("pyarrow") is None:
        pytest.skip("pyarrow is not installed")
    root = tmp_path / "data"
    draw(root, made.names)
    if request.param == "the same set inside":
        for name in made.names:
            if name.startswith("set/"):
                (root / name).write_bytes((root / name.removeprefix("set/")).read_bytes())
    for name, text in made.files.items():
        (root / name).write_text(text, encoding="utf-8")
    for place, (name, columns) in enumerate(made.tables.items()):
        count = len(next(iter(columns.values())))
        names = {"label": KINDS} if "label" in columns else None
        write(root / name, [picture(100 * place + n) for n in range(count)], columns, names=names)
    return made, root


def test_there_are_thirty() -> None:
    assert len(CASES) >= 30


def test_doctor_understands_it(case: tuple[Case, Path], capsys: pytest.CaptureFixture[str]) -> None:
    made, root = case
    code = run(["doctor", str(root), *made.options, "--json"])
    found = json.loads(capsys.readouterr().out)
    if made.refused:
        assert code == 1
        assert made.refused in found["problems"][0]["message"]
        return
    assert code == 0, found["problems"]
    assert sorted(found["classes"]) == sorted(made.classes)
    assert found["splits"] == made.splits
    assert sorted(found["identities"]) == (sorted(made.classes) if made.reid else [])
    assert found["cameras"] == list(made.cameras)
    assert {split: sum(row[split] for row in found["classes"].values()) for split in made.splits} == made.splits


@pytest.mark.slow
def test_an_epoch_and_a_prediction(case: tuple[Case, Path], capsys: pytest.CaptureFixture[str]) -> None:
    made, root = case
    quick = ["--model", "resnet20", "--epochs", "1", "--out", str(root.parent / "run"), "--json"]
    quick += ["--reid.each", "2", "--batch-size", "8"] if made.reid else []
    code = run(["train", str(root), *made.options, *quick])
    told = capsys.readouterr()
    if made.refused:
        assert code == 2
        assert made.refused in told.err
        return
    assert code == 0, told.err
    assert "found: " in told.err
    first = sorted(str(path) for path in root.rglob("*") if path.suffix in (".png", ".ppm", ".avif", ".parquet"))[0]
    first += "#0" if made.tables else ""
    if not made.reid:
        assert run(["predict", str(root.parent / "run"), first, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)[0]["label"] in made.classes
