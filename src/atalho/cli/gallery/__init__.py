"""`atalho gallery`: what one does with a gallery that is there."""

from collections.abc import Callable

from cyclopts import App, Group

from atalho.text import _


def build(make: Callable[..., App]) -> App:
    """The commands below `atalho gallery`, in the language in force."""
    from atalho.cli.gallery import commands

    app = make(
        name="gallery",
        help=_("Look into a gallery, take images out, check it, make its index again."),
        group_commands=Group(_("Commands")),
    )
    for name, function, text in (
        ("list", commands.list_, _("The images of a gallery.")),
        ("remove", commands.remove, _("Take images out of a gallery.")),
        ("verify", commands.verify, _("Check a gallery: its database and every vector.")),
        ("rebuild", commands.rebuild, _("Make again what makes searching fast.")),
    ):
        app.command(function, name=name, help=text)
    return app
