from atalho.lab import compare as compare
from atalho.lab import cost as cost
from atalho.lab import depth as depth
from atalho.lab import gradients as gradients
from atalho.lab import identity as identity
from atalho.lab import landscape as landscape
from atalho.lab import lesion as lesion
from atalho.lab.shared.training import Recipe as Recipe
