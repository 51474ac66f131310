"""The claims of the article, measured: one experiment a folder, each with a function `run`.

    import atalho

    atalho.lab.depth.run("photos", depths=(20, 56), seeds=3)

Experiments are imported when they are first used, so that help needs no torch.
"""

from atalho import lazy

__getattr__, __dir__, __all__ = lazy.names_of(__name__, __file__)
