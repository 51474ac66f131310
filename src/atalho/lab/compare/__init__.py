"""Addition against concatenation, and neither, at an equal budget."""

from atalho.lab.compare.measure import run as run
from atalho.lab.compare.page import CompareResult as CompareResult

read = CompareResult.read
