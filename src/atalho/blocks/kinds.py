"""The closed sets of names that blocks accept; apart from the classes so that plans and catalogues need no torch."""

from typing import Literal

ShortcutKind = Literal["projection", "zero-pad", "identity", "none"]
"""How a block's shortcut fits where the shape changes. `identity` leaves it out there and keeps it where the shape
stays; `none` leaves it out everywhere (a plain network)."""

StemKind = Literal["small", "large"]
"""`small`: 3x3, stride 1, for images up to 64 pixels; `large`: 7x7, stride 2, then max pooling."""
PoolingKind = Literal["average", "gem"]
