"""`atalho weights`: pretrained weights by name."""

from collections.abc import Callable

from cyclopts import App, Group

from atalho.text import _


def build(make: Callable[..., App]) -> App:
    """The commands below `atalho weights`, in the language in force."""
    app = make(
        name="weights",
        help=_("List and fetch pretrained weights; carry them to machines without a network."),
        group_commands=Group(_("Commands")),
    )
    for name, function, text in (
        ("list", "list_", _("List the pretrained weights that have a name.")),
        ("show", "show", _("Show where weights come from and how they were published.")),
        ("fetch", "fetch", _("Fetch weights now, for later use without a network.")),
        ("export", "export", _("Copy all fetched weights to a folder.")),
        ("add", "add", _("Add the weights in a folder, as if they had been fetched.")),
    ):
        app.command(f"atalho.cli.weights.commands:{function}", name=name, help=text)
    return app
