"""The commands of `atalho lab`: each parses, calls the experiment's `run`, and prints what it gives back."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from atalho import lab
from atalho.cli import options, terminal
from atalho.cli.lab import shared
from atalho.text import N_, _


@dataclass(frozen=True)
class ShortTraining:
    """How `lab gradients` trains a network of the catalogue."""

    epochs: Annotated[int, Parameter(help=N_("how long a network of the catalogue is trained"))] = 1
    images: shared.Images = None
    lr: shared.Rate = 0.1


@dataclass(frozen=True)
class Grid:
    """Where `lab landscape` measures the loss."""

    points: Annotated[int, Parameter(help=N_("points on each line and on each side of the plane, an odd number"))] = 21
    reach: Annotated[float, Parameter(help=N_("longest step, as a share of the weights"))] = 1.0
    lines: Annotated[int, Parameter(help=N_("random lines; an interval needs two or more"))] = 5
    norms: Annotated[
        Literal["recomputed", "kept"],
        Parameter(help=N_("statistics of the norms: of the images at each point, or as trained")),
    ] = "recomputed"


_SHORT: Final = ShortTraining()
_GRID: Final = Grid()


def depth(
    data: shared.Data,
    /,
    *,
    depths: Annotated[str, Parameter(help=N_("numbers of layers, with commas"))] = "20,26,56",
    seeds: shared.Seeds = 3,
    shortcuts: Annotated[
        str | None,
        Parameter(help=N_("kinds of shortcuts, with commas: none (the control), zero-pad, projection, identity")),
    ] = None,
    family: Annotated[
        Literal["resnet", "preact", "mlp"], Parameter(help=N_("which blocks: residual, pre-activation or linear ones"))
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
        str, Parameter(help=N_("networks of the catalogue, with commas"))
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
        str, Parameter(help=N_("network of the catalogue, run or model folder, or TOML file with a specification"))
    ],
    data: Annotated[str | None, Parameter(help=N_("real images; those of the sample fashion if not given"))] = None,
    /,
    *,
    blocks: Annotated[int, Parameter(help=N_("how many of the first blocks become zero"))] = 2,
    images: Annotated[int, Parameter(help=N_("random images, and as many real ones"))] = 8,
    seed: Annotated[int, Parameter(help=N_("seed of everything random"))] = 0,
    out: shared.Out = None,
    json: options.JSON = False,
) -> int:
    """The first blocks at zero against the network without them."""
    run = partial(lab.identity.run, model, data, blocks=blocks, images=images, seed=seed)
    result = shared.SessionOptions(out=out).measure(run)
    largest = result.largest_difference
    if json:
        terminal.print_json({"largest_difference": largest, "folder": str(result.path), **result.to_dict()})
        return 0
    shared.print_result(result)
    terminal.say(_("largest difference {value}").format(value=largest))
    return 0


def gradients(
    model: Annotated[str, Parameter(help=N_("network of the catalogue, run or model folder"))],
    data: shared.MeasuredOn = None,
    /,
    *,
    beside: shared.Beside = None,
    seeds: shared.Seeds = 3,
    batch: Annotated[int, Parameter(help=N_("training images to look at"))] = 128,
    training: Annotated[ShortTraining, Parameter(name="*")] = _SHORT,
    session: shared.Session = shared.SESSION,
) -> int:
    """What reaches the first block of the gradient, with and without shortcuts."""
    recipe = lab.Recipe(training.epochs, training.images, training.lr)
    return session.show(partial(lab.gradients.run, model, data, beside=beside, seeds=seeds, batch=batch, recipe=recipe))


def cost(
    *models: Annotated[str, Parameter(help=N_("networks of the catalogue or of torchvision, such as vgg19; runs"))],
    size: Annotated[
        int | None, Parameter(help=N_("side of the images in pixels; by the networks if not given"))
    ] = None,
    batch: Annotated[int, Parameter(help=N_("images per step"))] = 8,
    rounds: Annotated[int, Parameter(help=N_("times that each network is measured; an interval needs 6"))] = 9,
    session: shared.Session = shared.SESSION,
) -> int:
    """Parameters, operations, memory and time of networks, side by side."""
    options.refuse_unknown([word for word in models if word.startswith("-")], cost)
    return session.show(partial(lab.cost.run, models, size=size, batch=batch, rounds=rounds))


def lesion(
    run: Annotated[str, Parameter(help=N_("run or model folder"))],
    data: shared.MeasuredOn = None,
    /,
    *,
    beside: shared.Beside = None,
    images: Annotated[int, Parameter(help=N_("test images to measure on"))] = 2000,
    counts: Annotated[str, Parameter(help=N_("how many blocks are removed at random, with commas"))] = "2,4,8,16",
    draws: Annotated[int, Parameter(help=N_("random choices for each number of blocks"))] = 5,
    seed: Annotated[int, Parameter(help=N_("seed of the images and of the random choices"))] = 0,
    session: shared.Session = shared.SESSION,
) -> int:
    """A trained network without each of its blocks."""
    numbers = shared.whole_numbers("--counts", counts)
    return session.show(
        partial(lab.lesion.run, run, data, beside=beside, images=images, counts=numbers, draws=draws, seed=seed)
    )


def landscape(
    run: Annotated[str, Parameter(help=N_("run or model folder"))],
    data: shared.MeasuredOn = None,
    /,
    *,
    beside: shared.Beside = None,
    images: Annotated[int, Parameter(help=N_("training images to measure on"))] = 512,
    grid: Annotated[Grid, Parameter(name="*")] = _GRID,
    seed: Annotated[int, Parameter(help=N_("seed of the images and of the directions"))] = 0,
    session: shared.Session = shared.SESSION,
) -> int:
    """The loss around a trained network, or around two on one scale."""
    around = partial(lab.landscape.run, run, data, beside=beside, images=images, seed=seed)
    return session.show(partial(around, points=grid.points, reach=grid.reach, lines=grid.lines, norms=grid.norms))
