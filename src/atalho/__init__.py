"""Atalho: residual and dense networks, from a folder of images to a trained and measured model.

The public names are resolved when first used, so that `atalho --help` does not wait for torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from atalho.api.compare import compare
    from atalho.api.doctor import doctor
    from atalho.api.draw import draw
    from atalho.api.evaluate import evaluate
    from atalho.api.import_weights import import_file
    from atalho.api.index import index
    from atalho.api.search import search
    from atalho.api.threshold import threshold
    from atalho.api.train import resume, train
    from atalho.errors import AtalhoError
    from atalho.gallery.rerank import Rerank
    from atalho.model import Model, load
    from atalho.networks.build import create
    from atalho.networks.catalogue import list_models
    from atalho.networks.network import Network
    from atalho.networks.weights import export_weights, import_weights
    from atalho.runs.run import Run

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
    "Model": "model",
    "Network": "networks.network",
    "Rerank": "gallery.rerank",
    "Run": "runs.run",
    "compare": "api.compare",
    "create": "networks.build",
    "doctor": "api.doctor",
    "draw": "api.draw",
    "evaluate": "api.evaluate",
    "export_weights": "networks.weights",
    "import_file": "api.import_weights",
    "import_weights": "networks.weights",
    "index": "api.index",
    "list_models": "networks.catalogue",
    "load": "model",
    "resume": "api.train",
    "search": "api.search",
    "threshold": "api.threshold",
    "train": "api.train",
}


def __getattr__(name: str) -> Any:
    if name == "lab":
        return importlib.import_module("atalho.lab")
    if name not in _HOMES:
        raise AttributeError(f"module 'atalho' has no attribute {name!r}")
    return getattr(importlib.import_module(f"atalho.{_HOMES[name]}"), name)
