"""Plain against residual networks as they become deeper."""

from atalho.lab.depth.measure import run as run
from atalho.lab.depth.page import DepthResult as DepthResult

read = DepthResult.read
