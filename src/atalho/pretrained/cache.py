"""Where fetched weights are kept: the files as they came, and the model folders made of them.

Other programs' caches, torch's and the Hub's, are looked into and never written.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from atalho import limits
from atalho.data.decoding.cache import cache_folder
from atalho.pretrained import names, transport
from atalho.pretrained.names import WeightsSource
from atalho.storage import atomic
from atalho.validation import checked

_UNFIT: Final = re.compile(r"[^A-Za-z0-9._-]+")
_VERSION: Final = 2
"""Of what a model folder is made by: another one would be made anew."""


@dataclass(frozen=True)
class RememberedHash:
    """What the file at an address hashed to when it was first fetched."""

    name: str
    url: str
    sha256: str


def folder() -> Path:
    """Everything that is fetched is below it."""
    return cache_folder() / "weights"


def file_of(source: WeightsSource) -> Path:
    """Where the file of `source` is kept, under the name that it has where it comes from.

    Different files may have one name; so those that the table does not have stand in a folder of their own.
    """
    files = folder() / "files"
    return files / source.filename if source.row is not None else files / _digest(source.url) / source.filename


def model_of(source: WeightsSource, model: str | None) -> Path:
    """The model folder that is made of `source`, as the network `model` where it does not say itself which it is."""
    key = _digest(f"{_VERSION}\n{source.url}\n{source.sha256}\n{model}")
    return folder() / "models" / f"{_UNFIT.sub('_', source.name)[-60:]}-{key}"


def known_hash(source: WeightsSource) -> str | None:
    """The hash of the file at this address: as the name says it, or as it was when it was first fetched."""
    return source.sha256 or next((known.sha256 for known in remembered() if known.url == source.url), None)


def remember_hash(source: WeightsSource, sha256: str) -> None:
    """From now on the file at this address must have this hash."""
    known = {"name": source.name, "url": source.url, "sha256": sha256}
    atomic.make_folder(folder() / "hashes")
    atomic.write_json(folder() / "hashes" / f"{_digest(source.url)}.json", known)


def remembered() -> Iterator[RememberedHash]:
    """What was fetched by an address that the table does not have."""
    for path in sorted((folder() / "hashes").glob("*.json")):
        with suppress(OSError, ValueError):
            yield checked(RememberedHash, limits.read_json(path, limits.SMALL_JSON))


def found(source: WeightsSource) -> Path | None:
    """The file of `source`, if it is on this machine: fetched before, put there by hand, or in another cache.

    Of another program's files only one of the right hash counts.
    """
    own = file_of(source)
    if own.is_file():
        return own
    expected = known_hash(source)
    if expected is None:
        return None
    return next((path for path in _elsewhere(source) if transport.hash_of(path).startswith(expected)), None)


def _elsewhere(source: WeightsSource) -> Iterator[Path]:
    places = [torch_cache() / source.filename]
    if source.hub is not None:
        repository, _revision = source.hub
        snapshots = hub_cache() / f"models--{repository.replace('/', '--')}" / "snapshots"
        with suppress(OSError):
            places += sorted(snapshots.glob(f"*/{source.filename}"))
    yield from (path for path in places if path.is_file())


def torch_cache() -> Path:
    """Where PyTorch keeps what `torch.hub` fetched."""
    home = os.environ.get("TORCH_HOME")
    return (Path(home) if home else _user_cache() / "torch") / "hub" / "checkpoints"


def hub_cache() -> Path:
    """Where the Hub's own programs keep repositories."""
    if os.environ.get("HF_HUB_CACHE"):
        return Path(os.environ["HF_HUB_CACHE"])
    home = os.environ.get("HF_HOME")
    return (Path(home) if home else _user_cache() / "huggingface") / "hub"


def token() -> str | None:
    """What the Hub gave the user to identify themselves by."""
    return os.environ.get("HF_TOKEN") or None


def offline() -> bool:
    """Whether nothing may be fetched."""
    return any(os.environ.get(name, "0") not in ("", "0") for name in ("ATALHO_OFFLINE", "HF_HUB_OFFLINE"))


def token_for(source: WeightsSource) -> str | None:
    """The token, for a file of the Hub alone."""
    return token() if source.url.startswith(f"{names.hub_endpoint()}/") else None


def _user_cache() -> Path:
    """Both programs follow $XDG_CACHE_HOME on every system, and else use ~/.cache."""
    given = os.environ.get("XDG_CACHE_HOME")
    return Path(given) if given else Path("~/.cache").expanduser()


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
