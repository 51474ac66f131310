"""The claims of the article, measured: one experiment a file, each with a function `run`.

    import atalho

    atalho.lab.depth.run("photos", depths=(20, 56), seeds=3)

Modules are imported when they are first used, so that help needs no torch.
"""

import importlib
from types import ModuleType


def __getattr__(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"atalho.lab.{name}")
    except ModuleNotFoundError as error:
        raise AttributeError(f"module 'atalho.lab' has no attribute {name!r}") from error
