"""How much a trained network misses each of its blocks."""

from atalho.lab.lesion.measure import EXPERIMENT
from atalho.lab.lesion.measure import run as run
from atalho.lab.lesion.result import LesionResult as LesionResult

read = EXPERIMENT.read
