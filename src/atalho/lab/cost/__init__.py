"""What networks cost, side by side."""

from atalho.lab.cost.measure import run as run
from atalho.lab.cost.page import CostResult as CostResult

read = CostResult.read
