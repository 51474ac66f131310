"""Atalho: residual and dense networks, from a folder of images to a trained and measured model.

The public names are in `__init__.pyi`; they are imported when first used, so that `atalho --help` does not wait for
torch. A function that is called by its name here has its arguments checked first.
"""

from types import FunctionType
from typing import Any

from atalho import lazy

__version__ = "0.1.0"
_named, __dir__, __all__ = lazy.names_of(__name__, __file__)


def __getattr__(name: str) -> Any:
    found = _named(name)
    if not isinstance(found, FunctionType):
        return found
    from atalho import arguments  # here, as a help text must not wait for it

    return arguments.checked(found, name)
