"""The words that name weights, and the file behind each.

imagenet, a name of the table (`tv:resnet34`, `timm:resnet34.a1_in1k`), `hf:OWNER/NAME[@REVISION]`, and an https
address; the last two with `#sha256=…` where the hash is known. Every other word is a path.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from atalho import limits
from atalho.errors import ConfigError
from atalho.pretrained import table
from atalho.pretrained.table import PretrainedWeights
from atalho.storage import sidecar

_IMAGENET: Final = "imagenet"
_SCHEMES: Final = ("tv:", "timm:", "hf:", "https:", "http:")
_HUB: Final = re.compile(r"hf:(\w[\w.-]*/\w[\w.-]*)(?:@([\w./-]+))?$")
_HASH: Final = re.compile(r"sha256=([0-9a-f]{64})$")
_LARGEST: Final = 4 * limits.GB
_HUB_FILE: Final = "model.safetensors"


@dataclass(frozen=True)
class WeightsSource:
    """A file of weights somewhere."""

    name: str
    """The word, without its hash."""
    url: str
    sha256: str | None
    """The file's hash or its first digits; None where it is not known yet."""
    bytes: int
    """At most so many."""
    row: PretrainedWeights | None = None
    """What the table says of it."""
    sidecars: tuple[str, ...] = ()
    """Addresses of small files that may lie beside it."""
    hub: tuple[str, str] | None = None
    """Repository and revision on the Hub."""

    @property
    def filename(self) -> str:
        """What the file is called where it comes from."""
        return Path(urlsplit(self.url).path).name or "weights"

    @property
    def described(self) -> str:
        """The address, and the hash as far as it is known."""
        if self.sha256 is None:
            return self.url
        return f"{self.url} (SHA-256 {self.sha256}{'…' * (len(self.sha256) < table.FULL)})"


def is_name(word: Path | str) -> bool:
    """Whether a word names weights, and is no path."""
    return isinstance(word, str) and (word == _IMAGENET or word.startswith(_SCHEMES))


def refuse_network(word: Path | str) -> None:
    """ConfigError for the name of a network, where weights are meant and no folder is called so."""
    row = next((row for row in table.read().rows if row.model == str(word)), None)
    if row is not None and not Path(word).exists():
        raise ConfigError(
            "{given} is a network without weights, and no folder is called so. Its pretrained weights are {name} "
            "(list them with `atalho weights list {given}`)",
            given=str(word),
            name=table.read().imagenet(row.model).name,
        )


def source_of(word: str, model: str | None = None) -> WeightsSource:
    """The file that a name means, for the network `model` where it says none itself.

    Raises ConfigError for a name that is unknown or not complete.
    """
    if word == _IMAGENET:
        if model is None:
            raise ConfigError(
                "imagenet means the weights of a chosen network, and none is chosen. Name it too (--model resnet50), "
                "or give the weights by their own name: tv:resnet50."
            )
        return _of_row(table.read().imagenet(model))
    name, _mark, fragment = word.partition("#")
    sha256 = _hash(word, fragment)
    if name in table.read().by_name:
        return _of_row(table.read().by_name[name])
    if name.startswith("hf:"):
        return _of_hub(name, sha256)
    if name.startswith(("https:", "http:")):
        return WeightsSource(name, name, sha256, _LARGEST)
    return _of_row(table.read().find(name))


def _of_row(row: PretrainedWeights) -> WeightsSource:
    return WeightsSource(row.name, row.url, row.sha256, row.bytes, row)


def _of_hub(name: str, sha256: str | None) -> WeightsSource:
    found = _HUB.match(name)
    if found is None:
        raise ConfigError(
            "{given!r} is not accepted. A repository of the Hub is written hf:OWNER/NAME, or hf:OWNER/NAME@REVISION.",
            given=name,
        )
    repository, revision = found[1], found[2] or "main"
    base = f"{hub_endpoint()}/{repository}/resolve/{quote(revision, safe='')}"
    beside = tuple(f"{base}/{file}" for file in sidecar.FILES)
    return WeightsSource(name, f"{base}/{_HUB_FILE}", sha256, _LARGEST, sidecars=beside, hub=(repository, revision))


def hub_endpoint() -> str:
    """Where the Hub is, or the mirror of it that HF_ENDPOINT names."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def _hash(word: str, fragment: str) -> str | None:
    if not fragment:
        return None
    if (found := _HASH.match(fragment.lower())) is None:
        raise ConfigError(
            "{given!r} is not accepted. After # comes sha256= and the file's SHA-256, 64 hexadecimal digits.",
            given=word,
        )
    return found[1]
