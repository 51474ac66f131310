"""Pretrained weights by name: which there are, fetching them, and carrying them to machines without a network."""

from pathlib import Path

from atalho.errors import ConfigError
from atalho.listener import Listener
from atalho.pretrained import carried, located, names, table
from atalho.pretrained.carried import CarriedFile, Left
from atalho.pretrained.table import PretrainedWeights


def list_weights(pattern: str = "*") -> list[PretrainedWeights]:
    """The weights of the table whose name or network fits a shell pattern.

    Raises ConfigError where none does.

    Examples
    --------
    >>> [row.name for row in atalho.list_weights("resnet34")][:2]
    ['tv:resnet34.v1', 'timm:resnet34.a1_in1k']
    """
    return table.read().matching(pattern)


def find_weights(name: str) -> PretrainedWeights:
    """The weights of that name. Raises ConfigError with the nearest names for an unknown one."""
    return table.read().find(name)


def fetch_weights(name: str, model: str | None = None, listener: Listener | None = None) -> Path:
    """The model folder of the weights `name`, fetched and converted unless that was done before.

    Parameters
    ----------
    name
        imagenet, a name of the table, hf:OWNER/NAME[@REVISION] or an https address; the last two may end in
        `#sha256=` and the file's hash.
    model
        The network that they are for, where the name does not say it.
    listener
        Who is told how far it is.

    Returns
    -------
    Path
        A model folder in the cache, which every command takes.

    Raises
    ------
    ConfigError
        The name is unknown or says too little.
    WeightsError
        The weights cannot be had, are not those that the name stands for, or do not fit.
    """
    if not names.is_name(name):
        raise ConfigError(
            "{given!r} names no weights. Accepted: imagenet, a name that `atalho weights list` shows, "
            "hf:OWNER/NAME, or an https address.",
            given=name,
        )
    return located.folder_of(name, model, listener)


def export(folder: Path | str) -> list[CarriedFile]:
    """Copy all weights that were fetched to `folder`, for machines without a network; returns what was copied."""
    return carried.export(Path(folder))


def add(folder: Path | str) -> tuple[list[str], list[Left]]:
    """Take the weights in `folder` as if they had been fetched; returns their names, and what was left and why.

    It holds what `export` wrote, or files called as where they come from (resnet34-b627a593.pth).
    Raises WeightsError where there are none.
    """
    return carried.add(Path(folder))
