"""Atalho: residual and dense networks, from a folder of images to a trained and measured model.

The public names are resolved when first used, so that `atalho --help` does not wait for torch.
"""

__version__ = "0.1.0"
