"""`atalho lab`: a command per claim. Their module is imported when one is used, or its help shown."""

from collections.abc import Callable

from cyclopts import App, Group

from atalho.text import _


def build(make: Callable[..., App]) -> App:
    """The commands of the laboratory; `make` gives an App that looks like the program's."""
    lab = make(name="lab", help=_("Measure the article's claims: a figure, a table, a verdict."))
    lab.group_commands = Group(_("Experiments"))
    commands = [
        ("depth", _("Plain against residual networks as they become deeper.")),
        ("compare", _("Adding against concatenating, at an equal budget.")),
        ("identity", _("Silence the first blocks: exactly the network without them?")),
        ("gradients", _("The gradient at every block, with and without shortcuts.")),
        ("cost", _("What networks cost, side by side: a VGG too.")),
        ("lesion", _("A trained network without each of its blocks.")),
        ("landscape", _("The loss around a trained network's weights.")),
    ]
    for name, text in commands:
        lab.command(f"atalho.cli.lab.commands:{name}", name=name, help=text)
    return lab
