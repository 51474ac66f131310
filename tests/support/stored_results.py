"""Results as experiments stored them, with what a test wants to be different."""

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from atalho import stored
from atalho.lab.shared.verdict import SHARE, Interval

RESULTS = Path(__file__).parents[2] / "results"
FILES = {
    "compare": "lab-compare-cifar10.json",
    "cost": "lab-cost.json",
    "depth": "lab-depth-cifar10-jpeg.json",
    "gradients": "lab-gradients-resnet56-plain56.json",
    "identity": "lab-identity-resnet34.json",
    "landscape": "lab-landscape-resnet56-plain56.json",
    "lesion": "lab-lesion-resnet56-plain56.json",
}
# What these keys hold is by name: a test gives all of it.
_BY_NAME = {"models", "kinds", "trained", "moments", "specs"}
_WHOLE = {"spec", "verdict", "provenance"}


def experiment(name: str) -> Any:
    """The type of what the experiment of that name finds."""
    return importlib.import_module(f"atalho.lab.{name}").read.__self__


def like(name: str, **changes: Any) -> Any:
    """The stored result of an experiment with other values; of a list of dicts, each begins as the first one did."""
    plain = changed(json.loads((RESULTS / FILES[name]).read_bytes()), changes)
    return stored.filled(experiment(name), plain, path=Path("nowhere"))


def sample(values: Sequence[float]) -> dict[str, Any]:
    """A mean over seeds as results keep it."""
    plain: dict[str, Any] = stored.to_json(Interval.over_seeds(values, within=SHARE).sample(values))
    return plain


def changed(kept: Any, given: Any) -> Any:
    """`kept`, with what is `given` in its place."""
    if isinstance(kept, dict) and isinstance(given, dict):
        return kept | {name: _inner(name, kept.get(name), value) for name, value in given.items()}
    if isinstance(kept, list) and isinstance(given, list) and kept and isinstance(kept[0], dict):
        return [changed(kept[0], value) for value in given]
    return given


def _inner(name: str, kept: Any, value: Any) -> Any:
    if name in _WHOLE or kept is None:
        return value
    if name in _BY_NAME:
        return {key: changed(next(iter(kept.values())), inner) for key, inner in value.items()}
    return changed(kept, value)
