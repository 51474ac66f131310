"""`atalho import`: weights from elsewhere become a model folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter, Token

from atalho.blocks.kinds import HalvingKind, ShortcutChoice, StemChoice
from atalho.cli import options, terminal
from atalho.config import TaskName
from atalho.data.decoding.fit import Interpolation
from atalho.text import N_


def _numbers(_kind: Any, tokens: Sequence[Token]) -> tuple[float, ...]:
    """Numbers with blanks or commas between them."""
    return tuple(float(part) for token in tokens for part in token.value.split(",") if part.strip())


Numbers = Annotated[tuple[float, ...], Parameter(converter=_numbers, consume_multiple=True, negative="")]


@dataclass(frozen=True)
class ImageOptions:
    """How the images must be prepared for weights from elsewhere."""

    mean: Annotated[
        Numbers | None, Parameter(help=N_("mean per channel that the weights expect, of pixels from 0 to 1"))
    ] = None
    std: Annotated[Numbers | None, Parameter(help=N_("standard deviation per channel that the weights expect"))] = None
    size: Annotated[
        options.Whole | None, Parameter(help=N_("side of the images in pixels; default: chosen from the network"))
    ] = None
    resize: Annotated[
        options.Whole | None, Parameter(help=N_("shorter side in pixels, before the middle is cut out"))
    ] = None
    interpolation: Annotated[
        Interpolation | None,
        Parameter(help=N_("how images are resized; default: as the files beside the weights say, otherwise bilinear")),
    ] = None


@dataclass(frozen=True)
class StructureOptions:
    """What names of weights cannot tell of a network."""

    stem: Annotated[
        StemChoice,
        Parameter(
            help=N_(
                "stem: small (3x3), large (7x7), small-pool (3x3 and max pooling) or large-linear (7x7 without ReLU); "
                "default: read from the weights"
            )
        ),
    ] = "auto"
    shortcut: Annotated[
        ShortcutChoice,
        Parameter(help=N_("shortcut where the shape changes; default: read from the weights")),
    ] = "auto"
    last_stride: Annotated[Literal[1, 2] | None, Parameter(help=N_("stride of the last stage; default: 2"))] = None
    halving: Annotated[
        HalvingKind | None,
        Parameter(
            help=N_(
                "what halves the size in a block: convolution (3x3), first-convolution (1x1, as in Caffe), average or "
                "blur pooling; default: convolution"
            )
        ),
    ] = None


_IMAGES: Final = ImageOptions()
_STRUCTURE: Final = StructureOptions()


def import_(
    file: Annotated[Path, Parameter(help=N_("weights in safetensors or as torch.save writes them"))],
    /,
    *,
    out: Annotated[Path, Parameter(help=N_("model folder to create"))],
    model: Annotated[
        str | None, Parameter(help=N_("network of the catalogue; default: read from the shapes of the weights"))
    ] = None,
    task: Annotated[TaskName | None, Parameter(help=N_("task; default: what the head of the weights is for"))] = None,
    images: Annotated[ImageOptions, Parameter(name="*")] = _IMAGES,
    structure: Annotated[StructureOptions, Parameter(name="*")] = _STRUCTURE,
    classes: Annotated[
        str | None,
        Parameter(help=N_("imagenet, cifar10, cifar100, or a text file with one class name per line")),
    ] = None,
    check: Annotated[
        tuple[Path, Path] | None,
        Parameter(
            help=N_(
                "an image and the author's output for it (.npy), of the image at its own size: settles what was assumed"
            ),
            negative="",
        ),
    ] = None,
    json: options.JSON = False,
) -> int:
    """Parse, call `atalho.import_file`, print."""
    from atalho.api import import_weights as job

    found = job.import_file(
        file,
        model=model,
        out=out,
        task=task,
        mean=images.mean,
        std=images.std,
        size=images.size,
        resize=images.resize,
        interpolation=images.interpolation,
        stem=structure.stem,
        shortcut=structure.shortcut,
        last_stride=structure.last_stride,
        halving=structure.halving,
        classes=classes,
        check=check,
    )
    if json:
        terminal.print_json(found.to_dict())
    else:
        for name, value in found.shown():
            terminal.say(f"{name}: {value}")
    return 0
