"""The names that other programs give to weights, as rules.

A layout is told by the names of its blocks' convolutions, whatever stands before them: `module.`, `model.`,
`backbone.`, `module.encoder_q.` and the like are no layouts. Its rules bring the names of a backbone to torchvision's
(`torchvision_names.py`). What no rule knows may be a head (`heads.py`).
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from atalho.errors import WeightsError
from atalho.networks.weights.contents import first_few
from atalho.text import N_, Text

OWN: Final = "atalho"


@dataclass(frozen=True)
class Layout:
    """How a program names the weights of a backbone.

    `block` is a pattern for the convolutions of its blocks. In a rule's name, <1> stands for what the first group of
    its pattern has found, and <1+1> for the number after that.
    """

    name: str
    block: str
    rules: tuple[tuple[str, str], ...]
    newest_first: bool = False
    """Dense layers put their new channels before the others."""


LAYOUTS: Final = (
    Layout(
        "torchvision, timm",
        r"layer\d+\.\d+\.conv\d\.weight",
        (
            (r"(layer\d+\.\d+)\.(?:downsample|shortcut)\.", "<1>.downsample."),
            (r"(conv1|bn1|layer\d+)\.", "<1>."),
        ),
    ),
    Layout(
        "torchvision, timm (DenseNet)",
        r"features\.denseblock\d+\.denselayer\d+\.conv\.?\d\.weight",
        (
            (r"(features\.denseblock\d+\.denselayer\d+\.(?:norm|conv))\.?(\d)\.", "<1><2>."),
            (r"features\.norm_final\.", "features.norm5."),
            (r"(features\.(?:conv0|norm0|norm5|transition\d+))\.", "<1>."),
        ),
    ),
    Layout(
        "Hugging Face",
        r"encoder\.stages\.\d+\.layers\.\d+\.layer\.\d+\.convolution\.weight",
        (
            (r"embedder\.embedder\.convolution\.", "conv1."),
            (r"embedder\.embedder\.normalization\.", "bn1."),
            (r"encoder\.stages\.(\d+)\.layers\.(\d+)\.layer\.(\d+)\.convolution\.", "layer<1+1>.<2>.conv<3+1>."),
            (r"encoder\.stages\.(\d+)\.layers\.(\d+)\.layer\.(\d+)\.normalization\.", "layer<1+1>.<2>.bn<3+1>."),
            (r"encoder\.stages\.(\d+)\.layers\.(\d+)\.shortcut\.convolution\.", "layer<1+1>.<2>.downsample.0."),
            (r"encoder\.stages\.(\d+)\.layers\.(\d+)\.shortcut\.normalization\.", "layer<1+1>.<2>.downsample.1."),
        ),
    ),
    Layout(
        # The children of torchvision's network in a row, as fastai, lightly and Lightning's tutorials cut it.
        "torchvision's layers in a row (fastai, lightly)",
        r"[4-7]\.\d+\.conv\d\.weight",
        (
            (r"0\.", "conv1."),
            (r"1\.", "bn1."),
            *((rf"{place}\.(\d+)\.", f"layer{place - 3}.<1>.") for place in (4, 5, 6, 7)),
        ),
    ),
    Layout(
        "pytorch-cifar100 (weiaicunzai)",
        r"conv\d_x\.\d+\.residual_function\.\d\.weight",
        (
            (r"conv1\.0\.", "conv1."),
            (r"conv1\.1\.", "bn1."),
            *(
                (rf"conv{stage}_x\.(\d+)\.residual_function\.{place}\.", f"layer{stage - 1}.<1>.{name}.")
                for stage in (2, 3, 4, 5)
                for place, name in ((0, "conv1"), (1, "bn1"), (3, "conv2"), (4, "bn2"), (6, "conv3"), (7, "bn3"))
            ),
            *((rf"conv{stage}_x\.(\d+)\.shortcut\.", f"layer{stage - 1}.<1>.downsample.") for stage in (2, 3, 4, 5)),
        ),
    ),
    Layout(
        "pytorch-cifar (kuangliu, DenseNet)",
        r"dense\d+\.\d+\.conv\d\.weight",
        (
            (r"conv1\.", "features.conv0."),
            (r"dense(\d+)\.(\d+)\.bn(\d)\.", "features.denseblock<1>.denselayer<2+1>.norm<3>."),
            (r"dense(\d+)\.(\d+)\.conv(\d)\.", "features.denseblock<1>.denselayer<2+1>.conv<3>."),
            (r"trans(\d+)\.bn1?\.", "features.transition<1>.norm."),
            (r"trans(\d+)\.conv1?\.", "features.transition<1>.conv."),
            (r"bn1?\.", "features.norm5."),
        ),
        newest_first=True,
    ),
    Layout(
        "densenet-pytorch (andreasveit)",
        r"block\d+\.layer\.\d+\.conv\d\.weight",
        (
            (r"conv1\.", "features.conv0."),
            (r"block(\d+)\.layer\.(\d+)\.bn(\d)\.", "features.denseblock<1>.denselayer<2+1>.norm<3>."),
            (r"block(\d+)\.layer\.(\d+)\.conv(\d)\.", "features.denseblock<1>.denselayer<2+1>.conv<3>."),
            (r"trans(\d+)\.bn1\.", "features.transition<1>.norm."),
            (r"trans(\d+)\.conv1\.", "features.transition<1>.conv."),
            (r"bn1\.", "features.norm5."),
        ),
    ),
)

# Of two copies of a network, as self-supervision trains them, the one that its authors use.
_COPIES: Final = (r"ema|teacher", r"encoder_q|online|query|student", r"", r"encoder_k|momentum|target|key")
_SELF_SUPERVISED: Final = re.compile(
    r"(^|\.|_)(encoder_[qk]|online|target|student|teacher|momentum|queue|prototypes|projector|projection|predictor"
    r"|last_layer|mlp)"
)

# What names of weights give away, and what there is instead.
_OTHERS: Final = (
    (r"(^|\.)(patch_embed|cls_token|class_token|pos_embed)", N_("the layers of a vision transformer")),
    (r"(^|\.)conv1\.\d+\.weight$", N_("a stem of several convolutions, as in timm's resnet…d, resnet…t and others")),
    (r"downsample\.2\.", N_("average pooling in the shortcuts, as in timm's resnet…d")),
    (r"\.(IN|BN)\.", N_("instance normalisation (IBN)")),
    (r"(^|\.)NL_\d", N_("non-local layers")),
    (r"\.(se|attn|eca|cbam)\.", N_("attention over channels, such as squeeze-and-excitation")),
    (
        r"(^|\.)(blocks|features)\.\d+\.(\d+\.)?(conv_dw|conv_pw|block|conv\.\d)",
        N_("the blocks of an EfficientNet or MobileNet"),
    ),
    (r"\.gn\d\.|\.convShortcut\.", N_("the blocks of another residual network (BiT, or the WideResNet of CIFAR)")),
    (r"(^|\.)(dwconv|gamma)\b", N_("the blocks of a ConvNeXt")),
)


@dataclass(frozen=True)
class Recognised:
    """The weights of a backbone by torchvision's names (or, of the layout "atalho", ours), and the others by theirs."""

    layout: str
    prefix: str
    body: dict[str, Tensor]
    others: dict[str, Tensor]
    """What no rule knows: a head, and what only training needs."""
    copies: tuple[str, ...] = ()
    """Before the names of further copies of the network, which are left out."""

    @property
    def self_supervised(self) -> bool:
        """Whether the head is a projection for a training without labels."""
        return any(map(_SELF_SUPERVISED.search, (self.prefix, *self.others, *self.copies)))


