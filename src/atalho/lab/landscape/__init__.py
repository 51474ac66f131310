"""The loss around trained networks."""

from atalho.lab.landscape.measure import EXPERIMENT
from atalho.lab.landscape.measure import run as run
from atalho.lab.landscape.result import LandscapeResult as LandscapeResult

read = EXPERIMENT.read
