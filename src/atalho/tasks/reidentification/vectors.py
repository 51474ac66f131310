"""The figures of vectors that were made before, by whatever network: nothing but their file is needed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from atalho.data.manifest import Ids, Manifest, class_map
from atalho.errors import DataError
from atalho.storage import vector_table
from atalho.storage.vector_table import VectorTable
from atalho.tasks.reidentification import evaluation
from atalho.tasks.reidentification.evaluation import ReidentificationEvaluation
from atalho.tasks.task import EvaluationOptions


def evaluate(path: Path, options: EvaluationOptions) -> ReidentificationEvaluation:
    """How well the vectors of `path` find images of the same identity.

    Rows of the splits query and gallery are these; without them, each image is both, of the split test where a row
    names it. Raises DataError where identities are missing, cameras are known of some only, or models are mixed.
    """
    table = vector_table.read(path)
    if len(table.models) > 1:
        raise DataError("{path} has vectors of {count} models. Measure each alone.", path=path, count=len(table.models))
    manifest = _manifest(path, table)
    ids = manifest.splits["test"]
    return evaluation.of_embeddings(torch.from_numpy(table.vectors[ids]), manifest, "test", options)


def _manifest(path: Path, table: VectorTable) -> Manifest:
    for name, cells, needed in (("identity", table.identities, True), ("camera", table.cameras, False)):
        if (needed or any(cells)) and not all(cells):
            blank = table.paths[cells.index("")]
            raise DataError("{path}: the column {name} says nothing of {image}.", path=path, name=name, image=blank)
    splits = np.array(table.splits)
    sides = {name: np.flatnonzero(splits == name) for name in ("query", "gallery")}
    parts = {name: ids for name, ids in sides.items() if len(ids)}
    if len(parts) == 1:
        raise DataError(
            "{path} has rows of the split {name} alone: query and gallery are needed.",
            path=path,
            name=next(iter(parts)),
        )
    test = np.isin(splits, [*parts]) if parts else (splits == "test") | (splits == "").all()
    if not test.any():
        given = ", ".join(sorted(set(table.splits)))
        raise DataError(
            "{path} has rows of the splits {given}; test, or query and gallery, is needed.", path=path, given=given
        )
    camera_names = class_map(table.cameras) if any(table.cameras) else ()
    classes = class_map(table.identities)
    return Manifest(
        root=path.parent,
        layout="vectors",
        classes=classes,
        names=table.paths,
        labels=_places(classes, table.identities),
        splits={"test": np.flatnonzero(test), **parts},
        cameras=_places(camera_names, table.cameras) if camera_names else None,
        camera_names=camera_names,
    )


def _places(names: Sequence[str], cells: Sequence[str]) -> Ids:
    places = {name: place for place, name in enumerate(names)}
    return np.array([places[cell] for cell in cells], np.int64)
