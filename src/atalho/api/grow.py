"""Grow a trained model: a deeper one with the same function, as a model folder to train further."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from atalho import model
from atalho.api import predict
from atalho.data.order import PathLike
from atalho.errors import RunError
from atalho.findings import Finding
from atalho.inspection.summary import Summary, summarise
from atalho.json_values import JsonObject
from atalho.model import Model
from atalho.networks.select import name_of
from atalho.runs import evaluation_data
from atalho.runs.run import run_with_images
from atalho.storage import model_folder, run_folder
from atalho.stored import to_json
from atalho.surgery import grow as surgery
from atalho.surgery.grow import KEEPING, Kind
from atalho.surgery.growth import At
from atalho.text import _
from atalho.text.numbers import significant, whole
from atalho.training.progress import Progress

_COMPARED: Final = 32
"""How many images tell whether the function stayed."""


@dataclass(frozen=True, repr=False)
class Grown(Finding):
    """A model folder with a deeper network, and what the growth changed. It is a path wherever one is."""

    folder: Path
    network: str
    blocks_before: tuple[int, ...]
    blocks: tuple[int, ...]
    kind: Kind
    largest_difference: float
    """Between the logits of both networks (embeddings where there is no classifier), on `images` real images."""
    largest_output: float
    images: int
    parameters_before: int
    parameters: int
    multiply_adds_before: int
    multiply_adds: int

    def __fspath__(self) -> str:
        return str(self.folder)

    def to_dict(self) -> JsonObject:
        told = {name: to_json(value) for name, value in vars(self).items() if name != "folder"}
        return {"model": str(self.folder)} | told

    def shown(self) -> Iterator[tuple[str, str]]:
        step = "{before} → {after}"
        yield _("network"), self.network
        yield _("blocks"), step.format(before=_listed(self.blocks_before), after=_listed(self.blocks))
        for name, before, after in (
            (_("parameters"), self.parameters_before, self.parameters),
            (_("multiply–adds"), self.multiply_adds_before, self.multiply_adds),
        ):
            yield name, step.format(before=whole(before), after=whole(after))
        yield (
            _("largest difference"),
            _("{difference} on {images} images, whose largest output is {output}").format(
                difference=significant(self.largest_difference),
                images=whole(self.images),
                output=significant(self.largest_output),
            ),
        )
        yield _("model folder"), str(self.folder)


def grow_model(
    run: Path | str,
    images: PathLike | Iterable[PathLike] | None = None,
    *,
    out: Path | str,
    to: str | None = None,
    blocks: Sequence[int] | None = None,
    layers: Sequence[int] | None = None,
    kind: Kind = "silent",
    at: At = "end",
    progress: Progress | None = None,
) -> Grown:
    """Make a trained model deeper without changing what it answers, and write it to train further.

    Parameters
    ----------
    run
        A run or model folder, or a name of pretrained weights.
    images
        Files, folders or globs, on which both networks are compared; by default validation images of the run.
    out
        The model folder to create. `atalho train DATA --from OUT` trains it further.
    to, blocks, layers, kind, at
        As `atalho.grow` takes them.
    progress
        Who is told how far it is.

    Returns
    -------
    Grown
        The model folder, as a path, and what changed: parameters, operations, the largest difference of an output.

    Raises
    ------
    ConfigError
        The network cannot grow so (see `atalho.grow`), or a model without its run is given without images.
    DataError
        An image cannot be read.
    RunError
        The folder `out` exists.
    WeightsError
        There is no model at `run`.

    Examples
    --------
    >>> atalho.grow_model("runs/photos", to="resnet34", out="grown").largest_difference
    """
    target = Path(out)
    if target.exists():
        raise RunError("{path} already exists. Choose another --out.", path=target)
    listener = progress or Progress()
    before, pixels = _with_pixels(run, images, listener)
    network = surgery.grow(before.network, to=to, blocks=blocks, layers=layers, kind=kind, at=at)
    spec = network.spec
    name = name_of(spec)
    step = {"from": name_of(before.network.spec), "model": model_folder.fingerprint(before.folder), "kind": kind}
    lineage: list[Any] = [*before.card.provenance.get("lineage", ()), step]
    card = replace(
        before.card,
        spec=spec,
        metrics=before.card.metrics if kind in KEEPING else {},
        provenance={**before.card.provenance, "lineage": lineage},
    )
    old, new = (_outputs(replace(before, network=each), pixels) for each in (before.network, network))
    seen = before.folder / run_folder.TRAINED_ON
    further = {run_folder.TRAINED_ON: seen.read_bytes()} if seen.is_file() else {}
    model_folder.write(target, network.state_dict(), card, further)
    was, now = _summary(before, before.network.spec), _summary(before, spec)
    return Grown(
        folder=target,
        network=name,
        blocks_before=before.network.spec.blocks,
        blocks=spec.blocks,
        kind=kind,
        largest_difference=_largest(new[:, : old.shape[1]] - old),
        largest_output=_largest(old),
        images=len(pixels),
        parameters_before=was.parameters,
        parameters=now.parameters,
        multiply_adds_before=was.multiply_adds,
        multiply_adds=now.multiply_adds,
    )


def _with_pixels(
    run: Path | str, images: PathLike | Iterable[PathLike] | None, progress: Progress
) -> tuple[Model, Tensor]:
    """The model and uint8 pixels (N,C,P,P) of a few real images: the given ones, or those of the run."""
    if images is not None:
        loaded = model.load(run, progress=progress)
        return loaded, torch.cat([loaded.pixels(path) for path in predict.find(images)[:_COMPARED]])
    loaded, dataset = evaluation_data.own(run_with_images(run), progress)
    splits = dataset.manifest.splits
    ids = next(splits[name] for name in ("val", "train") if len(splits.get(name, ())))
    pixels = dataset.images[ids[:_COMPARED]]
    dataset.images.close()
    return loaded, pixels


@torch.inference_mode()
def _outputs(loaded: Model, pixels: Tensor) -> Tensor:
    """Logits (N,K), or embeddings (N,D) of a model without classes."""
    inputs = loaded.card.preprocessing.apply(pixels.to(loaded.precision.device))
    return loaded.network(inputs) if loaded.classes else loaded.network.embedding(inputs)


def _largest(values: Tensor) -> float:
    return float(values.abs().max())


def _summary(loaded: Model, spec: Any) -> Summary:
    side = loaded.card.preprocessing.size
    return summarise(spec, (spec.in_channels, side, side))


def _listed(blocks: Sequence[int]) -> str:
    return ",".join(map(str, blocks))
