"""The one schema of a run. Python, TOML, the command line and the run folder all end in a `Config`.

Two levels deep, frozen, and strict: an unknown key or a value out of range is an error that names the nearest
accepted one. Each default stands here once; a recipe (`training/recipe.py`) changes only what it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from atalho.blocks.kinds import PoolingKind, ShortcutChoice, StemChoice
from atalho.errors import ConfigError
from atalho.text import N_

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SMALL_IMAGE: Final = 64
"""The largest side in pixels of a small image: kept whole, cropped by shifting, and given the small stem."""


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

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
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
ProtocolChoice = Literal["auto", "cross-camera", "leave-self-out"]
FurtherLoss = Literal["none", "circle", "multi-similarity", "contrastive", "nt-xent", "sup-con"]

TaskName = Literal["classification", "reid"]
"""What `tasks.tasks.task_of` knows."""


@dataclass(frozen=True)
class ModelConfig(_Section):
    """Which network."""

    name: Annotated[str, N_("network of the catalogue (atalho models); auto: that of `start`, else resnet18")] = "auto"
    spec: Annotated[
        dict[str, Any] | str | None,
        N_("a network by its own numbers instead of a name: family, blocks, widths and so on; or a TOML file of them"),
    ] = None
    stem: Annotated[
        StemChoice,
        N_("first layers: small (3x3) up to 64 pixels, large (7x7, stride 2, pooling) above; auto chooses"),
    ] = "auto"
    shortcut: Annotated[
        ShortcutChoice,
        N_("how a shortcut fits where the shape changes; none makes a plain network"),
    ] = "auto"
    dropout: Annotated[Fraction, N_("dropout before the classifier")] = 0.0
    start: Annotated[str | None, N_("run or model folder whose weights training starts from")] = None


@dataclass(frozen=True)
class DataConfig(_Section):
    """Which images, and how they are read."""

    path: Annotated[str, N_("folder, CSV or IDX files with the images")] = ""
    size: Annotated[
        Annotated[int, _Bounds(ge=8, le=1024, strict=True)] | None,
        N_("side in pixels that the network sees; by the images if not given"),
    ] = None
    val_fraction: Annotated[
        Fraction,
        N_("share of the training images held out for validation where there is no val split (1,000 at most)"),
    ] = 0.1
    test_fraction: Annotated[Fraction, N_("share of all images held out for testing where there are no splits")] = 0.2
    split_seed: Annotated[int, N_("seed of the splits that Atalho makes")] = 0
    split_by: Annotated[
        Literal["identity", "group"],
        N_("re-identification: hold out identities for testing, or whole groups, the first part of their paths"),
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
    skip_bad: Annotated[bool, N_("leave out images that cannot be read instead of refusing to start")] = False
    max_pixels: Annotated[Positive, N_("largest image that is decoded, in pixels")] = 50_000_000
    tiff: Annotated[bool, N_("accept TIFF files too")] = False
    cache_gb: Annotated[
        NotNegative,
        N_("largest packed cache of decoded images, in GB; larger sets are decoded as they are needed"),
    ] = 4.0
    workers: Annotated[
        Annotated[int, _Bounds(ge=0, le=256, strict=True)] | None,
        N_("processes that decode images; by the cores if not given"),
    ] = None


@dataclass(frozen=True)
class AugmentConfig(_Section):
    """How training images are varied. Every number is drawn from (seed, epoch, image)."""

    crop: Annotated[
        Literal["auto", "none", "pad", "resized"],
        N_(
            "pad: shift by up to `pad` pixels; resized: random area and aspect; auto: pad up to 64 pixels, else resized"
        ),
    ] = "auto"
    pad: Annotated[
        Annotated[int, _Bounds(ge=0, le=64, strict=True)], N_("pixels of padding around an image before a pad crop")
    ] = 2
    area: Annotated[
        Annotated[float, _Bounds(gt=0, le=1)], N_("smallest share of the image that a resized crop keeps")
    ] = 0.25
    flip: Annotated[bool, N_("mirror images left to right (turn off for text and digits)")] = True
    affine: Annotated[Probability, N_("strength of random turning, scaling, shearing and shifting")] = 0.0
    jitter: Annotated[Probability, N_("strength of brightness, contrast and saturation changes")] = 0.0
    erasing: Annotated[Probability, N_("share of images in which a rectangle is erased")] = 0.0
    mixup: Annotated[NotNegative, N_("alpha of mixup; 0 is off")] = 0.0
    cutmix: Annotated[NotNegative, N_("alpha of cutmix; 0 is off")] = 0.0
    trivial: Annotated[bool, N_("one random operation of random strength per image (TrivialAugment)")] = False


@dataclass(frozen=True)
class TrainingConfig(_Section):
    """How the network learns."""

    recipe: Annotated[RecipeName, N_("set of defaults: fast, paper (as published) or finetune")] = "fast"
    epochs: Annotated[Positive, N_("passes over the training images")] = 20
    batch_size: Annotated[Positive, N_("images per step")] = 128
    micro_batch: Annotated[
        Positive | None,
        N_(
            "images that pass the network at once; a step adds up the gradients of its parts, "
            "which is the same but for the norms: they see one part at a time"
        ),
    ] = None
    memory: Annotated[
        Memory,
        N_("saving: compute activations again in the backward pass instead of keeping them; the same result, slower"),
    ] = "plain"
    lr: Annotated[Annotated[float, _Bounds(gt=0)], N_("highest learning rate")] = 0.4
    shift_lr: Annotated[NotNegative, N_("learning rate of the norms' shifts as a multiple of the others'")] = 16.0
    backbone_lr: Annotated[NotNegative, N_("learning rate of the backbone as a multiple of the head's")] = 1.0
    optimizer: Annotated[Literal["sgd", "adam"], N_("how the gradients become steps")] = "sgd"
    momentum: Annotated[Fraction, N_("momentum of SGD")] = 0.9
    nesterov: Annotated[bool, N_("Nesterov's form of momentum")] = True
    weight_decay: Annotated[NotNegative, N_("weight decay of weights; norms and biases have none")] = 5e-4
    decay_all: Annotated[bool, N_("weight decay on norms and biases too, as the papers had it")] = False
    label_smoothing: Annotated[Fraction, N_("share of the target spread over all classes")] = 0.1
    schedule: Annotated[Literal["one-cycle", "cosine", "step"], N_("shape of the learning rate over the steps")] = (
        "one-cycle"
    )
    warmup: Annotated[Fraction, N_("share of the steps in which the learning rate rises")] = 0.2
    warmup_lr: Annotated[
        NotNegative, N_("learning rate at the first step of the warm-up, as a share of the highest")
    ] = 0.0
    milestones: Annotated[
        tuple[Fraction, ...], N_("schedule step: shares of the steps after which the rate is divided by ten")
    ] = (0.5, 0.75)
    averaging: Annotated[Fraction, N_("share of all steps that the averaged weights look back over; 0 is off")] = 0.02
    zero_residual: Annotated[bool, N_("start each residual branch at zero")] = False
    class_weights: Annotated[Literal["none", "balanced"], N_("balanced: rare classes weigh more in the loss")] = "none"
    precision: Annotated[Literal["auto", "bf16", "fp32"], N_("auto: bf16 where the hardware has it")] = "auto"
    device: Annotated[Literal["auto", "cpu", "cuda"], N_("where to train")] = "auto"
    threads: Annotated[Positive | None, N_("CPU threads; all cores if not given")] = None
    seed: Annotated[
        Annotated[int, _Bounds(ge=0, lt=2**63, strict=True)], N_("seed of everything random in training")
    ] = 0
    checkpoint_minutes: Annotated[Annotated[float, _Bounds(gt=0)], N_("minutes between checkpoints")] = 5.0
    checkpoint_steps: Annotated[Positive | None, N_("steps between checkpoints, instead of minutes")] = None
    keep: Annotated[Positive, N_("checkpoints kept")] = 2


@dataclass(frozen=True)
class ReidConfig(_Section):
    """Re-identification only: the embedding, the batches, the losses, how it is measured."""

    embedding: Annotated[Positive, N_("length of the embedding")] = 512
    pooling: Annotated[PoolingKind, N_("gem: generalized mean with a learned power")] = "gem"
    last_stride: Annotated[
        Literal[1, 2], N_("stride of the last stage of a residual network; 1 keeps finer features")
    ] = 1
    each: Annotated[
        Annotated[int, _Bounds(ge=2, strict=True)],
        N_("images of each identity in a batch, of batch_size / each identities"),
    ] = 4
    triplet: Annotated[
        Literal["margin", "soft", "none"], N_("batch-hard triplet loss: with a margin, with a soft one, or none")
    ] = "margin"
    margin: Annotated[NotNegative, N_("margin of the triplet loss")] = 0.3
    centre: Annotated[NotNegative, N_("weight of the centre loss; 0 is off")] = 0.0
    further: Annotated[FurtherLoss, N_("a further loss through pytorch-metric-learning")] = "none"
    rotations: Annotated[
        bool, N_("train on every identity turned by 90, 180 and 270 degrees as identities of their own (characters)")
    ] = False
    protocol: Annotated[
        ProtocolChoice,
        N_("which images of a gallery a query is compared with; auto: cross-camera where cameras are known"),
    ] = "auto"
    false_accept: Annotated[
        Annotated[float, _Bounds(gt=0, lt=1)],
        N_("share of pairs of two identities that the threshold chosen on validation may take for one"),
    ] = 0.01


@dataclass(frozen=True)
class Config(_Section):
    """Everything that decides the outcome of a run."""

    task: Annotated[TaskName, N_("what the network learns to do")] = "classification"
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    reid: ReidConfig = field(default_factory=ReidConfig)


@dataclass(frozen=True)
class Asked:
    """Settings as somebody asked for them: a whole configuration, and the paths of the values that were given.

    The others are the schema's defaults, which a recipe may change.
    """

    config: Config
    given: frozenset[str]


@dataclass(frozen=True)
class Entry:
    """One value of the schema: `path` as in TOML (`training.lr`), its type, its default and what it means (English)."""

    path: str
    type: Any
    default: Any
    meaning: str


def entries() -> Iterator[Entry]:
    """Every value of the schema in order, for help texts and commented files."""
    for section, hint in get_type_hints(Config, include_extras=True).items():
        if get_origin(hint) is Annotated:
            yield _entry(section, hint, Config.__dataclass_fields__[section].default)
            continue
        for name, inner in get_type_hints(hint, include_extras=True).items():
            yield _entry(f"{section}.{name.rstrip('_')}", inner, hint.__dataclass_fields__[name].default)


def _entry(path: str, hint: Any, default: Any) -> Entry:
    kind, *metadata = get_args(hint)
    return Entry(path, kind, default, next(text for text in metadata if isinstance(text, str)))


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Nested values of several layers as one; a later layer wins value by value."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            if isinstance(value, Mapping):
                below = merged.get(key)
                merged[key] = merge(below if isinstance(below, Mapping) else {}, value)
            else:
                merged[key] = value
    return merged


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """`{"training.lr": 0.2}` as `{"training": {"lr": 0.2}}`; dashes in names count as underscores."""
    return merge(*(_nested(path.replace("-", "_").split("."), value) for path, value in flat.items()))


def _nested(keys: list[str], value: Any) -> dict[str, Any]:
    return {keys[0]: value if len(keys) == 1 else _nested(keys[1:], value)}


def change(config: Config, values: Mapping[str, Any]) -> Config:
    """`config` with other `values`, by path, that are known to be accepted."""
    return replace(
        config,
        **{
            name: replace(getattr(config, name), **inner) if isinstance(inner, Mapping) else inner
            for name, inner in nest(values).items()
        },
    )


def to_dict(config: Config) -> dict[str, Any]:
    """The nested values of `config`, ready for TOML or JSON."""
    return {section: _renamed(value, "class_", "class") for section, value in asdict(config).items()}


def _renamed(value: Any, name: str, other: str) -> Any:
    """`class` is a word of Python, so that its field has another name."""
    return {other if key == name else key: kept for key, kept in value.items()} if isinstance(value, Mapping) else value


def validate(values: Mapping[str, Any]) -> Config:
    """The configuration that `values` (nested) describe. Raises ConfigError for what the schema does not accept."""
    from pydantic import ValidationError

    from atalho.validation import explain

    try:
        return _schema().validate_python(
            {section: _renamed(value, "class", "class_") for section, value in values.items()}
        )
    except ValidationError as error:
        raise ConfigError(explain(Config, error)) from None


def ask(values: Mapping[str, Any]) -> Asked:
    """`values` (nested) as the settings that they ask for. Raises ConfigError for what the schema does not accept."""
    return Asked(validate(values), frozenset(flatten(values)))


def flatten(values: Mapping[str, Any]) -> dict[str, Any]:
    """`{"training": {"lr": 0.2}}` as `{"training.lr": 0.2}`."""
    paths: dict[str, Any] = {}
    for section, inner in values.items():
        paths |= (
            {f"{section}.{name}": value for name, value in inner.items()}
            if isinstance(inner, Mapping)
            else {section: inner}
        )
    return paths


@cache
def _schema() -> TypeAdapter[Config]:
    from pydantic import TypeAdapter

    return TypeAdapter(Config)
