"""If the first convolutions learn zero, the network is the one without them."""

from atalho.lab.identity.measure import run as run
from atalho.lab.identity.page import IdentityResult as IdentityResult

read = IdentityResult.read
