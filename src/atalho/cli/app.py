"""The program and its commands. The module of a command is imported when the command is used, or its help shown."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from cyclopts import App, Group
from rich.console import Console

from atalho import __version__
from atalho.cli import gallery, help, lab, terminal, weights
from atalho.text import N_, _

_GROUPS: Final = (N_("Images"), N_("Models"), N_("Same or not"), N_("Laboratory"), N_("Help"))
"""In the order of the help page."""

IMAGES, MODELS, SAME, LABORATORY, HELP = range(len(_GROUPS))

COMMANDS: Final[tuple[tuple[str, int, str | Callable[..., App], str], ...]] = (
    ("sample", IMAGES, "sample:sample", N_("Unpack a small set of real images.")),
    ("doctor", IMAGES, "doctor:doctor", N_("Check your images for problems before training.")),
    ("train", MODELS, "train:train", N_("Train a network on your images.")),
    ("evaluate", MODELS, "evaluate:evaluate", N_("Measure a trained model's accuracy, with intervals.")),
    ("predict", MODELS, "predict:predict", N_("Predict labels and probabilities for images.")),
    ("runs", MODELS, "runs:runs", N_("List the runs in a folder, or compare two.")),
    ("grow", MODELS, "grow:grow", N_("Make a trained model deeper without changing its answers.")),
    ("models", MODELS, "models:models", N_("List the networks of the catalogue.")),
    ("show", MODELS, "show:show", N_("Show or draw a network's stages, blocks and shapes.")),
    ("import", MODELS, "import_:import_", N_("Convert weights from other libraries into a model folder.")),
    ("weights", MODELS, weights.build, ""),
    ("embed", SAME, "embed:embed", N_("Write the embeddings of images to a file.")),
    ("index", SAME, "index:index", N_("Add images to a gallery.")),
    ("search", SAME, "search:search", N_("Search a gallery for matches.")),
    ("compare", SAME, "compare:compare", N_("Check whether two images show the same identity.")),
    ("threshold", SAME, "threshold:threshold", N_("Choose the similarity threshold for a match.")),
    ("gallery", SAME, gallery.build, ""),
    ("lab", LABORATORY, lab.build, ""),
    ("completion", HELP, "completion:completion", N_("Print a script that completes commands in your shell.")),
)
"""Name, group, where it is made, and its summary unless it is made with one."""


class _Program(App):
    """The program. What is particular to a command's page is put there when the page is shown."""

    def help_print(self, tokens: Any = None, *, console: Console | None = None) -> None:
        """Print the help of the command that `tokens` name."""
        words, path, _rest = self.parse_commands(tokens)
        with self.app_stack(path):
            path[-1].usage = help.usage(path[-1], words)
            path[-1].help_epilogue = help.epilogue(path[-1], words)
        super().help_print(tokens, console=console)


def build(*, whole: bool = False) -> App:
    """The program, in the language in force; its help tells of all settings where that is asked for."""
    arguments, parameters = Group(_("Arguments"), sort_key=0), Group(_("Options"), sort_key=1)
    make = partial(
        App,
        version=__version__,
        help_formatter=help.Formatter(whole=whole),
        help_format="plaintext",
        console=terminal.PipeConsole(),
        suppress_keyboard_interrupt=False,
        group_parameters=parameters,
        group_arguments=arguments,
    )
    app = _Program(
        name="atalho",
        help=_("Train residual and dense networks on your images, and measure how far to trust them."),
        group_commands=Group(_("Commands")),
        **make.keywords,
    )
    groups = [Group(_(title), sort_key=place) for place, title in enumerate(_GROUPS)]
    for place, (name, group, made, text) in enumerate(COMMANDS):
        if isinstance(made, str):
            app.command(f"atalho.cli.{made}", name=name, help=_(text), group=groups[group], sort_key=place)
        else:
            below = made(make)
            below.group, below.sort_key = (groups[group],), place
            app.command(below)
    for flag, text in (("--help", _("Show this help.")), ("--version", _("Show the version."))):
        app[flag].help, app[flag].group = text, (groups[HELP],)
    return app
