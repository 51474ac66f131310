"""Addition against concatenation, and neither, at an equal budget."""

from atalho.lab.compare.measure import EXPERIMENT
from atalho.lab.compare.measure import run as run
from atalho.lab.compare.result import CompareResult as CompareResult

read = EXPERIMENT.read
