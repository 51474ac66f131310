import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from atalho.data import layouts
from atalho.data.decoding.survey import survey
from atalho.data.doctor import shapes, small
from atalho.data.doctor.problem import Problem


def scene(seed: int, size: tuple[int, int] = (40, 40)) -> Image.Image:
    random = np.random.default_rng(seed)
    return Image.fromarray(random.integers(0, 255, (5, 5, 3), dtype=np.uint8)).resize(size)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for seed in range(4):
            scene(seed + 4 * (label == "dog")).save(tmp_path / label / f"{seed}.jpg")
    return tmp_path


def problems(root: Path) -> list[Problem]:
    manifest = layouts.read(root, val_fraction=0, test_fraction=0, split_seed=0)
    found = survey(manifest)
    return list(shapes.problems(manifest, found, small.shrink(manifest, found)))


def stored(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_images_like_each_other_have_no_problem(photos: Path) -> None:
    assert problems(photos) == []


@pytest.mark.parametrize(
    ("name", "data", "kind", "message"),
    [
        ("x.png", stored(scene(9, (9, 40)), "PNG"), "size", "9 × 40 pixels, while half of the images have at least 40"),
        ("x.png", stored(scene(9, (120, 40)), "PNG"), "aspect", "120 × 40 pixels: the network sees the central square"),
        ("x.jpg", stored(scene(9).convert("L"), "JPEG"), "grey", "greyscale, while most images have colour"),
        (
            "x.png",
            stored(Image.new("RGB", (40, 40), (9, 9, 9)), "PNG"),
            "blank",
            "its centre is a single shade of grey",
        ),
        ("x.jpg", stored(scene(9).convert("CMYK"), "JPEG"), "cmyk", "print colours (CMYK)"),
        ("x.gif", stored(scene(9), "GIF", save_all=True, append_images=[scene(10)]), "animated", "several images"),
        ("x.png", stored(scene(9), "JPEG"), "suffix", "its content is JPEG"),
    ],
)
def test_what_differs_is_named(photos: Path, name: str, data: bytes, kind: str, message: str) -> None:
    (photos / "cat" / name).write_bytes(data)
    (problem,) = [problem for problem in problems(photos) if problem.kind == kind]
    assert problem.path == f"cat/{name}"
    assert str(problem.message).startswith(message)


def test_colour_among_grey_is_named_too(photos: Path) -> None:
    for file in photos.rglob("*.jpg"):
        with Image.open(file) as picture:
            picture.convert("L").save(file)
    scene(9).save(photos / "cat" / "x.png")
    assert [(problem.path, problem.kind) for problem in problems(photos)] == [("cat/x.png", "grey")]


def test_a_set_without_a_readable_image(tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.jpg").write_bytes(b"")
    assert problems(tmp_path) == []


def test_images_of_different_sizes_are_told_what_happens_to_them(photos: Path) -> None:
    assert "mixed-sizes" not in {problem.kind for problem in problems(photos)}
    scene(9, (60, 40)).save(photos / "cat" / "wide.jpg")
    (problem,) = [problem for problem in problems(photos) if problem.kind == "mixed-sizes"]
    assert (problem.severity, problem.path) == ("note", None)
    assert str(problem.message).startswith("2 different sizes, from 40 × 40 to 60 × 40 pixels: the central square")
    assert str(problem.remedy).endswith("Another side: --data.size")
