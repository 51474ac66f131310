"""What other tools call our settings, options and arguments: one table for the command line, files and Python."""

from collections.abc import Iterable, Mapping
from typing import Final

from atalho.errors import nearest
from atalho.text import Text

_DEVICE: Final = "accelerator cuda device gpu gpus map-location no-cuda"
_SIDE: Final = "crop-size image-size img img-size imgsz input-size resolution"
_START: Final = "checkpoint ckpt finetune init initial-checkpoint start start-from"
_PRETRAINED: Final = "imagenet pretrain pretrained"
_COUNT: Final = "n-classes nb-classes nclasses num-classes output-dim"
_NAMES: Final[Mapping[str, str]] = {
    "augment.affine": "degrees rotate rotation",
    "augment.erasing": "random-erase random-erasing reprob",
    "augment.flip": "fliplr hflip horizontal-flip",
    "augment.jitter": "brightness color-jitter contrast hsv-h hsv-s hsv-v saturation",
    "augment.trivial": "aa auto-augment autoaugment randaugment trivial-augment",
    "classes": _COUNT,
    "data.size": _SIDE,
    "data.val_fraction": "val-ratio val-size val-split valid-pct validation-split",
    "data.workers": "j num-workers nw",
    "format csv": "csv",
    "image_size": f"size {_SIDE}",
    "in_channels": "channels in-ch in-chans in-channel input-channels n-channels num-channels",
    "k": "n top topk top-k",
    "model": "a arch architecture backbone net network variant",
    "model.dropout": "drop drop-rate",
    "model.start": f"{_START} weights",
    "model.start imagenet": _PRETRAINED,
    "out": "experiment logdir name o out-dir output output-dir project run-name save save-dir save-path",
    "top": "k n top-k topk",
    "training.batch_size": "b batch batchsize batch-size bs train-batch-size",
    "training.device": _DEVICE,
    "training.epochs": "e epoch max-epochs n-epochs nepochs num-epochs num-train-epochs",
    "training.label_smoothing": "ls smoothing",
    "training.lr": "base-lr learning-rate lr0 max-lr",
    "training.minutes": "max-time time time-limit",
    "training.optimizer": "opt optim solver",
    "training.precision": "amp bf16 dtype fp16 half mixed-precision native-amp",
    "training.recipe": "preset policy",
    "training.schedule": "cos-lr lr-scheduler sched scheduler",
    "training.seed": "manual-seed random-seed random-state",
    "training.warmup": "warmup-epochs warmup-steps",
    "training.weight_decay": "decay l2 wd",
    "weights": _START,
    "weights imagenet": _PRETRAINED,
}
"""Our name, a setting's by its path, perhaps with the value that says the same, and what other tools call it."""

_PLACES: Final[Mapping[str, str]] = {
    "data": "data-dir data-path dataset folder images img-dir input input-dir path root source train train-dir",
    "images": "data files image img input input-dir path source",
    "run": "checkpoint ckpt model model-path name path weights",
    "path": "checkpoint ckpt folder model model-path name run weights",
    "model": "a arch architecture backbone checkpoint name net network path run weights",
    "name": "a arch architecture backbone model model-name net network variant",
    "gallery": "database db index",
    "file": "checkpoint ckpt input path weights",
}
"""An argument that is given by its place, and what is said by tools that have a name for it."""


def ours(given: str, accepted: Iterable[str]) -> tuple[str, str | None] | None:
    """Which of the `accepted` names other tools call `given`, and the value that says the same, if it takes one.

    Paths are compared by their last parts; of several names that fit it is the shortest.
    """
    names = list(accepted)
    for key, others in _NAMES.items():
        path, _space, value = key.partition(" ")
        if _word(given) in others.split():
            alike = [name for name in names if _last(name) == _last(path)]
            if alike:
                return min(alike, key=len), value or None
    return None


def argument(given: str, accepted: Iterable[str]) -> str | None:
    """Which of the `accepted` arguments, which are given by their place, other tools call `given`."""
    return next((name for name in accepted if _word(given) in _PLACES.get(name, "").split()), None)


def unasked(given: str, accepted: Iterable[str]) -> Text | None:
    """What is said of a number of classes where none is asked for; None for another name, and where it is asked for.

    Beside a file of weights, `classes` are their names.
    """
    names = {_last(name) for name in accepted}
    if _word(given) not in _COUNT.split() or ("classes" in names and "file" not in names):
        return None
    return Text("The number of classes is not set here: it comes from the images or the weights.")


def is_device(given: str) -> bool:
    """Whether other tools choose by `given` where they compute."""
    return _word(given) in _DEVICE.split()


def instead(given: str, names: Iterable[str], arguments: Iterable[str] = ()) -> Text:
    """A sentence with what to write instead of `given`: a name of a setting, or of an argument of the function."""
    arguments = list(arguments)
    names = [*names, *arguments]
    if (told := unasked(given, names)) is not None:
        return told
    if (meant := ours(given, names)) is not None:
        name, value = meant
        written = name if value is None else f"{name}={value!r}"
        return Text("Use {name}.", name=written)
    if (place := argument(given, arguments)) is not None:
        return Text("Use {name}.", name=place)
    return nearest(given, names)


def _word(given: str) -> str:
    return _last(given).replace("_", "-").lower()


def _last(name: str) -> str:
    """`training.weight_decay` as `weight_decay`."""
    return name.rpartition(".")[2]
