"""Weights that somebody published: a server has them, the table gives them a name, and the cache is empty."""

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from file_server import FileServer, serving

import atalho
from atalho.pretrained import table

CLASSES = tuple("abcdefghij")


@dataclass
class World:
    """A server with weights in torchvision's layout, which the table calls tv:tiny, and an empty cache."""

    server: FileServer
    network: atalho.Network
    content: bytes
    filename: str


@contextmanager
def published(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The world in which tv:tiny is published; `folder` gets the table and the caches."""
    torch.manual_seed(0)
    network = atalho.create("resnet20", classes=10).eval()
    file = io.BytesIO()
    torch.save(atalho.export_weights(network), file)
    content = file.getvalue()
    sha256 = hashlib.sha256(content).hexdigest()
    row = {
        **json.loads(Path(table.__file__).with_name("table.json").read_text())["rows"][0],
        "name": "tv:tiny.v1",
        "also": ["tv:tiny", "tv:resnet20"],
        "model": "resnet20",
        "sha256": sha256[:8],
        "url": f"https://weights.example.org/models/tiny-{sha256[:8]}.pth",
        "bytes": len(content) + 100,
        "size": 32,
        "resize": 37,
        "interpolation": "bicubic",
        "classes": CLASSES,
        "licence": "CC0-1.0",
    }
    (folder / "table.json").write_text(json.dumps({"rows": [row]}))
    monkeypatch.setenv("ATALHO_WEIGHTS", str(folder / "table.json"))
    monkeypatch.setenv("ATALHO_CACHE", str(folder / "cache"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "others"))
    for name in ("TORCH_HOME", "HF_HOME", "HF_HUB_CACHE", "HF_TOKEN", "ATALHO_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    with serving() as server:
        monkeypatch.setenv("ATALHO_MIRROR", server.url)
        server.files[f"/models/tiny-{sha256[:8]}.pth"] = content
        yield World(server, network, content, f"tiny-{sha256[:8]}.pth")
