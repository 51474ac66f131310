"""How blocks become networks: spec → plan → network. The names below are resolved when first used.

The catalogue, specs and plans need no torch; building does.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atalho.networks.build import create
    from atalho.networks.catalogue import list_models
    from atalho.networks.network import Network
    from atalho.networks.select import specify
    from atalho.networks.weights import export_weights, import_weights

__all__ = ["Network", "create", "export_weights", "import_weights", "list_models", "specify"]

_HOMES = {
    "Network": "network",
    "create": "build",
    "export_weights": "weights",
    "import_weights": "weights",
    "list_models": "catalogue",
    "specify": "select",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
