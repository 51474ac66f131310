"""How blocks become networks: spec → plan → network.

The public names are in `__init__.pyi`. The catalogue, specs and plans need no torch; building does.
"""

from atalho import lazy

__getattr__, __dir__, __all__ = lazy.names_of(__name__, __file__)
