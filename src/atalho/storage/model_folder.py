"""The model folder: `model.safetensors` and `config.json`, all that is needed to use a trained network anywhere.

`config.json` is read strictly and its size is capped; the weights' names, shapes and types are compared with what
the specification asks for from the file's header, before anything is allocated.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self

import pydantic
import safetensors
import safetensors.torch
import torch
from pydantic import ConfigDict, Field, TypeAdapter, model_validator
from pydantic.dataclasses import dataclass
from torch import Tensor

from atalho import limits
from atalho.config import TaskName
from atalho.data.preprocessing import Preprocessing
from atalho.errors import ConfigError, WeightsError
from atalho.networks.spec import StoredSpec
from atalho.storage import atomic, run_folder
from atalho.text import Text
from atalho.validation import NO_TRUTH_VALUE, first_reason

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
_NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})
_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
_DTYPES = {torch.float32: "F32", torch.int64: "I64"}


@dataclass(frozen=True, config=_STRICT)
class Card:
    """What `config.json` holds."""

    task: TaskName
    spec: StoredSpec
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    temperature: Annotated[float, Field(gt=0)] = 1.0
    metrics: dict[str, Any] = Field(default_factory=dict)
    provenance: dict[str, Any] = Field(default_factory=dict)
    format: Annotated[Literal[1], NO_TRUTH_VALUE] = 1

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(Text("two classes have the same name"))
        return self


def write(path: Path, weights: Mapping[str, Tensor], card: Card, further: Mapping[str, bytes] = _NOTHING) -> None:
    """Write the model folder `path` durably, with `further` files, replacing the one that is there."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    _write(path, safetensors.torch.save(plain), card, further)


def copy(folder: Path, path: Path, card: Card) -> None:
    """Write the model folder `path` with the weights of `folder` and another card."""
    _write(path, limits.read(folder / WEIGHTS, limits.TENSORS), card, _NOTHING)


def _write(path: Path, weights: bytes, card: Card, further: Mapping[str, bytes]) -> None:
    config = TypeAdapter(Card).dump_python(card, mode="json")
    about = (json.dumps(config, ensure_ascii=False, indent=1) + "\n").encode()
    atomic.write_folder(path, {WEIGHTS: weights, CONFIG: about, **further})


def is_model(folder: Path) -> bool:
    """Whether both files of a model are there."""
    return (folder / CONFIG).is_file() and (folder / WEIGHTS).is_file()


def find(path: Path) -> Path:
    """The model folder that `path` means: itself, or `model/` in a run folder."""
    for folder in (path, path / run_folder.MODEL):
        if is_model(folder):
            return folder
    if run_folder.is_run(path):
        raise WeightsError(
            "{path} is a run without a model, because its training has not finished. Continue with: atalho "
            "train --resume {path}",
            path=path,
        )
    reason = Text(
        "{path} is not a run or model folder: {weights} and {config} are needed, in it or in its subfolder model/.",
        path=path,
        weights=WEIGHTS,
        config=CONFIG,
    )
    raise WeightsError(Text.joined(reason, _instead(path)))


def _instead(path: Path) -> Text:
    """What to give where `path` is no model."""
    if path.exists():
        return Text("A model comes first, and then images: give the folder that atalho train wrote.")
    return Text("It does not exist: give the folder that atalho train wrote, or a name that atalho weights list shows.")


def name_of(path: Path) -> str:
    """What the model of a run or model folder is called: as its run's folder, or as its own."""
    resolved = path.resolve()
    return resolved.parent.name if resolved.name == run_folder.MODEL else resolved.name


def run_of(path: Path) -> Path:
    """The folder of a run where `path` is it or its model; that of a model alone is itself."""
    path = path if path.name not in ("", "..") else path.resolve()
    return path.parent if path.name == run_folder.MODEL and path.parent.name else path


def read_card(folder: Path) -> Card:
    """The validated `config.json` of a model folder."""
    path = folder / CONFIG
    try:
        return TypeAdapter(Card).validate_json(_config(path))
    except ConfigError as error:
        raise _unreadable(path, Text("{where}: {reason}", where="spec", reason=error.text)) from None
    except pydantic.ValidationError as error:
        raise _unreadable(path, first_reason(Card, error)) from None


def _config(path: Path) -> bytes:
    try:
        content = limits.read(path, limits.SMALL_JSON)
        limits.check_json(content, limits.SMALL_JSON)
        return content
    except (OSError, ValueError) as error:
        raise WeightsError("Cannot read {path}: {reason}", path=path, reason=error) from error


def _unreadable(path: Path, reason: Text) -> WeightsError:
    return WeightsError(
        "{path} is not a model configuration that this version supports: {reason}", path=path, reason=reason
    )


def fingerprint(folder: Path) -> str:
    """The SHA-256 of what decides an embedding: the weights, the network and the preprocessing."""
    prepared = TypeAdapter(Preprocessing).dump_python(read_card(folder).preprocessing, mode="json")
    # As the file has it: galleries keep this hash, and a default that is left out, or 0 for 0.0, changes it.
    spec = json.loads(_config(folder / CONFIG))["spec"]
    digest = hashlib.sha256(json.dumps([spec, prepared], sort_keys=True).encode())
    with _reading(folder), limits.open_regular(folder / WEIGHTS, limits.TENSORS) as file:
        digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def tensors(folder: Path) -> dict[str, tuple[list[int], str]]:
    """Shape and type of each tensor of a model folder, from the file's header; nothing of them is read."""
    with _reading(folder), limits.open_regular(folder / WEIGHTS, limits.TENSORS):
        pass  # a regular file
    # That of torch needs a name that is UTF-8; nothing of the tensors is read, so numpy is not asked to hold them.
    with _reading(folder), safetensors.safe_open(folder / WEIGHTS, framework="np") as file:
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
        return {name: (part.get_shape(), part.get_dtype()) for name, part in slices.items()}


def read_weights(folder: Path, expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a model folder. `expected` (may lie on the meta device) says every name, shape and type."""
    shapes = tensors(folder)
    wanted = {name: (list(tensor.shape), _DTYPES[tensor.dtype]) for name, tensor in expected.items()}
    differing = sorted(name for name in shapes.keys() | wanted.keys() if shapes.get(name) != wanted.get(name))
    if differing:
        first = differing[0]
        raise WeightsError(
            "{path} does not match its {config}: {count} tensors differ, first {name}: the file has {found}, "
            "the network needs {wanted}.",
            path=folder / WEIGHTS,
            config=CONFIG,
            count=len(differing),
            name=first,
            found=shapes.get(first),
            wanted=wanted.get(first),
        )
    with _reading(folder):
        if not (folder / atomic.CHECKSUMS).is_file():
            return safetensors.torch.load(limits.read(folder / WEIGHTS, limits.TENSORS))
        listed = atomic.read_folder(folder, (WEIGHTS, CONFIG, run_folder.TRAINED_ON))
        if WEIGHTS not in listed:
            raise WeightsError(
                "{path} does not list {weights}: the folder is damaged, or the file belongs to another folder.",
                path=folder / atomic.CHECKSUMS,
                weights=WEIGHTS,
            )
        return safetensors.torch.load(listed[WEIGHTS])


@contextmanager
def _reading(folder: Path) -> Iterator[None]:
    try:
        yield
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        path = folder / WEIGHTS
        raise WeightsError("Cannot read {path} as weights: {reason}", path=path, reason=error) from error
