"""Architectures as SVG. `draw` and `draw_beside` are all that others need, and `Scale` for numbers as colours."""

from atalho.report.drawing.architecture import draw, draw_beside
from atalho.report.drawing.network import NetworkToDraw
from atalho.report.drawing.scale import Scale

__all__ = ["NetworkToDraw", "Scale", "draw", "draw_beside"]
