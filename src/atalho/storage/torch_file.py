"""What `torch.save` wrote, read without torch.load and without unpickling: no code of the file runs, none is looked up.

The pickle inside is read as values (`data/pickle_values.py`). Of what it would call, only what makes a tensor of
numbers in the file has a meaning here; an object of another class, such as the options of a training program, becomes
an `Inert` that keeps its name alone, and the name of a function of Python's own library is refused.
"""

import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import torch
from torch import Tensor

from atalho import limits
from atalho.data.pickle_values import PERSISTENT, Call, RefusedError, read_values, too_many
from atalho.errors import WeightsError
from atalho.text import Text

ZIP: Final = b"PK\x03\x04"
_LEGACY: Final = 0x1950A86A20F9469CFC6C
"""How a file from before PyTorch 1.6 begins."""
PICKLE_BYTES: Final = 64 * limits.MB
_LOCAL_HEADER: Final = 30
_DTYPES: Final = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
_TENSORS: Final = ("torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor")
_OTHER_TENSORS: Final = "torch._utils _rebuild"  # sparse, quantised, nested
_PARAMETERS: Final = ("torch._utils _rebuild_parameter", "torch._utils _rebuild_parameter_with_state")
_DICTIONARIES: Final = ("collections OrderedDict", "collections defaultdict", "collections Counter")
# Of Python's own library, what only holds values.
_INERT: Final = frozenset({"argparse", "collections", "datetime", "decimal", "enum", "fractions", "pathlib", "typing"})
_INERT_BUILTINS: Final = frozenset(
    {*("object", "slice", "range", "complex", "set", "frozenset", "bytearray"), *("int", "float", "str", "bool")}
)


@dataclass(frozen=True)
class Inert:
    """What stands in place of an object of a class that is not known here. It keeps nothing but the class's name."""

    name: str


def read(path: Path) -> Any:
    """What was saved: tensors, numbers, text, lists, dicts, and an `Inert` for each other object.

    Raises WeightsError for any other file, and for a damaged one.
    """
    try:
        with limits.open_regular(path, limits.TENSORS) as file:
            zipped = file.read(len(ZIP)) == ZIP
            file.seek(0)
            # Mapped, so that only the numbers that are used are read; a change stays in memory.
            numbers = np.memmap(path, mode="c")
            return _of_zip(file, numbers, path) if zipped else _of_legacy(file, numbers)
    except RefusedError as error:
        raise WeightsError("{path}: {reason}; code from files never runs", path=path, reason=error.args[0]) from error
    except WeightsError:
        raise
    except Exception as error:  # damaged bytes make a reader fail in any way at all
        raise WeightsError("{path}: damaged, or not a PyTorch weight file", path=path) from error


def _of_zip(file: IO[bytes], numbers: Any, path: Path) -> Any:
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):
            # torch stores without compression; a compressed archive could unfold to any size.
            raise WeightsError(
                "{path}: a compressed archive; decompress it first (PyTorch's own files are not compressed)", path=path
            )
        root = next(name for name in entries if name.endswith("data.pkl")).removesuffix("data.pkl")
        if f"{root}constants.pkl" in entries:
            raise WeightsError(
                "{path}: a TorchScript program. Save its weights: torch.save(torch.jit.load(file).state_dict(), …)",
                path=path,
            )
        if f"{root}byteorder" in entries and archive.read(f"{root}byteorder") == b"big":
            raise RefusedError(Text("numbers of a big-endian machine"))
        if entries[f"{root}data.pkl"].file_size > PICKLE_BYTES:
            raise too_many()
        with archive.open(f"{root}data.pkl") as pickled:
            saved = read_values(pickled)
    places = {}
    for name, entry in entries.items():
        if name.startswith(f"{root}data/"):
            header = bytes(numbers[entry.header_offset : entry.header_offset + _LOCAL_HEADER])
            lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
            places[name.removeprefix(f"{root}data/")] = entry.header_offset + _LOCAL_HEADER + lengths, entry.file_size
    return _Plain(numbers, places).of(saved)


