"""The loss around trained networks."""

from atalho.lab.landscape.measure import run as run
