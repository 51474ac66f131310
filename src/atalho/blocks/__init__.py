"""What a block is: one file per design, each reading like the picture in its paper.

The public names are in `__init__.pyi`. The kinds of parts (`blocks.kinds`) need no torch; blocks do.
"""

from atalho import lazy

__getattr__, __dir__, __all__ = lazy.names_of(__name__, __file__)
