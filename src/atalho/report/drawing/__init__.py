"""Architectures as SVG. `draw` is all that others need, and `Scale` for numbers as colours."""

from atalho.report.drawing.architecture import draw
from atalho.report.drawing.network import NetworkToDraw
from atalho.report.drawing.scale import Scale

__all__ = ["NetworkToDraw", "Scale", "draw"]