def recognise(tensors: Mapping[str, Tensor]) -> Recognised:
    """The layout of the weights `tensors`. Raises WeightsError, saying what they seem to be, where it is not known."""
    if any(re.match(r"stem\.(conv|linear)\.", name) for name in tensors):
        return Recognised(OWN, "", dict(tensors), {})
    votes = {
        layout: Counter(match[1] for name in tensors if (match := re.match(rf"((?:[^.]+\.)*?){layout.block}$", name)))
        for layout in LAYOUTS
    }
    layout = max(votes, key=lambda row: max(votes[row].values(), default=0))
    if not votes[layout]:
        raise unknown(tensors)
    most = max(votes[layout].values())
    prefixes = sorted(prefix for prefix, count in votes[layout].items() if 2 * count >= most)
    prefix, *copies = sorted(prefixes, key=_preference)
    inside = {name: name.removeprefix(prefix) for name in tensors if name.startswith(prefix)}
    named = {name: _common(layout, inner) for name, inner in inside.items()}
    if layout.newest_first and "trans1.conv1.weight" in inside.values():  # bamos' copy of it, in the usual order
        layout = replace(layout, name="densenet.pytorch (bamos)", newest_first=False)
    body = {common: tensors[name] for name, common in named.items() if common is not None}
    wrappers = [prefix[: dot.end()] for dot in re.finditer(r"\.", prefix)]
    others = {
        inside.get(name) or _without(name, wrappers): values
        for name, values in tensors.items()
        if named.get(name) is None and not any(name.startswith(copy) for copy in copies if copy)
    }
    if layout.newest_first:
        body, others = _oldest_first(body, others)
    return Recognised(layout.name, prefix, body, others, tuple(copies))


