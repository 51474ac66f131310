"""Atalho: residual and dense networks, from a folder of images to a trained and measured model.

The public names are in `__init__.pyi`; they are imported when first used, so that `atalho --help` does not wait for
torch.
"""

from atalho import lazy

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy.names_of(__name__, __file__)
