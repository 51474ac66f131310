"""The program and its commands. Modules of commands are imported here, after the language is known."""

from functools import partial

from cyclopts import App, Group

from atalho import __version__
from atalho.cli import help, terminal
from atalho.text import _


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
    from atalho.cli import (
        compare,
        doctor,
        evaluate,
        gallery,
        import_,
        index,
        lab,
        models,
        predict,
        sample,
        search,
        show,
        threshold,
        train,
    )

    for name, function, text in (
        ("doctor", doctor.doctor, _("Say what will go wrong with your images, before any training.")),
        ("train", train.train, _("Train a network on your images.")),
        ("evaluate", evaluate.evaluate, _("Measure a trained model: accuracy with intervals, per class, calibration.")),
        ("predict", predict.predict, _("Say what images show: labels and probabilities.")),
        ("models", models.models, _("List the networks: depth, parameters, operations.")),
        ("show", show.show, _("Show a network's stages, blocks and shapes; draw it.")),
        ("import", import_.import_, _("Turn weights from elsewhere into a model folder.")),
        ("index", index.index, _("Put the images that a model sees into a gallery.")),
        ("search", search.search, _("Find which images of a gallery show the same as these.")),
        ("compare", compare.compare, _("Say whether two images show the same.")),
        ("threshold", threshold.threshold, _("Choose from which similarity on two images count as the same.")),
        ("sample", sample.sample, _("Unpack a small set of real images that comes with Atalho.")),
    ):
        app.command(function, name=name, help=text)
    app.command(gallery.build(make))
    app.command(lab.build(make))
    for flag, text in (("--help", _("Show this page.")), ("--version", _("Show the version."))):
        app[flag].help = text
    return app
