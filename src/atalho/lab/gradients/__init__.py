"""What reaches the first block of the gradient, with shortcuts and without them."""

from atalho.lab.gradients.measure import run as run
from atalho.lab.gradients.page import GradientsResult as GradientsResult

read = GradientsResult.read
