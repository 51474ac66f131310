"""How blocks become networks: spec → plan → network. The names below are resolved when first used.

The catalogue, specs and plans need no torch; building does.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from atalho.networks.build import create
    from atalho.networks.catalogue import list_models
    from atalho.networks.densenet import DenseNetSpec
    from atalho.networks.mlp import MLPSpec
    from atalho.networks.network import Network
    from atalho.networks.plan import Plan
    from atalho.networks.resnet import ResNetSpec
    from atalho.networks.select import by_depth, specify, twin
    from atalho.networks.spec import Spec
    from atalho.networks.weights import export_weights, import_weights

__all__ = [
    "DenseNetSpec",
    "MLPSpec",
    "Network",
    "Plan",
    "ResNetSpec",
    "Spec",
    "by_depth",
    "create",
    "export_weights",
    "import_weights",
    "list_models",
    "specify",
    "twin",
]

_HOMES = {
    "DenseNetSpec": "densenet",
    "MLPSpec": "mlp",
    "Network": "network",
    "Plan": "plan",
    "ResNetSpec": "resnet",
    "Spec": "spec",
    "by_depth": "select",
    "create": "build",
    "export_weights": "weights",
    "import_weights": "weights",
    "list_models": "catalogue",
    "specify": "select",
    "twin": "select",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
