import dataclasses
import json
import tomllib

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from atalho.errors import ConfigError
from atalho.networks import catalogue
from atalho.networks.spec import FAMILIES, DenseNetSpec, MLPSpec, ResNetSpec, from_dict, to_dict

counts = st.integers(1, 300)
ends = {"classes": counts, "in_channels": counts, "dropout": st.floats(0, 0.99)}
stages = st.lists(st.tuples(counts, counts), min_size=1, max_size=6)


@st.composite
def specs(draw: st.DrawFn) -> ResNetSpec | DenseNetSpec | MLPSpec:
    chosen = {name: draw(strategy) for name, strategy in ends.items()}
    blocks, widths = zip(*draw(stages), strict=True)
    family = draw(st.sampled_from(sorted(FAMILIES)))
    if family == "mlp":
        return MLPSpec(blocks=blocks, widths=widths, shortcut=draw(st.sampled_from(["projection", "none"])), **chosen)
    chosen["stem"] = draw(st.sampled_from(["small", "large"]))
    if family == "densenet":
        return DenseNetSpec(blocks=blocks, growth_rate=draw(counts), stem_channels=draw(counts), **chosen)
    design = draw(st.sampled_from(["basic", "preactivation-basic"]))
    shortcut = draw(st.sampled_from(["projection", "zero-pad", "none"]))
    return ResNetSpec(design=design, blocks=blocks, widths=widths, shortcut=shortcut, **chosen)


@given(specs())
def test_a_spec_survives_json_and_toml(spec: ResNetSpec | DenseNetSpec | MLPSpec) -> None:
    values = to_dict(spec)
    assert from_dict(values) == spec
    assert from_dict(json.loads(json.dumps(values))) == spec
    assert from_dict(tomllib.loads(tomlkit.dumps(values))) == spec


def test_a_spec_written_by_hand_leaves_out_what_has_a_default() -> None:
    by_hand = tomllib.loads('family = "resnet"\ndesign = "basic"\nblocks = [2, 2, 2, 2]\nwidths = [64, 128, 256, 512]')
    assert from_dict(by_hand) == catalogue.spec("resnet18")


def test_a_spec_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        catalogue.spec("resnet18").classes = 10  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"family": "resnets"}, r"family 'resnets' is not known\. Did you mean resnet"),
        ({"family": None}, r"names no family\. Accepted: densenet, mlp, resnet\."),
        ({"width": 3}, r"family resnet has no value 'width'\. Did you mean widths\?"),
        ({"design": "bottelneck"}, r"design 'bottelneck' is not known\. Did you mean bottleneck"),
        ({"blocks": [2, 2]}, r"blocks \[2, 2\] and widths \[64, 128, 256, 512\]: give one number per stage"),
        ({"blocks": 2}, "blocks 2: accepted is a list of 1 to 64 whole numbers"),
        ({"blocks": []}, "blocks .*: accepted is a list of 1 to 64 whole numbers"),
        ({"blocks": [2, 2, 0, 2]}, "blocks 0: accepted are whole numbers from 1 to 65536"),
        ({"blocks": [3998, 1, 1, 1]}, r"blocks \[3998, 1, 1, 1\]: 4001 in all; accepted are 4000 or fewer"),
        ({"widths": [64, 128, 256, 512.0]}, r"widths 512\.0: accepted are whole numbers"),
        ({"widths": [64, 128, 256, 10**9]}, "widths 1000000000: accepted are whole numbers from 1 to 65536"),
        ({"classes": True}, "classes True: accepted are whole numbers"),
        ({"in_channels": 0}, "in_channels 0: accepted are whole numbers"),
        ({"dropout": 1}, "dropout 1: accepted are numbers from 0 up to, but not, 1"),
        ({"dropout": float("nan")}, "dropout nan: accepted are numbers from 0"),
        ({"shortcut": "zeropad"}, r"shortcut 'zeropad' is not known\. Did you mean zero-pad\?"),
        ({"stem": "tiny"}, r"stem 'tiny' is not known\. Accepted: large, small\."),
        ({"stem": ["small"]}, r"stem \('small',\) is not known\."),
        ({"design": "bottleneck", "narrowing": 5}, "widths 64 and narrowing 5: a width must be a multiple"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        from_dict(to_dict(catalogue.spec("resnet18")) | change)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match="family densenet needs growth_rate, stem_channels"):
        from_dict({"family": "densenet", "blocks": [2]})


@pytest.mark.parametrize("compression", [0, 1.5, "half"])
def test_compression_keeps_a_share(compression: object) -> None:
    with pytest.raises(ConfigError, match=r"compression .*: accepted are numbers above 0, up to 1"):
        DenseNetSpec(growth_rate=4, blocks=(2,), stem_channels=8, compression=compression)  # type: ignore[arg-type]


def test_an_mlp_has_no_zero_pad() -> None:
    with pytest.raises(ConfigError, match=r"shortcut 'zero-pad' is not known\. Accepted: identity, none, projection\."):
        MLPSpec(blocks=(2,), widths=(8,), shortcut="zero-pad")


def test_dense_layers_are_counted_too() -> None:
    with pytest.raises(ConfigError, match="4001 in all"):
        DenseNetSpec(growth_rate=4, blocks=(4000, 1), stem_channels=8)
    with pytest.raises(ConfigError, match="49995 in all"):
        catalogue.spec("densenet-bc-99994-12")
