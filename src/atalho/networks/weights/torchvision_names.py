"""torchvision's names for our weights, which every other layout's rules lead to."""

from atalho.errors import ConfigError
from atalho.networks.network import Network
from atalho.networks.plan import PREACTIVATIONS
from atalho.networks.spec import DenseNetSpec, MLPSpec, ResNetSpec


def torchvision_names(network: Network) -> dict[str, str]:
    """Own name → torchvision's name, for every weight and statistic of a ResNet or DenseNet."""
    spec = network.spec
    if spec.embedding:
        raise _no_names()
    return {name: common_name(spec, name) for name in network.state_dict()}


def common_name(spec: ResNetSpec | DenseNetSpec | MLPSpec, own: str) -> str:
    """torchvision's name for a weight of a ResNet or DenseNet. Raises ConfigError where it has none."""
    if isinstance(spec, MLPSpec) or (isinstance(spec, ResNetSpec) and _of_our_own(spec)):
        raise _no_names()
    return (_densenet_name if isinstance(spec, DenseNetSpec) else _resnet_name)(own)


def _of_our_own(spec: ResNetSpec) -> bool:
    return spec.design in PREACTIVATIONS or spec.stem == "small-double"


def _no_names() -> ConfigError:
    return ConfigError(
        "torchvision does not have this network, so it has no names for its weights. Only Atalho's own names fit it: "
        "from Python, export_weights(network, layout='atalho')"
    )


def _resnet_name(own: str) -> str:
    parts = own.split(".")
    match parts:
        case ["stem", "conv" | "norm" as layer, *rest]:
            place = ["conv1" if layer == "conv" else "bn1"]
        case ["stages", stage, block, "residual", layer, *rest]:
            place = [f"layer{int(stage) + 1}", block, layer.replace("norm", "bn")]
        case ["stages", stage, block, "shortcut", layer, *rest]:
            place = [f"layer{int(stage) + 1}", block, "downsample", "0" if layer == "conv" else "1"]
        case ["head", "classifier", *rest]:
            place = ["fc"]
        case _:
            raise ValueError(own)
    return ".".join([*place, *rest])


def _densenet_name(own: str) -> str:
    parts = own.split(".")
    match parts:
        case ["stem", layer, *rest]:
            place = ["features", f"{layer}0"]
        case ["stages", stage, "0", "layers", index, layer, *rest]:
            place = ["features", f"denseblock{int(stage) + 1}", f"denselayer{int(index) + 1}", layer]
        case ["stages", stage, "1", layer, *rest]:
            place = ["features", f"transition{int(stage) + 1}", layer]
        case ["closing", "norm", *rest]:
            place = ["features", "norm5"]
        case ["head", "classifier", *rest]:
            place = ["classifier"]
        case _:
            raise ValueError(own)
    return ".".join([*place, *rest])
