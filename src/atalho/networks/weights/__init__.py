"""Weights in the names that other programs give them: read in, and written back.

Recognised by the structure of their names, whatever stands before them (`layouts.py`); what follows the backbone is
told by its shapes (`heads.py`), and so is the network itself (`structure.py`).
"""

from atalho.networks.weights.contents import first_few, weights_of
from atalho.networks.weights.heads import ForeignHead, as_embedding, head_of
from atalho.networks.weights.layouts import OWN, Recognised, recognise
from atalho.networks.weights.structure import spec_of
from atalho.networks.weights.transfer import empty, export_weights, import_weights, put

__all__ = [
    "OWN",
    "ForeignHead",
    "Recognised",
    "as_embedding",
    "empty",
    "export_weights",
    "first_few",
    "head_of",
    "import_weights",
    "put",
    "recognise",
    "spec_of",
    "weights_of",
]
