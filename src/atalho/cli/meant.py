"""Which option was meant by one that a command does not have: by its last part, by other tools' names, by its letters.

Only options that the command has are offered, and one of them, so that it can be used without a look at the help.
"""

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from atalho.cli import help
from atalho.text import _

if TYPE_CHECKING:
    from cyclopts import App

_ALIKE = 0.7
"""From which similarity on a name counts as misspelt, and not as another word."""

_DEVICE: Final = "accelerator cuda device gpu gpus no-cuda"
_ELSEWHERE: Final = {
    "--batch-size": "b batch batchsize batch_size bs train-batch-size",
    "--data.size": "crop-size image-size img img-size imgsz input-size resolution",
    "--data.val-fraction": "val-ratio val-size val-split valid-pct validation-split",
    "--data.workers": "j num-workers nw",
    "--epochs": "e epoch max-epochs n-epochs nepochs num-epochs num-train-epochs",
    "--format csv": "csv",
    "--from": "checkpoint ckpt finetune init initial-checkpoint start start-from weights",
    "--from imagenet": "imagenet pretrain pretrained",
    "--minutes": "max-time time time-limit",
    "--model": "a arch architecture backbone net network variant",
    "--model.dropout": "drop drop-rate",
    "--out": "experiment logdir name o out-dir output output-dir project run-name save save-dir save-path",
    "--recipe": "preset policy",
    "--seed": "manual-seed random-seed random-state",
    "--size": "crop-size image-size img img-size imgsz input-size resolution",
    "--top": "k n top-k topk",
    "-k": "n top topk top-k",
    "--training.device": _DEVICE,
    "--training.label-smoothing": "ls smoothing",
    "--training.lr": "base-lr learning-rate lr0 max-lr",
    "--lr": "base-lr learning-rate lr0 max-lr",
    "--training.optimizer": "opt optim solver",
    "--training.precision": "amp bf16 dtype fp16 half mixed-precision native-amp",
    "--training.schedule": "cos-lr lr-scheduler sched scheduler",
    "--training.warmup": "warmup-epochs warmup-steps",
    "--training.weight-decay": "decay l2 wd",
    "--augment.affine": "degrees rotate rotation",
    "--augment.erasing": "random-erase random-erasing reprob",
    "--augment.flip": "fliplr hflip horizontal-flip",
    "--augment.jitter": "brightness color-jitter contrast hsv-h hsv-s hsv-v saturation",
    "--augment.trivial": "aa auto-augment autoaugment randaugment trivial-augment",
}
"""Our option, with the value that says the same, and what other tools call it."""

_ARGUMENTS: Final = {
    "DATA": "data data-dir data-path dataset folder images img-dir input input-dir path root source train train-dir",
    "IMAGES": "data files image images img input input-dir path source",
    "RUN": "checkpoint ckpt model model-path name run weights",
    "MODEL": "a arch architecture backbone checkpoint model name net network weights",
    "GALLERY": "database db gallery index",
    "FILE": "checkpoint ckpt file input path weights",
}
"""The argument, and what tools call it that have an option for it."""


def explain(given: str, command: "App", words: Sequence[str]) -> str:
    """What to write instead of the option `given` of the command that `words` name."""
    option = given.partition("=")[0]
    word = _last(option).replace("_", "-").lower()
    known = command.assemble_argument_collection()
    flags = [flag for argument in known for flag in help.flags(argument)]
    if (exact := _exactly(word, flags)) is not None:
        return _("Unknown option {given}. Use {option}.").format(given=option, option=exact)
    if any(word in _ARGUMENTS.get(argument.name.upper(), "").split() for argument in known):
        usage = help.placeholders(help.usage(command, words))
        return _("Unknown option {given}. Give its value alone: {usage}").format(given=option, usage=usage)
    if word in _DEVICE.split():
        text = _("Unknown option {given}. Set the environment variable ATALHO_DEVICE instead, such as to cpu or cuda.")
        return text.format(given=option)
    ends = {_last(flag): flag for flag in flags}
    close = difflib.get_close_matches(word, ends, n=1, cutoff=_ALIKE)
    if close:
        return _("Unknown option {given}. Did you mean {names}?").format(given=option, names=ends[close[0]])
    text = _("Unknown option {given}. {command} shows those that there are.")
    return text.format(given=option, command=" ".join(["atalho", *words, "--help-all"]))


def _exactly(word: str, flags: Sequence[str]) -> str | None:
    """The option whose last part is `word`, or that other tools call so."""
    for flag in flags:
        if _last(flag) == word:
            return flag
    for option, others in _ELSEWHERE.items():
        if option.split()[0] in flags and word in others.split():
            return option
    return None


def _last(option: str) -> str:
    """`--training.weight-decay` as `weight-decay`."""
    return option.lstrip("-").rpartition(".")[2]
