import dataclasses
import json
import tomllib

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from atalho.errors import ConfigError
from atalho.networks import catalogue
from atalho.networks.spec import DenseNetSpec, MLPSpec, ResNetSpec, from_dict, to_dict

counts = st.integers(1, 300)
ends = {"classes": counts, "in_channels": counts, "dropout": st.floats(0, 0.99)}
stages = st.lists(st.tuples(counts, counts), min_size=1, max_size=6)


@st.composite
def specs(draw: st.DrawFn) -> ResNetSpec | DenseNetSpec | MLPSpec:
    chosen = {name: draw(strategy) for name, strategy in ends.items()}
    blocks, widths = zip(*draw(stages), strict=True)
    family = draw(st.sampled_from(["densenet", "mlp", "resnet"]))
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
        ({"family": "resnets"}, r"family = 'resnets' is not accepted\. Did you mean resnet"),
        ({"family": None}, r"family = 'None' is not accepted\. Accepted: densenet, mlp, resnet\."),
        ({"width": 3}, r"width: unknown setting\. Did you mean widths\?"),
        ({"design": "bottelneck"}, r"design = 'bottelneck' is not accepted\. Did you mean bottleneck"),
        ({"blocks": [2, 2]}, r"blocks \[2, 2\] and widths \[64, 128, 256, 512\]: give both one number per stage"),
        ({"blocks": 2}, r"blocks = 2 is not accepted: it must be a list\."),
        ({"blocks": {2, 3}}, r"blocks = \{2, 3\} is not accepted: it must be a list\."),
        ({"blocks": []}, r"blocks = \(\) is not accepted: it must be a list of at least 1\."),
        ({"blocks": [1] * 65}, r"blocks = .* is not accepted: it must be a list of at most 64\."),
        ({"blocks": [2, 2, 0, 2]}, r"blocks\.2 = 0 is not accepted: it must be at least 1\."),
        ({"blocks": [3998, 1, 1, 1]}, r"blocks \[3998, 1, 1, 1\]: 4001 in all; at most 4000 are accepted"),
        ({"widths": [64, 128, 256, 512.0]}, r"widths\.3 = 512\.0 is not accepted: it must be a whole number\."),
        ({"widths": [64, 128, 256, 10**9]}, r"widths\.3 = 1000000000 is not accepted: it must be at most 65536\."),
        ({"classes": True}, r"classes = True is not accepted: it must be a whole number\."),
        ({"in_channels": 0}, r"in_channels = 0 is not accepted: it must be at least 1\."),
        ({"dropout": 1}, r"dropout = 1 is not accepted: it must be less than 1"),
        ({"dropout": float("nan")}, r"dropout = nan is not accepted: it must be a finite number\."),
        ({"shortcut": "zeropad"}, r"shortcut = 'zeropad' is not accepted\. Did you mean zero-pad\?"),
        ({"stem": "tiny"}, r"stem = 'tiny' is not accepted\. Accepted: large, "),
        ({"stem": ["small"]}, r"stem = \['small'\] is not accepted\."),
        ({"last_stride": 3}, r"last_stride = 3 is not accepted\. Accepted: 1, 2\."),
        ({"design": "bottleneck", "narrowing": 5}, "widths 64 and narrowing 5: each width must be a multiple"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        from_dict(to_dict(catalogue.spec("resnet18")) | change)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match=r"growth_rate is missing: a value is required\.\nstem_channels is missing"):
        from_dict({"family": "densenet", "blocks": [2]})


@pytest.mark.parametrize(
    ("compression", "accepted"), [(0, "greater than 0"), (1.5, "at most 1.0"), ("half", "a number")]
)
def test_compression_keeps_a_share(compression: object, accepted: str) -> None:
    with pytest.raises(ConfigError, match=f"compression = .* is not accepted: it must be {accepted}"):
        DenseNetSpec(growth_rate=4, blocks=(2,), stem_channels=8, compression=compression)  # type: ignore[arg-type]


def test_an_mlp_has_no_zero_pad() -> None:
    with pytest.raises(ConfigError, match=r"shortcut = .zero-pad. is not accepted\. Accepted: identity, none, proj"):
        MLPSpec(blocks=(2,), widths=(8,), shortcut="zero-pad")


def test_dense_layers_are_counted_too() -> None:
    with pytest.raises(ConfigError, match="4001 in all"):
        DenseNetSpec(growth_rate=4, blocks=(4000, 1), stem_channels=8)
    with pytest.raises(ConfigError, match="49995 in all"):
        catalogue.spec("densenet-bc-99994-12")


def test_true_is_no_whole_number() -> None:
    values = to_dict(ResNetSpec(design="basic", blocks=(1, 1), widths=(8, 16)))
    assert from_dict(values | {"last_stride": 1}).plan()
    with pytest.raises(ConfigError, match="last_stride = True is not accepted: it must be a whole number"):
        from_dict(values | {"last_stride": True})
