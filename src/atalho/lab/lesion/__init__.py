"""How much a trained network misses each of its blocks."""

from atalho.lab.lesion.measure import run as run
from atalho.lab.lesion.page import LesionResult as LesionResult

read = LesionResult.read
