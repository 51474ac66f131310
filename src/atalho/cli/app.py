"""The program and its commands. The module of a command is imported when the command is used, or its help shown."""

from functools import partial
from typing import Final

from cyclopts import App, Group

from atalho import __version__
from atalho.cli import gallery, help, lab, terminal
from atalho.text import N_, _

COMMANDS: Final = (
    ("doctor", "doctor:doctor", N_("Say what will go wrong with your images, before any training.")),
    ("train", "train:train", N_("Train a network on your images.")),
    ("evaluate", "evaluate:evaluate", N_("Measure a trained model: accuracy with intervals, per class, calibration.")),
    ("predict", "predict:predict", N_("Say what images show: labels and probabilities.")),
    ("models", "models:models", N_("List the networks: depth, parameters, operations.")),
    ("show", "show:show", N_("Show a network's stages, blocks and shapes; draw it.")),
    ("import", "import_:import_", N_("Turn weights from elsewhere into a model folder.")),
    ("index", "index:index", N_("Put the images that a model sees into a gallery.")),
    ("search", "search:search", N_("Find which images of a gallery show the same as these.")),
    ("compare", "compare:compare", N_("Say whether two images show the same.")),
    ("threshold", "threshold:threshold", N_("Choose from which similarity on two images count as the same.")),
    ("sample", "sample:sample", N_("Unpack a small set of real images that comes with Atalho.")),
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
        help=_("Residual and dense networks: build, train, understand, deepen and ship them."),
        help_epilogue=_("Every command also takes --lang en|pt, --json where it prints results, and --debug."),
        group_commands=commands,
    )
    for name, place, text in COMMANDS:
        app.command(f"atalho.cli.{place}", name=name, help=_(text))
    app.command(gallery.build(make))
    app.command(lab.build(make))
    for flag, text in (("--help", _("Show this page.")), ("--version", _("Show the version."))):
        app[flag].help = text
    return app
