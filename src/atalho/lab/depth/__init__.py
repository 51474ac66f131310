"""Plain against residual networks as they become deeper."""

from atalho.lab.depth.measure import EXPERIMENT
from atalho.lab.depth.measure import run as run
from atalho.lab.depth.result import DepthResult as DepthResult

read = EXPERIMENT.read
