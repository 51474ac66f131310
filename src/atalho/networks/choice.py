"""From what a person asks for to a spec: a name or a spec, and what should differ from it. No torch here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from atalho.config import SMALL_IMAGE
from atalho.errors import ConfigError
from atalho.locale import _
from atalho.networks import catalogue
from atalho.networks.spec import MLPSpec, ResNetSpec, Spec

StemChoice = Literal["auto", "small", "large"]
ShortcutChoice = Literal["auto", "projection", "zero-pad", "identity", "none"]


def specify(
    name: str | Spec,
    *,
    classes: int | None = None,
    in_channels: int | None = None,
    stem: StemChoice = "auto",
    shortcut: ShortcutChoice = "auto",
    dropout: float | None = None,
    image_size: int | None = None,
) -> Spec:
    """The spec of a name (or the given one), changed where a value is given; see `networks.create`.

    Raises ConfigError for what is neither, and for values that do not go together.
    """
    if not isinstance(name, str | Spec):
        raise ConfigError(_("{given!r} is no network. Give a name of the catalogue or a spec.").format(given=name))
    chosen = catalogue.spec(name) if isinstance(name, str) else name
    ends = {"classes": classes, "in_channels": in_channels, "dropout": dropout}
    changes: dict[str, Any] = {field: value for field, value in ends.items() if value is not None}
    changes.update(_pixels(chosen, stem, image_size))
    changes.update(_shortcut(chosen, shortcut))
    return replace(chosen, **changes)


def stem_advice(spec: Spec, image_size: int) -> str | None:
    """A warning where the stem does not suit images of `image_size` pixels; None where it does."""
    if isinstance(spec, MLPSpec) or spec.stem == "small" or image_size > SMALL_IMAGE:
        return None
    return _(
        "stem 'large' on images of {size} pixels: little of the image is left for the blocks, which costs many "
        "points of accuracy; stem 'small' suits images up to {limit} pixels"
    ).format(size=image_size, limit=SMALL_IMAGE)


def _pixels(spec: Spec, stem: StemChoice, image_size: int | None) -> dict[str, Any]:
    if isinstance(spec, MLPSpec):
        if stem != "auto":
            raise ConfigError(_("stem {given!r}: a residual MLP has no such stem; leave it at auto").format(given=stem))
        return {} if image_size is None else {"side": min(image_size, SMALL_IMAGE)}
    if stem != "auto":
        return {"stem": stem}
    if image_size is None:
        return {}
    return {"stem": "small" if image_size <= SMALL_IMAGE else "large"}


def _shortcut(spec: Spec, shortcut: ShortcutChoice) -> dict[str, Any]:
    if shortcut == "auto":
        return {}
    if not isinstance(spec, ResNetSpec | MLPSpec):
        raise ConfigError(
            _("shortcut {given!r}: a DenseNet concatenates and has none; leave it at auto").format(given=shortcut)
        )
    if spec.shortcut == "none" and shortcut != "none":
        raise ConfigError(
            _("shortcut {given!r}: this is a plain network, which has none; name the residual one").format(
                given=shortcut
            )
        )
    return {"shortcut": shortcut}
