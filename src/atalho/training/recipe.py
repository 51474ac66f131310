"""Recipes: rows of values that turn the schema's defaults into a way of training that is known to work.

`fast` is the schema itself; `benchmarks/learning.py` measures its choices one at a time. `paper` is what He et al.
2015 (section 4.2) and Huang et al. 2017 (section 4.2) published. `finetune` is careful with weights that somebody
trained for long; `benchmarks/finetune.py --variants` measures it against others.
Precedence: what the user asked for over the recipe over the schema.
"""

from dataclasses import dataclass
from typing import Final

from atalho.config import SMALL_IMAGE, Config, TaskName, TrainingConfig
from atalho.errors import ConfigError
from atalho.json_values import JsonObject
from atalho.settings import Asked, change, flatten, merge
from atalho.tasks.by_name import task_of
from atalho.text import _
from atalho.text.numbers import significant

Row = JsonObject

_PAPER: Row = {
    "label_smoothing": 0.0,
    "averaging": 0.0,
    "schedule": "step",
    "warmup": 0.0,
    "decay_all": True,
    "shift_lr": 1.0,
    "weight_decay": 1e-4,
    "lr": 0.1,
    "batch_size": 128,
}
# 64,000 steps of 128 images are 164 passes over the 45,000 to 50,000 training images of CIFAR-10.
_PAPER_RESNET_SMALL: Row = {"epochs": 164, "nesterov": False}
# Depth 110 warms up: the paper holds a tenth of the rate for about 400 of 64,000 steps, here it rises from there.
_PAPER_VERY_DEEP: Row = {"warmup": 400 / 64_000, "warmup_lr": 0.1}
_PAPER_RESNET_LARGE: Row = {"epochs": 90, "nesterov": False, "batch_size": 256, "milestones": (1 / 3, 2 / 3)}
_PAPER_DENSENET_SMALL: Row = {"epochs": 300, "batch_size": 64}
_PAPER_DENSENET_LARGE: Row = {"epochs": 90, "batch_size": 256, "milestones": (1 / 3, 2 / 3)}
_FINETUNE: Row = {
    "epochs": 8,
    "batch_size": 32,
    "lr": 0.02,
    "backbone_lr": 0.2,
    "norms": "kept",
    "shift_lr": 1.0,
    "weight_decay": 1e-4,
}
_ADAM_LR: Final = 0.001
"""Where Adam is asked for in a recipe whose rate is SGD's."""
_SCALING: Final = {"sgd": 1.0, "muon": 0.5, "adam": 0.0}
"""The power of the batch with which the learning rate grows. Adam's steps hardly depend on it."""
_ROWS: Final = (
    *(_PAPER, _PAPER_RESNET_SMALL, _PAPER_VERY_DEEP, _PAPER_RESNET_LARGE, _PAPER_DENSENET_SMALL, _PAPER_DENSENET_LARGE),
    _FINETUNE,
)
DECIDED: Final = frozenset(f"training.{name}" for row in _ROWS for name in row) | {
    *("augment.crop", "augment.pad"),
    *("augment.erasing", "training.optimizer"),  # by the recipes of re-identification
}
"""The paths of all values that a recipe may set: what the schema says of them holds for none in particular."""


@dataclass(frozen=True)
class RecipeContext:
    """What a recipe may depend on: the network's family and depth, the side of its images, how many there are."""

    family: str
    depth: int
    size: int
    images: int
    task: TaskName = "classification"


def values(recipe: str, context: RecipeContext) -> JsonObject:
    """The nested values in which `recipe` differs from the schema's defaults."""
    small = context.size <= SMALL_IMAGE
    # The papers shift 32-pixel images by up to 4; the other recipes, of fewer epochs, by half of that.
    pad = context.size // (8 if recipe == "paper" else 16)
    crop: JsonObject = {"augment": {"crop": "pad", "pad": pad} if small else {"crop": "resized"}}
    own = task_of(context.task).recipe(recipe)
    if own is not None:
        return merge(crop, own)
    if recipe == "finetune":
        return merge(crop, {"training": _FINETUNE})
    if recipe == "paper":
        rows = [_PAPER]
        if context.family == "densenet":
            rows.append(_PAPER_DENSENET_SMALL if small else _PAPER_DENSENET_LARGE)
        else:
            rows.append(_PAPER_RESNET_SMALL if small else _PAPER_RESNET_LARGE)
            rows.extend([_PAPER_VERY_DEEP] if small and context.depth >= 100 else [])
        return merge(crop, *({"training": row} for row in rows))
    return merge(crop, {"training": {"batch_size": _fast_batch(context)}})


