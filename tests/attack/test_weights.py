"""Hostile and damaged weight files to `import`: nothing runs, nothing is written, in little time and memory."""

import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import weight_authors as authors
from attack import ALL, attack, written
from safetensors.torch import save

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

Make = Callable[[Path], None]


def zipped(pickled: bytes, **more: bytes) -> Make:
    """A file as torch.save writes it around a pickle."""

    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("a/data.pkl", pickled)
            for name, content in more.items():
                file.writestr(f"a/{name}", content)

    return make


def tensors(change: Callable[[dict[str, torch.Tensor]], dict[str, object]]) -> Make:
    return lambda path: torch.save(change(dict(authors.resnet18().state_dict())), path)


def calling(call: bytes) -> bytes:
    """A pickle that would call something with the name of a file to be made."""
    return b"\x80\x02" + call + b"."


def in_safetensors(header: object, content: bytes = b"") -> Make:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return written(struct.pack("<Q", len(text)) + text + content)


def compressed(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a/data.pkl", b"\0" * 500_000_000)


def nested(levels: int, kind: bytes) -> bytes:
    """Lists or tuples that each hold the one before ten times."""
    first, last = (b"]q\0(", b"e") if kind == b"]" else (b"(", b"t")
    parts = [first + b"K\0" * 10 + last + (b"" if kind == b"]" else b"q\0")]
    for place in range(levels):
        put = b"q" + bytes([place + 1])
        ten = (b"h" + bytes([place])) * 10
        parts.append(b"]" + put + b"(" + ten + b"e" if kind == b"]" else b"(" + ten + b"t" + put)
    return b"".join(parts)


SYSTEM = b"X\x08\0\0\0touch me"
F32 = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
HOSTILE: dict[str, Make] = {
    "os.system": zipped(calling(b"cos\nsystem\n(" + SYSTEM + b"tR")),
    "posix.system": zipped(calling(b"cposix\nsystem\n(" + SYSTEM + b"tR")),
    "subprocess": zipped(calling(b"csubprocess\nPopen\n(" + SYSTEM + b"tR")),
    "eval": zipped(calling(b"c__builtin__\neval\n(" + SYSTEM + b"tR")),
    "getattr": zipped(calling(b"cbuiltins\ngetattr\n(cos\nsystem\nX\1\0\0\0xtR(" + SYSTEM + b"tR")),
    "INST": zipped(calling(b"(" + SYSTEM + b"ios\nsystem\n")),
    "OBJ": zipped(calling(b"(cos\nsystem\n" + SYSTEM + b"o")),
    "NEWOBJ": zipped(calling(b"csubprocess\nPopen\n(" + SYSTEM + b"t\x81")),
    "NEWOBJ_EX": zipped(b"\x80\x04csubprocess\nPopen\n(" + SYSTEM + b"t}\x92."),
    "STACK_GLOBAL": zipped(b"\x80\x04\x8c\x02os\x8c\x06system\x93" + SYSTEM + b"\x85R."),
    "EXT1": zipped(b"\x80\x04\x82\x01."),
    "EXT4": zipped(b"\x80\x04\x84\x01\0\0\0."),
    "BUILD": zipped(calling(b"cos\nenviron\n}b")),
    "another's result": zipped(calling(b"cnumpy\nload\n(" + SYSTEM + b"tR(tR")),
    "plain pickle": written(pickle.dumps({"a": 1})),
    "plain pickle that calls": written(calling(b"cos\nsystem\n(" + SYSTEM + b"tR")),
    "shared lists": zipped(b"\x80\x02" + nested(9, b"]") + b"."),
    "shared tuples": zipped(b"\x80\x02" + nested(9, b"(") + b"."),
    "shared tuples as a key": zipped(b"\x80\x02}(" + nested(9, b"(") + b"K\0u."),
    "many values": zipped(b"\x80\x02](" + b"K\0" * 5_000_000 + b"e."),
    "a large pickle": zipped(b"\x80\x02X\xff\xff\xff\x05" + b"x" * 100_663_295 + b"."),
    "brackets": zipped(b"\x80\x02" + b"(" * 3_000_000 + b"."),
    "deep lists": zipped(b"\x80\x02" + b"]" * 300_000 + b"a" * 299_999 + b"."),
    "a long number": zipped(b"\x80\x02\x8b\xff\xff\xff\x01" + b"\xff" * 33_554_431 + b"."),
    "no end": zipped(b"\x80\x02]"),
    "a zip bomb": compressed,
    "an empty archive": written(b"PK\x03\x04"),
    "half an archive": lambda path: written((tensors(dict)(path), path.read_bytes()[:20_000_000])[1])(path),
    "claimed numbers": tensors(lambda state: state | {"fc.weight": torch.zeros(1).expand(10**7, 512)}),
    "one storage, many names": tensors(
        lambda state: state | {f"layer4.{n}.conv1.weight": state["layer4.1.conv1.weight"] for n in range(2, 1500)}
    ),
    "65,537 classes": tensors(
        lambda state: state | {"fc.weight": torch.zeros(65_537, 512), "fc.bias": torch.zeros(65_537)}
    ),
    "NaN": tensors(lambda state: state | {"fc.bias": torch.full((5,), torch.nan)}),
    "negative variance": tensors(lambda state: state | {"bn1.running_var": torch.full((64,), -1.0)}),
    "a sparse tensor": tensors(lambda state: state | {"fc.weight": state["fc.weight"].to_sparse()}),
    "a name that is a path": tensors(lambda state: {f"../{name}": v for name, v in state.items() if "conv2" in name}),
    "a header of exabytes": written(struct.pack("<Q", 2**60) + b"{" + b"x" * 100),
    "a header of brackets": in_safetensors(b"{" * 1_000_000),
    "numbers beyond the file": in_safetensors({"fc.weight": F32 | {"shape": [2**40], "data_offsets": [0, 2**42]}}),
    "numbers of another length": in_safetensors({"fc.weight": F32 | {"shape": [5]}}, b"\0" * 16),
    "overlapping numbers": in_safetensors({"a": F32, "b": F32}, b"\0" * 16),
    "negative shapes": in_safetensors({"a": F32 | {"shape": [-4]}}, b"\0" * 16),
    "safetensors of no network": lambda path: path.write_bytes(save({"x": torch.zeros(4)})) and None,
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    **{f"{name}, as weights": make for name, make in ALL.items()},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_weights(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    HOSTILE[name](tmp_path / "weights.pth")
    said = attack(["import", "weights.pth", "--out", "made"], tmp_path)
    assert len(said.splitlines()) == 1
    # The file, and what the command said: nothing was run and nothing written.
    assert set(os.listdir(tmp_path)) == {"weights.pth", "said"}  # noqa: PTH208