def _of_legacy(file: IO[bytes], numbers: Any) -> Any:
    """Five pickles (a mark, a version, the machine, what was saved, the names of storages), then the storages."""
    if read_values(file) != _LEGACY:
        raise RefusedError(Text("a pickle that torch.save did not write. Save it again with torch.save"))
    _version, machine, saved, names = (read_values(file) for _pickle in range(4))
    if not machine.get("little_endian", True):
        raise RefusedError(Text("numbers of a big-endian machine"))
    plain = _Plain(numbers, {})
    sizes = plain.storages(saved)
    at = file.tell()
    for name in names:
        count = int.from_bytes(bytes(numbers[at : at + 8]), "little")
        plain.places[name] = at + 8, count * sizes[name]
        at += 8 + count * sizes[name]
    return plain.of(saved)


class _Plain:
    """Values with tensors in place of the calls that make them. What is held in many places counts in each of them."""

    def __init__(self, numbers: Any, places: dict[str, tuple[int, int]]) -> None:
        self.places = places
        """Where the numbers of each storage lie: offset and length in bytes."""
        self._numbers = numbers
        self._count = 0

    def of(self, value: Any) -> Any:
        if isinstance(value, Call):
            return self._made(value)
        if isinstance(value, dict):
            self._add(len(value))
            return {key: self.of(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            self._add(len(value))
            return [self.of(item) for item in value]
        return value

    def storages(self, saved: Any) -> dict[str, int]:
        """The bytes of a number in each storage that `saved` names."""
        found: dict[str, int] = {}
        waiting = [saved]
        while waiting:
            value = waiting.pop()
            self._add(1)
            if isinstance(value, Call) and value.name == PERSISTENT:
                _storage, kind, name, *_rest = value.arguments[0]
                found[name] = _dtype(kind).itemsize
            elif isinstance(value, Call):
                waiting += [*value.arguments, *value.items.values(), *value.state]
            elif isinstance(value, dict):
                waiting += value.values()
            elif isinstance(value, list | tuple):
                waiting += value
        self._count = 0
        return found

    def _made(self, call: Call) -> Any:
        if call.name in _TENSORS:
            return self._tensor(*call.arguments[:4])
        if call.name in _PARAMETERS:
            return self.of(call.arguments[0])
        if call.name == "torch._tensor _rebuild_from_type_v2":
            function, _kind, arguments, _state = call.arguments
            return self._made(Call(function.arguments[0], arguments))
        name = call.arguments[0] if call.name == "global" else call.name
        if name in _DICTIONARIES or call.items:
            return self.of(call.items)
        if name.startswith(_OTHER_TENSORS):
            raise RefusedError(Text("a tensor of a kind that is not supported, {name}", name=name.replace(" ", ".")))
        _refuse_function(name)
        return Inert(name.replace(" ", "."))

    def _tensor(self, storage: Call, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Tensor:
        _storage, kind, name, _device, _count, *view = storage.arguments[0]
        dtype = _dtype(kind)
        place, length = self.places[name]
        if view and view[0] is not None:
            _name, first, _number = view[0]
            offset += first
        if place + length > len(self._numbers) or min((offset, *shape, *strides)) < 0:
            raise ValueError(name)
        stored = self._numbers[place : place + length]
        if place % dtype.itemsize:
            stored = stored.copy()
        flat = torch.frombuffer(stored, dtype=dtype) if length else torch.empty(0, dtype=dtype)
        # torch refuses a view that reaches beyond the numbers.
        return flat.as_strided(shape, strides, offset)

    def _add(self, count: int) -> None:
        self._count += count
        if self._count > limits.PICKLE.values:
            raise too_many()


def _dtype(kind: Call) -> torch.dtype:
    name = kind.arguments[0].split(" ")[-1]
    if name not in _DTYPES:
        raise RefusedError(Text("numbers of a kind that is not supported, {name}", name=name))
    return _DTYPES[name]


def _refuse_function(name: str) -> None:
    """Objects of unknown classes are left out; a name that leads to Python's own functions is no accident."""
    module, _blank, attribute = name.partition(" ")
    top = {"__builtin__": "builtins", "posix": "os", "nt": "os"}.get(module, module.partition(".")[0])
    inert = attribute in _INERT_BUILTINS if top == "builtins" else top in _INERT
    if top in sys.stdlib_module_names and not inert:
        raise RefusedError(Text("it would call {name}. Do not trust this file", name=name.replace(" ", ".")))
