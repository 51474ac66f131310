"""A network and its control: the same network with and without shortcuts. No torch here."""

from __future__ import annotations

from dataclasses import replace

from atalho.blocks.kinds import ShortcutKind
from atalho.networks import catalogue
from atalho.networks.spec import DenseNetSpec, MLPSpec, ResNetSpec, Spec


def twin(name: str, spec: Spec) -> tuple[str, Spec] | None:
    """The plain twin of a residual network, or the residual one of a plain network, and a name for it.

    They differ in the shortcuts alone. The catalogue's name where it has one, else the given one with what it is. None
    for a dense network: without its concatenations it would be another network in more than its shortcuts.
    """
    if isinstance(spec, DenseNetSpec):
        return None
    kinds: tuple[ShortcutKind, ...] = ("none",)
    if spec.shortcut == "none":
        kinds = ("projection",) if isinstance(spec, MLPSpec) else ("zero-pad", "projection")
    twins = [replace(spec, shortcut=kind) for kind in kinds]
    named = ((_name(other), other) for other in twins)
    otherwise = f"{name}-{'residual' if spec.shortcut == 'none' else 'plain'}", twins[0]
    return next(((known, other) for known, other in named if known is not None), otherwise)


def _name(spec: ResNetSpec | MLPSpec) -> str | None:
    """The catalogue's name of a network, whatever its classes, channels, dropout and images."""
    for name in catalogue.list_models():
        row = catalogue.spec(name)
        ends = {"classes": spec.classes, "in_channels": spec.in_channels, "dropout": spec.dropout}
        if isinstance(spec, MLPSpec) and isinstance(row, MLPSpec):
            row = replace(row, **ends, side=spec.side)  # type: ignore[arg-type]
        elif isinstance(spec, ResNetSpec) and isinstance(row, ResNetSpec):
            row = replace(row, **ends, stem=spec.stem)  # type: ignore[arg-type]
        if row == spec:
            return name
    return None
