"""Bring in weights from elsewhere: a file of any known layout becomes a model folder."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from atalho import limits
from atalho.api import weights_check
from atalho.api.imported import Assumed, Imported
from atalho.api.weights_preparation import (
    GIVEN,
    GREY_MEAN,
    GREY_STD,
    IMAGENET_MEAN,
    IMAGENET_STD,
    Preparation,
    buffers,
    check_statistics,
    names_of,
    refused,
)
from atalho.blocks.kinds import HalvingKind, ShortcutChoice, StemChoice
from atalho.config import TaskName
from atalho.data.decoding.fit import Interpolation
from atalho.data.preprocessing import Preprocessing
from atalho.errors import ConfigError, RunError, WeightsError
from atalho.networks import weights
from atalho.networks.select import name_of, specify
from atalho.networks.spec import MLPSpec, ResNetSpec, Spec
from atalho.networks.weights import ForeignHead, Recognised
from atalho.storage import foreign_file, model_folder, sidecar
from atalho.storage.model_folder import Card
from atalho.storage.sidecar import Sidecar
from atalho.text import Text, _


def import_file(
    file: Path | str,
    *,
    model: str | None = None,
    out: Path | str,
    task: TaskName | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    size: int | None = None,
    resize: int | None = None,
    interpolation: Interpolation | None = None,
    stem: StemChoice = "auto",
    shortcut: ShortcutChoice = "auto",
    last_stride: Literal[1, 2] | None = None,
    halving: HalvingKind | None = None,
    classes: Path | str | None = None,
    check: tuple[Path | str, Path | str] | None = None,
) -> Imported:
    """Make a model folder of a file of weights of any known layout: see the guide's page on weights.

    Parameters
    ----------
    file
        The weights, in safetensors or as `torch.save` writes them, whatever the file is called.
    model
        The network, by its name in the catalogue; by default it is read off the shapes of the weights.
    out
        The model folder.
    task
        `classification` or `reid`; by default what the head of the weights is for.
    mean, std
        What the weights expect of pixels from 0 to 1; by default what lies beside the weights or inside the file says,
        otherwise ImageNet's, as do most files in circulation.
    size
        The side of the images in pixels.
    resize
        The shorter side, in pixels, to which images are resized before their middle is cut out.
    interpolation
        How they are resized, by Pillow's name for it, such as bilinear or bicubic; by default as what lies beside the
        weights says, otherwise bilinear.
    stem, shortcut, last_stride, halving
        What names of weights cannot tell, or where the weights differ from the catalogue's network.
    classes
        `imagenet`, `cifar10`, `cifar100`, or a text file with one name a line; by default what lies beside the weights
        says, otherwise ImageNet's where there are 1,000, otherwise the numbers from 0.
    check
        An image and the author's output for it in a `.npy` file: logits, or the embedding of weights without
        classes, of the image at its own size, without resizing or cropping. Where another assumption agrees with it,
        that one is imported.

    Returns
    -------
    Imported
        The model folder, as a path, and what was found and assumed.

    Raises
    ------
    WeightsError
        The file does not fit a network, or its output does not agree with `check`.
    ConfigError
        A value is not accepted.

    Examples
    --------
    >>> atalho.import_file("weights.pth", out="imported", size=32)
    """
    if size is not None and not 1 <= size <= limits.LARGEST_SIDE:
        raise refused("--size", size, _("from {low} to {high} pixels").format(low=1, high=limits.LARGEST_SIDE))
    target = Path(out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RunError("{path} already exists. Choose another --out.", path=target)
    contents = foreign_file.read_state_dict(Path(file))
    found = weights.recognise(weights.weights_of(contents))
    spec = _backbone(found, model)
    head = weights.head_of(found, spec.plan().out_channels)
    task = task or ("reid" if head.kind == "embedding" else "classification")
    head = _for_task(head, task, spec)
    spec = specify(
        spec, stem=stem if stem != "auto" or isinstance(spec, MLPSpec) else _stem(spec, head), shortcut=shortcut
    )
    spec = replace(spec, classes=head.classes, embedding=head.embedding, pooling=head.pooling)
    told = [*sidecar.beside(Path(file)), *sidecar.inside(contents, _("the checkpoint")), *buffers(found)]
    spec, structure = _structure(spec, head, told, stem, last_stride, halving)
    names = names_of(classes, head, spec, told, task)
    channels = spec.in_channels
    prepared = Preparation(told, channels)
    means = prepared.find("mean", mean, GREY_MEAN if channels == 1 else IMAGENET_MEAN)
    stds = prepared.find("std", std, GREY_STD if channels == 1 else IMAGENET_STD)
    check_statistics(means.value, stds.value, channels)
    network = weights.empty(spec)
    weights.put(network, found, head)
    agreement = None
    if check is not None:
        free = [
            *(["stem"] if stem == "auto" else []),
            *(["last_stride"] if last_stride is None else []),
            *(["halving"] if halving is None else []),
            *(["mean"] if mean is None and std is None else []),
        ]
        agreement = weights_check.check(network, (means.value, stds.value), free, *check)
        network = agreement.network
        settled = Text("agrees with {file}", file=Path(check[1]).name)
        means, stds = Assumed(agreement.mean, settled), Assumed(agreement.std, settled)
        structure = tuple((option, Assumed(_structural(network.spec, option), settled)) for option, _was in structure)
    plan = network.spec.plan()
    side = prepared.find("size", size, plan.usual_side)
    if side.value < plan.stride:
        raise refused("--size", side.value, _("at least {low} for this network").format(low=plan.stride))
    shorter, resized = prepared.resize(resize, side.value), prepared.interpolation(interpolation)
    card = Card(
        task=task,
        spec=network.spec,
        classes=names.value,
        preprocessing=Preprocessing(
            size=side.value,
            resize=shorter.value,
            channels=channels,  # type: ignore[arg-type]
            mean=tuple(means.value),
            std=tuple(stds.value),
            interpolation=resized.value,
            whole=True,
        ),
        provenance={"imported_from": Path(file).name, "model": model or name_of(network.spec), "layout": found.layout},
    )
    model_folder.write(Path(os.path.realpath(target)), network.state_dict(), card)
    copies = [f"{copy}…" for copy in found.copies]
    return Imported(
        folder=target,
        layout=found.layout,
        prefix=found.prefix,
        network=name_of(network.spec),
        task=task,
        head=head.said,
        classes=Assumed(len(names.value), names.source),
        mean=means,
        std=stds,
        size=side,
        resize=shorter,
        interpolation=resized,
        structure=structure,
        left_out=(*copies, *head.left_out),
        check=agreement,
    )


def _backbone(found: Recognised, model: str | None) -> Spec:
    """The network: as named, with the ends and the stem of the weights, or as their shapes say."""
    if found.layout == weights.OWN:
        if model is None:
            raise ConfigError("These weights have Atalho's own names, which do not say the network: give --model.")
        named = specify(model)
        first = found.body.get("stem.conv.weight")
        return specify(named, in_channels=named.in_channels if first is None else first.shape[1])
    seen = weights.spec_of(found.body)
    if model is None:
        return seen
    named = specify(model, in_channels=seen.in_channels)
    if isinstance(named, MLPSpec):
        raise ConfigError("{model} has linear layers alone, and these weights are of convolutions.", model=model)
    named = specify(named, stem=seen.stem)
    if isinstance(named, ResNetSpec) and isinstance(seen, ResNetSpec) and named.shortcut != "none":
        named = specify(named, shortcut=seen.shortcut)
    if replace(named, classes=seen.classes) != seen and named.plan().depth != seen.plan().depth:
        raise WeightsError(
            "the weights do not match this network. They are of {seen}, not of {model}; leave --model out to use the "
            "network that they are of",
            seen=name_of(seen),
            model=model,
        )
    return named


def _for_task(head: ForeignHead, task: TaskName, spec: Spec) -> ForeignHead:
    if task == "reid":
        return weights.as_embedding(head, spec.plan().out_channels)
    if head.kind != "embedding":
        return head
    said = Text("left out: a head for re-identification, which --task reid keeps")
    return ForeignHead("none", {}, said, tuple(head.weights))


def _stem(spec: Spec, head: ForeignHead) -> StemChoice:
    """The stem of a network, as the program of its head has it."""
    if isinstance(spec, ResNetSpec) and head.neck is not None and spec.stem == "large":
        return head.neck.stem
    return "auto"


def _structure(
    spec: Spec,
    head: ForeignHead,
    told: Sequence[Sidecar],
    stem: StemChoice,
    last_stride: Literal[1, 2] | None,
    halving: HalvingKind | None,
) -> tuple[Spec, tuple[tuple[str, Assumed], ...]]:
    """What names cannot tell of a network, with where it is from."""
    if not isinstance(spec, ResNetSpec):
        if last_stride is not None or halving is not None:
            raise ConfigError("--last-stride and --halving only apply to ResNets. Remove them.")
        return spec, ()
    usual = Text("assumed: names do not tell")
    source = {"stem": GIVEN if stem != "auto" else usual, "last_stride": GIVEN, "halving": GIVEN}
    if last_stride is None:
        last_stride, source["last_stride"] = spec.last_stride, usual
        if head.neck is not None:
            last_stride, source["last_stride"] = head.neck.last_stride, Text("as {program}", program=head.neck.program)
    if head.neck is not None and stem == "auto" and spec.stem == head.neck.stem != "large":
        source["stem"] = Text("as {program}", program=head.neck.program)
    if halving is None:
        first = next(((one.first_stride, one.source) for one in told if one.first_stride is not None), (False, ""))
        halving = "first-convolution" if first[0] else spec.halving
        source["halving"] = Text("from {source}", source=first[1]) if first[1] else usual
    spec = replace(spec, last_stride=last_stride, halving=halving)
    return spec, tuple((option, Assumed(_structural(spec, option), source[option])) for option in source)


def _structural(spec: Spec, option: str) -> Any:
    return getattr(spec, option)
