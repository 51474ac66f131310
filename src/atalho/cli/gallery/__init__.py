"""`atalho gallery`: what one does with a gallery that is there."""

from collections.abc import Callable

from cyclopts import App, Group

from atalho.text import _


def build(make: Callable[..., App]) -> App:
    """The commands below `atalho gallery`, in the language in force."""
    app = make(
        name="gallery",
        help=_("Inspect and maintain a gallery."),
        group_commands=Group(_("Commands")),
    )
    for name, function, text in (
        ("list", "list_", _("List the images of a gallery.")),
        ("remove", "remove", _("Remove images from a gallery.")),
        ("relabel", "relabel", _("Change the label of images in a gallery.")),
        ("prune", "prune", _("Remove images whose files are gone.")),
        ("merge", "merge", _("Merge galleries of one model.")),
        ("verify", "verify", _("Verify a gallery's database and vectors.")),
        ("rebuild", "rebuild", _("Rebuild the search index.")),
    ):
        app.command(f"atalho.cli.gallery.commands:{function}", name=name, help=text)
    return app
