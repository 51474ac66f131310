"""Evaluate: how good a trained model is, on its own test images or on others."""

from pathlib import Path
from typing import Any

from atalho.config import DataConfig
from atalho.data import layouts
from atalho.errors import DataError
from atalho.jobs import data as job_data
from atalho.jobs import finish
from atalho.jobs.run import Run
from atalho.locale import _
from atalho.storage.run_file import read
from atalho.tasks import model
from atalho.training.progress import Progress


def evaluate(path: Path | str, data: Path | str | None = None, *, progress: Progress | None = None) -> dict[str, Any]:
    """Measure the model at `path` (run or model folder), JSON-safe, as `evaluation.json` holds it.

    Without `data`, a run is measured on its own test images (validation where there is no test split), and its
    `evaluation.json`, figures and report are written anew. With `data`, a folder of class folders is taken whole as
    the test set, or its test split where it has one. Raises DataError for other classes than the model's.
    """
    progress = progress or Progress()
    if data is None:
        return _own(Run.open(path), progress)
    loaded = model.load(path)
    manifest = layouts.read_test(Path(data), loaded.classes)
    looked = job_data.look_at(manifest, DataConfig(path=str(data)), progress)
    looked = job_data.without_bad(looked, DataConfig(path=str(data)), progress)
    images = job_data.open_pixels(looked, DataConfig(path=str(data)), loaded.card.preprocessing, progress)
    return finish.evaluate(loaded, looked.manifest, images, "test")
