"""`atalho lab`: a command per claim. Modules of commands are imported in `build`, after the language is known."""

from collections.abc import Callable

from cyclopts import App, Group

from atalho.text import _

Command = Callable[..., int]


def build(make: Callable[..., App]) -> App:
    """The commands of the laboratory; `make` gives an App that looks like the program's."""
    lab = make(name="lab", help=_("Measure the article's claims: a figure, a table, a verdict."))
    lab.group_commands = Group(_("Experiments"))
    from atalho.cli.lab import compare, cost, depth, gradients, identity, landscape, lesion

    commands: list[tuple[str, Command, str]] = [
        ("depth", depth.depth, _("Plain against residual networks as they become deeper.")),
        ("compare", compare.compare, _("Adding against concatenating, at an equal budget.")),
        ("identity", identity.identity, _("Silence the first blocks: exactly the network without them?")),
        ("gradients", gradients.gradients, _("The gradient at every block, with and without shortcuts.")),
        ("cost", cost.cost, _("What networks cost, side by side: a VGG too.")),
        ("lesion", lesion.lesion, _("A trained network without each of its blocks.")),
        ("landscape", landscape.landscape, _("The loss around a trained network's weights.")),
    ]
    for name, function, text in commands:
        lab.command(function, name=name, help=text)
    return lab
