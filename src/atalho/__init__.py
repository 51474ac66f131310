"""Atalho: residual and dense networks, from a folder of images to a trained and measured model.

The public names are resolved when first used, so that `atalho --help` does not wait for torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from atalho.errors import AtalhoError
    from atalho.gallery.rerank import Rerank
    from atalho.jobs.compare import compare
    from atalho.jobs.doctor import doctor
    from atalho.jobs.draw import draw
    from atalho.jobs.evaluate import evaluate
    from atalho.jobs.import_weights import import_file
    from atalho.jobs.index import index
    from atalho.jobs.run import Run
    from atalho.jobs.search import search
    from atalho.jobs.threshold import threshold
    from atalho.jobs.train import resume, train
    from atalho.networks.build import create
    from atalho.networks.catalogue import list_models
    from atalho.networks.network import Network
    from atalho.networks.weights import export_weights, import_weights
    from atalho.tasks.model import Model, load

__all__ = [
    "AtalhoError",
    "Model",
    "Network",
    "Rerank",
    "Run",
    "compare",
    "create",
    "doctor",
    "draw",
    "evaluate",
    "export_weights",
    "import_file",
    "import_weights",
    "index",
    "lab",
    "list_models",
    "load",
    "resume",
    "search",
    "threshold",
    "train",
]

_HOMES = {
    "AtalhoError": "errors",
    "Model": "tasks.model",
    "Network": "networks.network",
    "Rerank": "gallery.rerank",
    "Run": "jobs.run",
    "compare": "jobs.compare",
    "create": "networks.build",
    "doctor": "jobs.doctor",
    "draw": "jobs.draw",
    "evaluate": "jobs.evaluate",
    "export_weights": "networks.weights",
    "import_file": "jobs.import_weights",
    "import_weights": "networks.weights",
    "index": "jobs.index",
    "list_models": "networks.catalogue",
    "load": "tasks.model",
    "resume": "jobs.train",
    "search": "jobs.search",
    "threshold": "jobs.threshold",
    "train": "jobs.train",
}


def __getattr__(name: str) -> Any:
    if name == "lab":
        return importlib.import_module("atalho.lab")
    if name not in _HOMES:
        raise AttributeError(f"module 'atalho' has no attribute {name!r}")
    return getattr(importlib.import_module(f"atalho.{_HOMES[name]}"), name)
