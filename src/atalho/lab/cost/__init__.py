"""What networks cost, side by side."""

from atalho.lab.cost.measure import run as run
