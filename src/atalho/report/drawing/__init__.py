"""Architectures as SVG. `draw` and `draw_beside` are all that others need, and `Scale` for numbers as colours."""

from atalho.report.drawing.column import Subject
from atalho.report.drawing.scale import Scale
from atalho.report.drawing.sheet import draw, draw_beside

__all__ = ["Scale", "Subject", "draw", "draw_beside"]