def unknown(tensors: Mapping[str, Tensor], what: Text | None = None) -> WeightsError:
    """The error for weights of no known layout, or for what (`what`, where it is known) they have beside it."""
    text = Text("unknown layout of the weights: the first names are {given}.", given=first_few(list(tensors)))
    return WeightsError(Text.joined(text, *filter(None, [foreign_to(tensors, what)])))


def foreign_to(names: Mapping[str, Tensor] | list[str], what: Text | None = None) -> Text | None:
    """What names of weights give away that Atalho's networks do not have; None where nothing is known of them."""
    signs = (text for sign, text in _OTHERS if any(re.search(sign, name) for name in names))
    what = what or next(map(Text, signs), None)
    if what is None:
        return None
    return Text(
        "They have {what}, which Atalho does not support. It has ResNets and DenseNets as torchvision does "
        "(`atalho models`): use weights of one of these.",
        what=what,
    )


def _without(name: str, wrappers: list[str]) -> str:
    """A name beside the backbone without what stands before both."""
    return name.removeprefix(next((wrapper for wrapper in wrappers[::-1] if name.startswith(wrapper)), ""))


def _preference(prefix: str) -> int:
    return next(place for place, sign in enumerate(_COPIES) if re.search(sign, prefix) and (sign or _plain(prefix)))


def _plain(prefix: str) -> bool:
    return re.search(_COPIES[-1], prefix) is None


def _common(layout: Layout, name: str) -> str | None:
    """torchvision's name for one of a layout; None where no rule knows it."""
    for pattern, template in layout.rules:
        if match := re.match(pattern, name):
            found = re.sub(r"<(\d)(\+1)?>", lambda part: _group(match, part), template)
            return found + name[match.end() :]
    return None


def _group(match: re.Match[str], part: re.Match[str]) -> str:
    text = match[int(part[1])]
    return str(int(text) + 1) if part[2] else text


def _oldest_first(body: dict[str, Tensor], others: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Weights for channels in the order in which they were made, of a network that puts the newest first."""
    growth = body["features.denseblock1.denselayer1.conv2.weight"].shape[0]
    channels = body["features.conv0.weight"].shape[0]
    ordered, block = dict(body), 1
    while True:
        first = channels  # those that the dense block takes
        layer = 1
        while f"features.denseblock{block}.denselayer{layer}.conv1.weight" in body:
            place = f"features.denseblock{block}.denselayer{layer}"
            _reorder(ordered, (f"{place}.norm1.", f"{place}.conv1."), first, growth)
            channels, layer = channels + growth, layer + 1
        if f"features.transition{block}.conv.weight" not in body:
            break
        place = f"features.transition{block}"
        _reorder(ordered, (f"{place}.norm.", f"{place}.conv."), first, growth)
        channels, block = body[f"{place}.conv.weight"].shape[0], block + 1
    _reorder(ordered, ("features.norm5.",), first, growth)
    ends = dict(others)
    _reorder(ends, tuple(name.removesuffix("weight") for name, v in others.items() if v.ndim == 2), first, growth)
    return ordered, ends


def _reorder(weights: dict[str, Tensor], places: tuple[str, ...], first: int, growth: int) -> None:
    """Turn the groups of channels around, `first` at the end and `growth` in each of the others."""
    for name, values in list(weights.items()):
        if name.startswith(places) and values.ndim:
            axis = 0 if values.ndim == 1 else 1
            if not (values.ndim == 1 and name.endswith("bias") and "norm" not in name):
                count = (values.shape[axis] - first) // growth
                parts = torch.split(values, [growth] * count + [first], dim=axis)
                weights[name] = torch.cat(parts[::-1], dim=axis)
