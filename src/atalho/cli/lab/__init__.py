"""`atalho lab`: a command per claim. Their module is imported when one is used, or its help shown."""

from collections.abc import Callable

from cyclopts import App, Group

from atalho.text import _


def build(make: Callable[..., App]) -> App:
    """The commands of the laboratory; `make` gives an App that looks like the program's."""
    lab = make(name="lab", help=_("Test the article's claims by experiment."))
    lab.group_commands = Group(_("Experiments"))
    commands = [
        ("depth", _("Compare plain and residual networks of increasing depth.")),
        ("compare", _("Compare adding with concatenating at an equal budget.")),
        ("identity", _("Check that zeroing the first blocks equals removing them.")),
        ("gradients", _("Measure gradients at every block, with and without shortcuts.")),
        ("cost", _("Compare the cost of networks, including a VGG.")),
        ("lesion", _("Remove each block of a trained network in turn.")),
        ("landscape", _("Map the loss around a trained network's weights.")),
    ]
    for name, text in commands:
        lab.command(f"atalho.cli.lab.commands:{name}", name=name, help=text)
    return lab
