"""Makes the sample data that ships with Atalho.

python tools/make_samples.py FASHION_MNIST_FOLDER OMNIGLOT_ZIP OMNIGLOT_LICENCE TRASHNET_TAR TRASHNET_LICENCE

FASHION_MNIST_FOLDER holds the four IDX files (Debian: package dataset-fashion-mnist). The images become strips, one
PNG for each class, since thousands of tiny PNG files would be mostly headers. TRASHNET_TAR is the copy of TrashNet
at 112 pixels; its JPEGs stay as they are.
"""

from __future__ import annotations

import json
import sys
import tarfile
import zipfile
from collections import defaultdict
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from atalho import chance
from atalho.data.layouts.idx import read_array

SAMPLES = Path(__file__).parent.parent / "src" / "atalho" / "data" / "samples"
CLOTHES = (
    *("t-shirt", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle-boot"),
)
IMAGES = {"train": 600, "test": 100}
_LICENCE = "LICENSE.txt"
# Leaflets and magazines on which people are seen, a lid with a portrait, and a telephone number (paper17).
PEOPLE = frozenset(
    {"metal/metal385.jpg"}
    | {
        f"paper/paper{number}.jpg"
        for number in (
            *(9, 14, 16, 17, 25, 64, 65, 79, 90, 93, 139, 141, 150, 180, 185, 195, 218, 246, 250, 252, 259, 269, 275),
            *(284, 288, 298, 300, 313, 318, 349, 352, 356, 390, 391, 399, 401, 411, 427, 429, 435, 443, 455, 509, 510),
            *(526, 530, 548, 562, 570, 579),
        )
    }
)
FASHION_LICENCE = """The MIT License (MIT)

Copyright © 2017 Zalando SE, https://tech.zalando.com

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the “Software”), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED “AS IS”, WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def fashion(folder: Path) -> None:
    """A stratified subset, drawn by chance with seed 0."""
    strips: dict[str, tuple[np.ndarray, list[str]]] = {}
    for split, prefix in (("train", "train"), ("test", "t10k")):
        images = read_array(folder / f"{prefix}-images-idx3-ubyte.gz")
        labels = read_array(folder / f"{prefix}-labels-idx1-ubyte.gz")
        for label, name in enumerate(CLOTHES):
            drawn = chance.permutation(0, "fashion sample", 0, np.flatnonzero(labels == label))
            chosen = np.sort(drawn[: IMAGES[split]])
            files = [f"{split}/{name}/{number:04d}.png" for number in range(len(chosen))]
            strips[f"{split}-{name}.png"] = (np.concatenate(list(images[chosen])), files)
    save("fashion", strips, FASHION_LICENCE)


def omniglot(archive: Path, licence: Path) -> None:
    """Every drawing, under alphabet/character/."""
    drawings: dict[str, dict[str, np.ndarray]] = defaultdict(dict)
    with zipfile.ZipFile(archive) as file:
        for name in sorted(file.namelist()):
            if name.endswith(".png"):
                _root, alphabet, character, drawing = name.split("/")
                image = np.asarray(Image.open(BytesIO(file.read(name))))
                drawings[f"{alphabet}-{character}"][f"{alphabet}/{character}/{drawing}"] = image
    strips = {f"{name}.png": (np.concatenate(list(images.values())), list(images)) for name, images in drawings.items()}
    save("omniglot", strips, licence.read_text(encoding="utf-8"))


def trash(archive: Path, licence: Path) -> None:
    """Every photograph but those of printed people or of what leads to one."""
    images = {}
    with tarfile.open(archive) as file:
        for member in file:
            name = "/".join(member.name.split("/")[-2:])
            content = file.extractfile(member)
            if content is not None and name.endswith(".jpg") and name not in PEOPLE:
                images[name] = content.read()
    members = {_LICENCE: licence.read_bytes()} | dict(sorted(images.items()))
    with tarfile.open(SAMPLES / "trash.tar.xz", "w:xz", preset=9, format=tarfile.USTAR_FORMAT) as packed:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)  # no date and no owner, so that the same images give the same bytes
            entry.size = len(content)
            packed.addfile(entry, BytesIO(content))


def save(name: str, strips: dict[str, tuple[np.ndarray, list[str]]], licence: str) -> None:
    """One zip file; its date is fixed, so that the same images give the same bytes."""
    index = {"name": name, "strips": {strip: files for strip, (_pixels, files) in strips.items()}}
    members = {"index.json": json.dumps(index).encode(), "LICENSE.txt": licence.encode()}
    for strip, (pixels, _files) in strips.items():
        buffer = BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
        members[strip] = buffer.getvalue()
    with zipfile.ZipFile(SAMPLES / f"{name}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for member, content in members.items():
            file.writestr(zipfile.ZipInfo(member, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    fashion(Path(sys.argv[1]))
    omniglot(Path(sys.argv[2]), Path(sys.argv[3]))
    trash(Path(sys.argv[4]), Path(sys.argv[5]))
