"""The model folder that a word means: a path is that path, and a name becomes a folder in the user's cache.

Fetching is importing: a foreign file is converted once, by `atalho import` in a process of its own, and everything
else reads the model folder that it made.
"""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, cast

from filelock import FileLock

from atalho import limits
from atalho.errors import AbsentFileError, WeightsError
from atalho.json_values import JsonObject
from atalho.listener import Listener
from atalho.pretrained import cache, names, transport
from atalho.pretrained.names import WeightsSource
from atalho.pretrained.table import PretrainedWeights
from atalho.storage import model_folder
from atalho.text import Text, _, language

_SECONDS: Final = 300
"""The longest that one file may take to be imported."""
_PROGRAM: Final = (
    "import sys; sys.path.append(sys.argv.pop(1)); sys.argv.insert(1, 'import'); from atalho.cli import main; main()"
)


def folder_of(word: Path | str, model: str | None = None, listener: Listener | None = None) -> Path:
    """The run or model folder that `word` means, fetched and converted where it is a name and not there yet.

    `model` is the network that the weights are for, where the name does not say it. Raises ConfigError for a name
    that is unknown or not complete, WeightsError for weights that cannot be had or do not fit.
    """
    if not names.is_name(word):
        names.refuse_network(word)
        return Path(word)
    listener = listener or Listener()
    source = names.source_of(str(word), model)
    target = cache.model_of(source, model if source.row is None else None)
    if model_folder.is_model(target):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        if not model_folder.is_model(target):
            file = cache.found(source) or fetch(source, listener)
            _convert(source, file, _checked_hash(source, file, listener), target, model, listener)
    return target


def fetch(source: WeightsSource, listener: Listener) -> Path:
    """The file of `source`, brought to the cache with what lies beside it. Raises WeightsError where nothing may be."""
    target = cache.file_of(source)
    if cache.offline():
        raise WeightsError(
            "{name} is not on this machine, and ATALHO_OFFLINE or HF_HUB_OFFLINE forbids fetching it. Bring the file "
            "{file} from elsewhere and put it at {path}, or bring a folder of such files and run: "
            "atalho weights add FOLDER",
            name=source.name,
            file=source.described,
            path=target,
        )
    label = _("fetching {name} (MB)").format(name=source.name)
    token = cache.token_for(source)
    for address in source.sidecars:
        _fetch_sidecar(address, target.parent, token)
    transport.fetch(
        source.url,
        target,
        sha256=cache.known_hash(source),
        most=source.bytes,
        token=token,
        told=lambda done, total: listener.work(label, done >> 20, (total or done + 1) >> 20),
    )
    return target


def _fetch_sidecar(address: str, folder: Path, token: str | None) -> None:
    """A small file beside weights, if there is one. Raises WeightsError where nothing says that there is none."""
    target = folder / address.rsplit("/", 1)[-1]
    try:
        transport.fetch(address, target, sha256=None, most=limits.SMALL_JSON.bytes, token=token)
    except AbsentFileError:
        return


def _checked_hash(source: WeightsSource, file: Path, listener: Listener) -> str:
    """The whole hash of `file`. Raises WeightsError where it is not the one that the name stands for."""
    found, expected = transport.hash_of(file), cache.known_hash(source)
    if expected is None:
        cache.remember_hash(source, found)
        listener.note(
            _("{name} has the SHA-256 {digits}; from now on no other file is accepted by this name").format(
                name=source.name, digits=found
            )
        )
    elif not found.startswith(expected):
        raise WeightsError(
            "{path} has the SHA-256 {found}, and {name} has {expected}. Remove the file.",
            path=file,
            found=found,
            name=source.name,
            expected=expected,
        )
    return found


def _convert(
    source: WeightsSource, file: Path, sha256: str, target: Path, model: str | None, listener: Listener
) -> None:
    """Make `target`, all of it or nothing, of a file; what was assumed and the licence are told once."""
    row, network = source.row, source.row.model if source.row is not None else model
    asked = ["--model", network] if network is not None else []
    if row is not None:
        asked += ["--size", str(row.size), "--mean", *map(str, row.mean), "--std", *map(str, row.std)]
        asked += ["--resize", str(row.resize), "--interpolation", row.interpolation, "--task", "classification"]
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unfinished-") as scratch:
        out = Path(scratch) / target.name
        if row is not None:
            asked += ["--classes", _classes(row, Path(scratch))]
        told = _import([str(file), "--out", str(out), *asked], source)
        card = model_folder.read_card(out)
        about: dict[str, Any] = {"weights": source.name, "url": source.url, "sha256": sha256}
        if row is not None:
            about |= {"licence": row.licence, "published_top1": row.top1}
            listener.note(_("{name}: licence {licence}").format(name=row.name, licence=row.licence))
        else:
            listener.note(_("{name}: {what}").format(name=source.name, what=_in_short(told)))
        card = dataclasses.replace(card, provenance={**card.provenance, **about})
        model_folder.copy(out, target, card)


def _classes(row: PretrainedWeights, scratch: Path) -> str:
    if isinstance(row.classes, str):
        return row.classes
    path = scratch / "classes.txt"
    path.write_text("\n".join(row.classes), encoding="utf-8")
    return str(path)


def _in_short(told: JsonObject) -> str:
    """The layout, the network, and what was assumed of the images, with its source."""
    parts = [str(told["layout"]), str(told["network"])]
    for name in ("classes", "mean", "std", "size", "resize", "interpolation"):
        match told.get(name):
            case {"value": value, "source": source}:
                parts.append(f"{name} {value} ({source})")
    return "; ".join(parts)


def _import(asked: list[str], source: WeightsSource) -> JsonObject:
    """Run `atalho import` in a process of its own; what it printed as JSON. Raises WeightsError with what it said."""
    package = str(Path(__file__).parents[2])
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _PROGRAM, package, *asked, "--json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={**os.environ, "LANGUAGE": language()},
        )
    except subprocess.TimeoutExpired:
        raise WeightsError(
            "{name}: importing the file took more than {seconds} seconds and was given up.",
            name=source.name,
            seconds=_SECONDS,
        ) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise WeightsError(
            "{name} cannot be used: {reason}", name=source.name, reason=said or Text("code {n}", n=done.returncode)
        )
    return cast(JsonObject, json.loads(done.stdout))
