"""The loss around trained networks."""

from atalho.lab.landscape.measure import run as run
from atalho.lab.landscape.page import LandscapeResult as LandscapeResult

read = LandscapeResult.read