def _fast_batch(context: RecipeContext) -> int:
    """Smaller batches for small sets, so that an epoch has steps enough to learn in, and for large images."""
    by_images = 128 if context.images >= 20_000 else 64 if context.images >= 2_000 else 32
    return by_images if context.size <= SMALL_IMAGE else min(by_images, 64)


def resolve(asked: Asked, context: RecipeContext) -> tuple[Config, tuple[str, ...]]:
    """The complete configuration for what was `asked`, and notes on what was derived.

    Where the user gives no learning rate, the recipe's is scaled with the batch, which has at most all training images:
    in proportion for SGD (Goyal et al. 2017, section 2.1), with its square root for Muon, whose steps have one length
    whatever the batch is.
    """
    recipe = asked.config.training.recipe
    row = flatten(values(recipe, context))
    usual = change(Config(), row).training
    config = change(asked.config, {path: value for path, value in row.items() if path not in asked.given})
    notes: list[str] = []
    reference = Config().training.batch_size if recipe == "fast" else usual.batch_size
    batch = min(config.training.batch_size, context.images)
    if "training.lr" not in asked.given:
        config, notes = _scaled(config, usual, reference, batch)
    if config.augment.pad > context.size:
        raise ConfigError(
            "augment.pad = {pad} is not accepted: it must be at most {size}, the side of the images.",
            pad=config.augment.pad,
            size=context.size,
        )
    if context.images < 2 or batch < 2:
        raise ConfigError(
            "Training needs batches of at least two images, because batch norm uses statistics over images."
        )
    notes.extend(_micro_batch(config.training.micro_batch, batch))
    mixing = [name for name, alpha in (("mixup", config.augment.mixup), ("cutmix", config.augment.cutmix)) if alpha > 0]
    if mixing:
        text = _("{ways}: training accuracy is that on mixed images, so it stays below validation accuracy")
        notes.append(text.format(ways=", ".join(mixing)))
    if config.augment.crop == "auto":
        config = change(config, {"augment.crop": row["augment.crop"]})
    return change(config, {"data.size": context.size}), tuple(notes)


def _scaled(config: Config, usual: TrainingConfig, reference: int, batch: int) -> tuple[Config, list[str]]:
    """The learning rate of the optimizer that `config` has, for a `batch` where the `usual` one is for `reference`."""
    optimizer, rate = config.training.optimizer, usual.lr
    if (optimizer == "adam") != (usual.optimizer == "adam"):
        rate, reference = (_ADAM_LR if optimizer == "adam" else Config().training.lr), Config().training.batch_size
    scaled = rate * (batch / reference) ** _SCALING[optimizer]
    if scaled != rate:
        text = _("learning rate {lr}, which is {usual} scaled from batches of {reference} to batches of {batch}")
        numbers = {"lr": significant(scaled, 6), "usual": significant(rate, 6)}
        return change(config, {"training.lr": scaled}), [text.format(**numbers, reference=reference, batch=batch)]
    if optimizer != usual.optimizer:
        return change(config, {"training.lr": rate}), []
    return config, []


def _micro_batch(largest: int | None, batch: int) -> list[str]:
    """What there is to say about a step in parts. Raises ConfigError where a part could be a single image."""
    if largest is None or largest >= batch:
        return []
    if largest < 3:
        raise ConfigError(
            "training.micro_batch = {given} is not accepted: it must be at least 3, so that batch norm never "
            "sees a single image.",
            given=largest,
        )
    return [
        _(
            "steps of {batch} images in parts of at most {largest}: the same result as the whole batch, "
            "except that batch norm sees one part at a time"
        ).format(batch=batch, largest=largest)
    ]
