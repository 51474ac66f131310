"""The program and its commands. The module of a command is imported when the command is used, or its help shown."""

from functools import partial
from typing import Final

from cyclopts import App, Group

from atalho import __version__
from atalho.cli import gallery, help, lab, terminal, weights
from atalho.text import N_, _

COMMANDS: Final = (
    ("doctor", "doctor:doctor", N_("Check your images for problems before training.")),
    ("train", "train:train", N_("Train a network on your images.")),
    ("evaluate", "evaluate:evaluate", N_("Measure a trained model's accuracy, with intervals.")),
    ("predict", "predict:predict", N_("Predict labels and probabilities for images.")),
    ("embed", "embed:embed", N_("Write the embeddings of images to a file.")),
    ("models", "models:models", N_("List the networks of the catalogue.")),
    ("show", "show:show", N_("Show or draw a network's stages, blocks and shapes.")),
    ("import", "import_:import_", N_("Convert weights from other libraries into a model folder.")),
    ("index", "index:index", N_("Add images to a gallery.")),
    ("search", "search:search", N_("Search a gallery for matches.")),
    ("compare", "compare:compare", N_("Check whether two images show the same identity.")),
    ("threshold", "threshold:threshold", N_("Choose the similarity threshold for a match.")),
    ("sample", "sample:sample", N_("Unpack a small set of real images.")),
)


def build() -> App:
    """The program, in the language in force."""
    commands = Group(_("Commands"))
    arguments, parameters = Group(_("Arguments"), sort_key=0), Group(_("Options"), sort_key=1)
    make = partial(
        App,
        version=__version__,
        help_formatter=help.Formatter(),
        help_format="plaintext",
        console=terminal.PipeConsole(),
        suppress_keyboard_interrupt=False,
        group_parameters=parameters,
        group_arguments=arguments,
    )
    app = make(
        name="atalho",
        help=_("Build, train, understand, deepen and ship residual and dense networks."),
        help_epilogue=_("Every command also accepts --lang en|pt, --debug and, where it prints results, --json."),
        group_commands=commands,
    )
    for name, place, text in COMMANDS:
        app.command(f"atalho.cli.{place}", name=name, help=_(text))
    app.command(gallery.build(make))
    app.command(weights.build(make))
    app.command(lab.build(make))
    for flag, text in (("--help", _("Show this help.")), ("--version", _("Show the version."))):
        app[flag].help = text
    return app
