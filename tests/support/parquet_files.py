"""Parquet files of images as Hugging Face's data sets have them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from image_files import stored
from PIL import Image


def picture(number: int, side: int = 8) -> bytes:
    """A noisy PNG, another one for each number."""
    noise = np.random.default_rng(number).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return stored(Image.fromarray(noise))


def write(
    file: Path,
    images: Sequence[bytes | None],
    columns: Mapping[str, Any],
    *,
    image: str = "image",
    plain: bool = False,
    names: Mapping[str, Sequence[str]] | None = None,
    group: int = 3,
) -> Path:
    """A file of encoded images and other columns; `plain` bytes, or the struct of Hugging Face; `names` of classes."""
    import pyarrow
    import pyarrow.parquet

    rows: list[Any] = list(images)
    if not plain:
        rows = [{"bytes": content, "path": f"{number}.png"} for number, content in enumerate(images)]
    kind = pyarrow.binary() if plain else pyarrow.struct({"bytes": pyarrow.binary(), "path": pyarrow.string()})
    table = pyarrow.table({image: pyarrow.array(rows, kind), **columns})
    if names is not None:
        features = {image: {"_type": "Image"}}
        features |= {column: {"names": list(given), "_type": "ClassLabel"} for column, given in names.items()}
        about = json.dumps({"info": {"features": features}}).encode()
        table = table.replace_schema_metadata({b"huggingface": about})
    file.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(table, file, row_group_size=group)
    return file
