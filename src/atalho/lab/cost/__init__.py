"""What networks cost, side by side."""

from atalho.lab.cost.measure import EXPERIMENT
from atalho.lab.cost.measure import run as run
from atalho.lab.cost.result import CostResult as CostResult

read = EXPERIMENT.read
