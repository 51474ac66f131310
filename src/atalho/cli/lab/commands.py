"""The commands of `atalho lab`: each parses, calls the experiment's `run`, and prints what it gives back."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from atalho import lab
from atalho.cli import options, terminal
from atalho.cli.lab import shared
from atalho.text import N_


@dataclass(frozen=True)
class ShortTraining:
    """How `lab gradients` trains a network of the catalogue."""

    epochs: Annotated[options.Whole, Parameter(help=N_("epochs to train a network of the catalogue"))] = 1
    images: shared.Images = None
    lr: shared.Rate = 0.1


@dataclass(frozen=True)
class Grid:
    """Where `lab landscape` measures the loss."""

    points: Annotated[options.Whole, Parameter(help=N_("points per line and per side of the plane, an odd number"))] = (
        21
    )
    reach: Annotated[float, Parameter(help=N_("longest step, as a fraction of the weights' norm"))] = 1.0
    lines: Annotated[options.Whole, Parameter(help=N_("random lines; an interval needs at least two"))] = 5
    norms: Annotated[
        Literal["recomputed", "kept"],
        Parameter(help=N_("batch norm statistics: recomputed from the images at each point, or kept from training")),
    ] = "recomputed"


_SHORT: Final = ShortTraining()
_GRID: Final = Grid()


def depth(
    data: shared.Data,
    /,
    *,
    depths: Annotated[str, Parameter(help=N_("numbers of layers, separated by commas"))] = "20,26,56",
    seeds: shared.Seeds = 3,
    shortcuts: Annotated[
        str | None,
        Parameter(
            help=N_("kinds of shortcuts, separated by commas: none (the control), zero-pad, projection, identity")
        ),
    ] = None,
    family: Annotated[
        Literal["resnet", "preact", "mlp"], Parameter(help=N_("kind of block: residual, pre-activation or linear"))
    ] = "resnet",
    training: shared.Trained = shared.USUAL,
    session: shared.Session = shared.SESSION,
) -> int:
    """Plain against residual networks as they become deeper."""
    run = partial(
        lab.depth.run,
        data,
        depths=shared.whole_numbers("--depths", depths),
        seeds=seeds,
        shortcuts=shared.names(shortcuts) if shortcuts is not None else None,  # type: ignore[arg-type]
        family=family,
        recipe=training.recipe(),
    )
    return session.show(run)


def compare(
    data: shared.Data,
    /,
    *,
    models: Annotated[
        str, Parameter(help=N_("networks of the catalogue, separated by commas"))
    ] = "resnet20,densenet-bc-40-12,plain20",
    equal: Annotated[
        Literal["params", "operations", "time"], Parameter(help=N_("what is equalised between the networks"))
    ] = "params",
    seeds: shared.Seeds = 3,
    training: shared.Trained = shared.USUAL,
    session: shared.Session = shared.SESSION,
) -> int:
    """Addition against concatenation at an equal budget."""
    recipe = training.recipe()
    return session.show(
        partial(lab.compare.run, data, models=shared.names(models), equal=equal, seeds=seeds, recipe=recipe)
    )


def identity(
    model: Annotated[
        str,
        Parameter(
            help=N_(
                "network of the catalogue, run, model folder or name of pretrained weights, or TOML file with a spec"
            )
        ),
    ],
    data: Annotated[str | None, Parameter(help=N_("real images; default: the sample fashion"))] = None,
    /,
    *,
    blocks: Annotated[options.Whole, Parameter(help=N_("number of first blocks to zero"))] = 2,
    images: Annotated[options.Whole, Parameter(help=N_("number of random images, and of real ones"))] = 8,
    seed: Annotated[options.Whole, Parameter(help=N_("random seed"))] = 0,
    precision: shared.Precision = None,
    out: shared.Out = None,
    json: options.JSON = False,
) -> int:
    """The first blocks at zero against the network without them."""
    with terminal.TerminalProgress() as progress:
        command = options.command()
        result = lab.identity.run(
            model,
            data,
            blocks=blocks,
            images=images,
            seed=seed,
            precision=precision,
            out=out,
            command=command,
            progress=progress,
        )
    if json:
        terminal.print_json(
            {"largest_difference": result.largest_difference, "folder": str(result.path), **result.to_dict()}
        )
        return 0
    shared.print_result(result)
    return 0


def gradients(
    model: Annotated[
        str, Parameter(help=N_("network of the catalogue, run, model folder or name of pretrained weights"))
    ],
    data: shared.MeasuredOn = None,
    /,
    *,
    beside: shared.Beside = None,
    seeds: shared.Seeds = 3,
    batch: Annotated[options.Whole, Parameter(help=N_("number of training images to measure on"))] = 128,
    training: Annotated[ShortTraining, Parameter(name="*")] = _SHORT,
    session: shared.Session = shared.SESSION,
) -> int:
    """What reaches the first block of the gradient, with and without shortcuts."""
    recipe = lab.Recipe(training.epochs, training.images, training.lr)
    return session.show(partial(lab.gradients.run, model, data, beside=beside, seeds=seeds, batch=batch, recipe=recipe))


def cost(
    *models: Annotated[
        str, Parameter(help=N_("networks of the catalogue or of torchvision, such as vgg19, or runs"), required=True)
    ],
    size: Annotated[
        options.Whole | None, Parameter(help=N_("side of the images in pixels; default: chosen from the networks"))
    ] = None,
    batch: Annotated[options.Whole, Parameter(help=N_("images per step"))] = 8,
    rounds: Annotated[options.Whole, Parameter(help=N_("measurements per network; an interval needs at least 6"))] = 9,
    session: shared.Session = shared.SESSION,
) -> int:
    """Parameters, operations, memory and time of networks, side by side."""
    return session.show(partial(lab.cost.run, models, size=size, batch=batch, rounds=rounds))


def lesion(
    run: Annotated[str, Parameter(help=N_("run, model folder or name of pretrained weights"))],
    data: shared.MeasuredOn = None,
    /,
    *,
    beside: shared.Beside = None,
    images: Annotated[options.Whole, Parameter(help=N_("number of test images to measure on"))] = 2000,
    counts: Annotated[
        str, Parameter(help=N_("numbers of blocks to remove at random, separated by commas"))
    ] = "2,4,8,16",
    draws: Annotated[options.Whole, Parameter(help=N_("random draws for each number of blocks"))] = 5,
    seed: Annotated[options.Whole, Parameter(help=N_("random seed for images and draws"))] = 0,
    session: shared.Session = shared.SESSION,
) -> int:
    """A trained network without each of its blocks."""
    numbers = shared.whole_numbers("--counts", counts)
    return session.show(
        partial(lab.lesion.run, run, data, beside=beside, images=images, counts=numbers, draws=draws, seed=seed)
    )


def landscape(
    run: Annotated[str, Parameter(help=N_("run, model folder or name of pretrained weights"))],
    data: shared.MeasuredOn = None,
    /,
    *,
    beside: shared.Beside = None,
    images: Annotated[options.Whole, Parameter(help=N_("number of training images to measure on"))] = 512,
    grid: Annotated[Grid, Parameter(name="*")] = _GRID,
    seed: Annotated[options.Whole, Parameter(help=N_("random seed for images and directions"))] = 0,
    session: shared.Session = shared.SESSION,
) -> int:
    """The loss around a trained network, or around two on one scale."""
    around = partial(lab.landscape.run, run, data, beside=beside, images=images, seed=seed)
    return session.show(partial(around, points=grid.points, reach=grid.reach, lines=grid.lines, norms=grid.norms))
