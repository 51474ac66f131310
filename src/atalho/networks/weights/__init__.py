"""Weights in the names that other programs give them: read in, and written back.

Recognised by their keys: Atalho's own names; torchvision's, which timm and the papers' authors share for these
families; the CIFAR files' (`linear`, `shortcut`); and older DenseNet files' (`norm.1`).
"""

from atalho.networks.weights.contents import shape_of_head, shape_of_stem
from atalho.networks.weights.transfer import export_weights, import_weights

__all__ = ["export_weights", "import_weights", "shape_of_head", "shape_of_stem"]
