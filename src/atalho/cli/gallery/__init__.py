"""`atalho gallery`: what one does with a gallery that is there."""

from collections.abc import Callable

from cyclopts import App, Group

from atalho.text import _


def build(make: Callable[..., App]) -> App:
    """The commands below `atalho gallery`, in the language in force."""
    app = make(
        name="gallery",
        help=_("Look into a gallery, take images out, check it, make its index again."),
        group_commands=Group(_("Commands")),
    )
    for name, function, text in (
        ("list", "list_", _("The images of a gallery.")),
        ("remove", "remove", _("Take images out of a gallery.")),
        ("relabel", "relabel", _("Give images of a gallery another label.")),
        ("prune", "prune", _("Take out images whose files are gone.")),
        ("verify", "verify", _("Check a gallery: its database and every vector.")),
        ("rebuild", "rebuild", _("Make again what makes searching fast.")),
    ):
        app.command(f"atalho.cli.gallery.commands:{function}", name=name, help=text)
    return app
