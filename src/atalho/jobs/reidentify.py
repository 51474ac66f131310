"""Re-identification in the jobs: what its network is measured on, and the pictures of ranked lists."""

from __future__ import annotations

from typing import Any

from atalho.data import open_set
from atalho.data.manifest import Manifest
from atalho.data.rotated import TURNS
from atalho.jobs.data import Pixels
from atalho.locale import _
from atalho.metrics.retrieval import Precision as AveragePrecision
from atalho.networks.network import Network
from atalho.precision import Precision
from atalho.storage.model_folder import Preprocessing
from atalho.tasks import reidentification
from atalho.training.progress import Progress

HEADLINE = ("split", "queries", "valid_queries", "rank1", "rank1_interval", "map", "map_interval", "minp", "protocol")


def evaluate(
    network: Network,
    pixels: Pixels,
    split: str,
    prepared: Preprocessing,
    precision: Precision,
    progress: Progress,
    *,
    protocol: str,
    average_precision: AveragePrecision = "hits",
) -> dict[str, Any]:
    """The evaluation of one split, JSON-safe, as `evaluation.json` holds it."""
    manifest, ids = pixels.manifest, pixels.manifest.splits[split]
    label = _("evaluating")
    found = reidentification.embed(
        network, pixels.images, ids, prepared, precision, lambda done, total: progress.work(label, done, total)
    )
    queries, gallery = reidentification.sides(found, ids, manifest, split)
    chosen = reidentification.protocol_for(protocol, manifest)
    measured = reidentification.measure(queries, gallery, manifest, protocol=chosen, precision=average_precision)
    return {"task": "reid", "split": split} | measured


def identities(manifest: Manifest, *, rotations: bool) -> tuple[str, ...]:
    """The names of what a classifier tells apart in training: identities, and those that turning makes of them."""
    names = manifest.classes[: open_set.training_identities(manifest)]
    turns = range(1, TURNS if rotations else 1)
    return (*names, *(f"{name}@{90 * turn}" for turn in turns for name in names))


def shown(evaluation: dict[str, Any]) -> list[str]:
    """The names of the images on the page: queries and what was found for them."""
    lists = evaluation.get("lists", [])
    return [name for row in lists for name in (row["path"], *(answer["path"] for answer in row["answers"]))]
