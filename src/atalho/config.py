"""The one schema of a run. Python, TOML, the command line and the run folder all end in a `Config`.

Two levels deep and frozen. Each default stands here once; a recipe (`training/recipe.py`) changes only what it is
about. `settings.py` checks given values against it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from atalho.blocks.kinds import PoolingKind, ShortcutChoice, StemChoice
from atalho.text import N_

SMALL_IMAGE: Final = 64
"""The largest side in pixels of a small image: kept whole, cropped by shifting, and given the small stem."""
CALIBRATION_IMAGES: Final = 50
"""Validation images below which no temperature is fitted: it would follow the few images that happen to be there."""


@dataclass(frozen=True)
class _Bounds:
    """Of a number, for pydantic, which is imported when settings are checked and not for the text of help.

    A `strict` number is one already, not a text that looks like one.
    """

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    strict: bool | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:  # pydantic's own types
        return handler(source) | {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class _Section:
    """Values that pydantic checks: an unknown name and a number that is not finite are errors."""

    __pydantic_config__ = {"extra": "forbid", "allow_inf_nan": False}  # noqa: RUF012 (pydantic asks for a dict)


Fraction = Annotated[float, _Bounds(ge=0, lt=1)]
Probability = Annotated[float, _Bounds(ge=0, le=1)]
Positive = Annotated[int, _Bounds(ge=1, strict=True)]
Seed = Annotated[int, _Bounds(ge=0, lt=2**63, strict=True)]
NotNegative = Annotated[float, _Bounds(ge=0)]
RecipeName = Literal["fast", "paper", "finetune"]
Memory = Literal["plain", "saving"]
OptimizerName = Literal["sgd", "adam", "muon"]
ProtocolChoice = Literal["auto", "cross-camera", "leave-self-out"]
FurtherLoss = Literal["none", "circle", "multi-similarity", "contrastive", "nt-xent", "sup-con"]

TaskName = Literal["classification", "reid"]
"""What `tasks.by_name.task_of` knows. A section of the schema with the name of a task belongs to that task alone."""


@dataclass(frozen=True)
class ModelConfig(_Section):
    """Which network."""

    name: Annotated[
        str, N_("network of the catalogue (see atalho models); auto: the network of `start`, otherwise resnet18")
    ] = "auto"
    spec: Annotated[
        dict[str, Any] | str | None,  # checked by `networks.spec`, which knows the families
        N_("spec of a network instead of a name: family, blocks, widths and so on; or a TOML file with one"),
    ] = None
    stem: Annotated[
        StemChoice, N_("stem: small (3x3) up to 64 pixels, large (7x7, stride 2, pooling) above; auto chooses")
    ] = "auto"
    shortcut: Annotated[ShortcutChoice, N_("shortcut where the shape changes; none makes a plain network")] = "auto"
    dropout: Annotated[Fraction, N_("dropout before the classifier")] = 0.0
    start: Annotated[str | None, N_("run or model folder whose weights to start from")] = None


@dataclass(frozen=True)
class DataConfig(_Section):
    """Which images, and how they are read."""

    path: Annotated[str, N_("folder, CSV or IDX files with the images")] = ""
    size: Annotated[
        Annotated[int, _Bounds(ge=8, le=1024, strict=True)] | None,
        N_("side in pixels of the network's input; default: chosen from the images"),
    ] = None
    val_fraction: Annotated[
        Fraction,
        N_("fraction of the training images held out for validation if there is no val split (at most 1,000)"),
    ] = 0.1
    test_fraction: Annotated[Fraction, N_("fraction of all images held out for testing if there are no splits")] = 0.2
    split_seed: Annotated[int, N_("random seed of the splits that Atalho makes")] = 0
    split_by: Annotated[
        Literal["identity", "group"],
        N_(
            "re-identification: hold out single identities for testing, or whole groups (the first part of their paths)"
        ),
    ] = "identity"
    camera: Annotated[
        str,
        N_(
            "re-identification: pattern of the camera in a path, such as {camera}/* or *_c{camera}s*; "
            "auto: _NN at the end of the name; or none"
        ),
    ] = "auto"
    identity: Annotated[
        str | None,
        N_("re-identification: pattern of the identity in a path, such as {identity}/{camera}/* or {identity}_*"),
    ] = None
    class_: Annotated[str | None, N_("pattern of the class in a path, such as {class}/*, */{class}/* or {class}_*")] = (
        None
    )
    group: Annotated[
        str | None,
        N_("pattern of what splits must not part, such as a patient or a burst: {group}_* or */{group}/*"),
    ] = None
    skip_bad: Annotated[bool, N_("skip images that cannot be read instead of stopping")] = False
    fix_leaks: Annotated[bool, N_("keep copies of an image in one split: test, otherwise val")] = False
    max_pixels: Annotated[Positive, N_("largest image to decode, in pixels")] = 50_000_000
    tiff: Annotated[bool, N_("also accept TIFF files")] = False
    avif: Annotated[bool, N_("also accept AVIF files")] = False
    cache_gb: Annotated[
        NotNegative,
        N_("largest packed cache of decoded images, in GB; larger sets are decoded on the fly"),
    ] = 4.0
    workers: Annotated[
        Annotated[int, _Bounds(ge=0, le=256, strict=True)] | None,
        N_("decoding processes; default: chosen from the CPU cores"),
    ] = None


@dataclass(frozen=True)
class AugmentConfig(_Section):
    """How training images are varied. Every number is drawn from (seed, epoch, image)."""

    crop: Annotated[
        Literal["auto", "none", "pad", "resized"],
        N_(
            "pad: shift by up to `pad` pixels; resized: random area and aspect ratio; auto: pad up to 64 "
            "pixels, otherwise resized"
        ),
    ] = "auto"
    pad: Annotated[
        Annotated[int, _Bounds(ge=0, le=64, strict=True)], N_("pixels of padding around an image before a pad crop")
    ] = 2
    area: Annotated[
        Annotated[float, _Bounds(gt=0, le=1)], N_("smallest fraction of the image that a resized crop keeps")
    ] = 0.25
    flip: Annotated[bool, N_("flip images horizontally (turn off for text and digits)")] = True
    affine: Annotated[Probability, N_("strength of random rotation, scaling, shearing and translation")] = 0.0
    jitter: Annotated[Probability, N_("strength of brightness, contrast and saturation changes")] = 0.0
    erasing: Annotated[Probability, N_("fraction of images in which a rectangle is erased")] = 0.0
    mixup: Annotated[NotNegative, N_("alpha of mixup; 0: off")] = 0.0
    cutmix: Annotated[NotNegative, N_("alpha of cutmix; 0: off")] = 0.0
    trivial: Annotated[bool, N_("one random operation of random strength per image (TrivialAugment)")] = False
    start_side: Annotated[
        Annotated[float, _Bounds(ge=0.25, le=1)],
        N_("side of the images in the first steps, as a fraction of the whole; it grows in equal rises"),
    ] = 1.0
    grown: Annotated[Probability, N_("fraction of the steps after which the images have their whole side")] = 0.6


@dataclass(frozen=True)
class TrainingConfig(_Section):
    """How the network learns."""

    recipe: Annotated[RecipeName, N_("set of defaults: fast, paper (as published) or finetune")] = "fast"
    epochs: Annotated[Positive, N_("number of passes over the training images")] = 20
    steps: Annotated[Positive | None, N_("number of steps, instead of epochs; the last epoch may end early")] = None
    minutes: Annotated[
        Annotated[float, _Bounds(gt=0)] | None,
        N_("minutes to train for, instead of epochs; a measurement at the start fixes the number of steps"),
    ] = None
    batch_size: Annotated[Positive, N_("images per step")] = 128
    micro_batch: Annotated[
        Positive | None,
        N_(
            "images processed at once; a step accumulates the gradients of its parts, with the same result "
            "except that batch norm sees one part at a time"
        ),
    ] = None
    memory: Annotated[
        Memory,
        N_("saving: recompute activations in the backward pass instead of keeping them; same result, slower"),
    ] = "plain"
    lr: Annotated[Annotated[float, _Bounds(gt=0)], N_("peak learning rate")] = 0.4
    shift_lr: Annotated[NotNegative, N_("learning rate of batch norm's shifts, as a multiple of the base rate")] = 16.0
    backbone_lr: Annotated[NotNegative, N_("learning rate of the backbone, as a multiple of the head's")] = 1.0
    stage_lr: Annotated[
        Annotated[float, _Bounds(gt=0, le=1)],
        N_("learning rate of each stage of the backbone, as a multiple of that of the stage after it"),
    ] = 1.0
    frozen: Annotated[Fraction, N_("fraction of the steps, at the start, in which only the head learns")] = 0.0
    norms: Annotated[
        Literal["batch", "kept"],
        N_("kept: batch norm goes on with the statistics of the weights that the run starts from"),
    ] = "batch"
    optimizer: Annotated[
        OptimizerName, N_("muon: SGD with orthogonalised steps for all layers but the head, learns in fewer steps")
    ] = "sgd"
    momentum: Annotated[Fraction, N_("momentum of SGD and Muon")] = 0.9
    nesterov: Annotated[bool, N_("Nesterov momentum")] = True
    weight_decay: Annotated[NotNegative, N_("weight decay of weights; batch norm and biases have none")] = 5e-4
    decay_all: Annotated[bool, N_("weight decay on batch norm and biases too, as in the papers")] = False
    label_smoothing: Annotated[Fraction, N_("label smoothing: fraction of the target spread over all classes")] = 0.1
    schedule: Annotated[
        Literal["one-cycle", "stable", "cosine", "step"],
        N_("learning rate schedule; stable: constant until the last `decay` of the steps"),
    ] = "one-cycle"
    warmup: Annotated[Fraction, N_("fraction of the steps used for warm-up")] = 0.2
    warmup_lr: Annotated[NotNegative, N_("learning rate at the first warm-up step, as a fraction of the peak")] = 0.0
    milestones: Annotated[
        tuple[Fraction, ...], N_("schedule step: fractions of the steps after which the rate is divided by ten")
    ] = (0.5, 0.75)
    decay: Annotated[
        Annotated[float, _Bounds(gt=0, le=1)],
        N_("schedule stable: fraction of the steps, at the end, in which the rate falls"),
    ] = 0.4
    averaging: Annotated[Fraction, N_("window of the averaged weights, as a fraction of all steps; 0: off")] = 0.02
    zero_residual: Annotated[bool, N_("initialise each residual branch to zero")] = False
    class_weights: Annotated[
        Literal["none", "balanced"], N_("balanced: rare classes get a higher weight in the loss")
    ] = "none"
    precision: Annotated[Literal["auto", "bf16", "fp32"], N_("auto: what is fastest here; on a CPU it is measured")] = (
        "auto"
    )
    layout: Annotated[
        Literal["auto", "channels-last", "contiguous"],
        N_("order of images and weights in memory; auto: what is fastest here, measured on a CPU"),
    ] = "auto"
    device: Annotated[Literal["auto", "cpu", "cuda", "mps", "xpu"], N_("device to train on")] = "auto"
    deterministic: Annotated[
        bool, N_("deterministic algorithms on a GPU: equal runs give equal bytes; without them it may be faster")
    ] = True
    threads: Annotated[
        Positive | None, N_("CPU threads; default: one for each physical core that the process may use")
    ] = None
    measured: Annotated[str | None, N_("record: how precision, layout and threads were chosen; it changes nothing")] = (
        None
    )
    seed: Annotated[Annotated[int, _Bounds(ge=0, lt=2**63, strict=True)], N_("random seed of the training")] = 0
    checkpoint_minutes: Annotated[Annotated[float, _Bounds(gt=0)], N_("minutes between checkpoints")] = 5.0
    checkpoint_steps: Annotated[Positive | None, N_("steps between checkpoints, instead of minutes")] = None
    keep: Annotated[Positive, N_("number of checkpoints to keep")] = 2


@dataclass(frozen=True)
class ReidConfig(_Section):
    """Re-identification only: the embedding, the batches, the losses, how it is measured."""

    embedding: Annotated[Positive, N_("dimension of the embedding")] = 512
    pooling: Annotated[PoolingKind, N_("gem: generalised mean with a learned exponent")] = "gem"
    last_stride: Annotated[
        Literal[1, 2], N_("stride of the last stage of a residual network; 1 keeps a finer resolution")
    ] = 1
    each: Annotated[
        Annotated[int, _Bounds(ge=2, strict=True)],
        N_("images per identity in a batch, which has batch_size / each identities"),
    ] = 4
    triplet: Annotated[
        Literal["margin", "soft", "none"],
        N_("batch-hard triplet loss: with a margin (margin), a soft margin (soft) or none"),
    ] = "margin"
    margin: Annotated[NotNegative, N_("margin of the triplet loss")] = 0.3
    centre: Annotated[NotNegative, N_("weight of the centre loss; 0: off")] = 0.0
    further: Annotated[FurtherLoss, N_("an additional loss from pytorch-metric-learning")] = "none"
    rotations: Annotated[
        bool,
        N_("also train on each identity rotated by 90, 180 and 270 degrees, as identities of their own (characters)"),
    ] = False
    protocol: Annotated[
        ProtocolChoice,
        N_("which gallery images a query is compared with; auto: cross-camera if cameras are known"),
    ] = "auto"
    false_accept: Annotated[
        Annotated[float, _Bounds(gt=0, lt=1)],
        N_("highest rate of false accepts when the threshold is chosen on validation pairs"),
    ] = 0.01


@dataclass(frozen=True)
class Config(_Section):
    """Everything that decides the outcome of a run."""

    task: Annotated[TaskName, N_("task that the network is trained for")] = "classification"
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    reid: ReidConfig = field(default_factory=ReidConfig)
