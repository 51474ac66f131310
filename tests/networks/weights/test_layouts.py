"""Weights in their authors' names give their authors' outputs, whatever stands before and behind the backbone."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
import timm
import torch
import torchvision
import weight_authors as authors
from torch import Tensor, nn

from atalho import networks
from atalho.errors import WeightsError
from atalho.networks import weights
from atalho.networks.network import Network


def network_of(contents: Mapping[str, object]) -> tuple[Network, weights.Recognised, weights.ForeignHead]:
    """The network that the weights say they are of."""
    found = weights.recognise(weights.weights_of(contents))
    spec = weights.spec_of(found.body)
    head = weights.head_of(found, spec.plan().out_channels)
    own = networks.create(spec, classes=head.classes).eval()
    weights.put(own, found, head)
    return own, found, head


@torch.no_grad()
def assert_same(own: nn.Module, peer: nn.Module, side: int = 64) -> None:
    x = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))
    expected = peer.eval()(x)
    found = own(x) if isinstance(own, Network) and own.spec.classes else own.embedding(x)  # type: ignore[union-attr, operator]
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


PREFIXES = (
    *("module.", "_orig_mod.", "_orig_mod.module.", "module._orig_mod.", "model.", "net.", "backbone.", "model.net."),
    *("encoder.", "base_model.model.", "feature_extractor."),
)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_whatever_stands_before_the_names_is_taken_off(prefix: str) -> None:
    peer = authors.resnet18()
    own, found, _head = network_of({"state_dict": {f"{prefix}{name}": v for name, v in peer.state_dict().items()}})
    assert found.prefix == prefix
    assert_same(own, peer)


@pytest.mark.parametrize("head", ["fc", "classifier", "head", "head.fc", "fc.1", "last_linear", "linear.0"])
def test_a_linear_layer_on_the_features_is_the_classifier(head: str) -> None:
    peer = authors.resnet18()
    renamed = {f"model.{name}".replace("model.fc.", f"{head}."): v for name, v in peer.state_dict().items()}
    more = {"criterion.weight": torch.ones(5), "accuracy": torch.ones(())}
    own, _found, read = network_of({"state_dict": renamed | more})
    assert read.classes == 5
    assert set(read.left_out) == {"criterion.weight", "accuracy"}
    assert_same(own, peer)


@pytest.mark.parametrize(("blocks", "bottleneck"), [((2, 1, 1, 1), False), ((1, 2, 1, 1), True)])
def test_hugging_face(blocks: tuple[int, ...], bottleneck: bool) -> None:
    peer = authors.randomised(authors.HuggingFace(blocks, bottleneck))
    own, found, head = network_of(peer.state_dict())
    assert (found.layout, found.prefix, head.classes) == ("Hugging Face", "resnet.", 5)
    assert_same(own, peer)


def test_weiaicunzai() -> None:
    peer = authors.randomised(authors.SmallNetwork())
    assert_same(network_of(peer.state_dict())[0], peer, side=32)


@pytest.mark.parametrize("kuangliu", [True, False])
def test_dense_networks_for_cifar_in_both_orders_of_channels(kuangliu: bool) -> None:
    peer = authors.randomised(authors.CifarDenseNet(kuangliu))
    own, found, _head = network_of({"net": {f"module.{name}": v for name, v in peer.state_dict().items()}, "acc": 90.0})
    assert ("kuangliu" in found.layout) == kuangliu
    assert_same(own, peer, side=32)


def test_gpleiss_dense_network_ends_in_norm_final() -> None:
    peer = torchvision.models.densenet121(num_classes=5)
    renamed = {name.replace("norm5", "norm_final"): v for name, v in authors.randomised(peer).state_dict().items()}
    assert_same(network_of({"model_state_dict": renamed})[0], peer)


def test_layers_in_a_row_as_fastai_has_them() -> None:
    whole = authors.resnet18()
    body = nn.Sequential(*list(whole.children())[:-2])
    head = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(1024), nn.Linear(1024, 512, bias=False), nn.Linear(512, 3))
    own, found, read = network_of({"model": nn.Sequential(body, head).state_dict()})
    assert found.prefix == "0."
    assert read.kind == "none"
    assert "it is not one linear layer on the features" in str(read.said)
    assert_same(own, authors.headless(whole))
    # lightly and Lightning's lessons: the same without its last layer, the classifier beside it
    both = nn.ModuleDict({"backbone": nn.Sequential(*list(whole.children())[:-1]), "classifier": nn.Linear(512, 3)})
    own, found, read = network_of(both.state_dict())
    assert (found.prefix, read.classes) == ("backbone.", 3)


def projector() -> dict[str, Tensor]:
    layers = nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 128))
    return layers.state_dict()


def self_supervised(kind: str, body: Mapping[str, Tensor]) -> dict[str, object]:
    """Checkpoints of training without labels: the backbone and what stands around it."""
    other = {name: torch.zeros_like(values) for name, values in body.items()}
    plain = {"fc.weight": torch.randn(128, 512), "fc.bias": torch.zeros(128)}

    def under(prefix: str, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {f"{prefix}{name}": v for name, v in values.items()}

    match kind:
        case "MoCo v1":
            copies = under("module.encoder_q.", {**body, **plain}) | under("module.encoder_k.", {**other, **plain})
            return {"state_dict": {**copies, "module.queue": torch.zeros(128, 9), "module.queue_ptr": torch.zeros(1)}}
        case "MoCo v2":
            mlp = under("fc.", projector())
            copies = under("module.encoder_k.", {**other, **mlp}) | under("module.encoder_q.", {**body, **mlp})
            return {"state_dict": copies}
        case "SimCLR":
            return {"state_dict": under("backbone.", {**body, **under("fc.", projector())})}
        case "DINO":
            head = {
                "module.head.mlp.0.weight": torch.ones(64, 512),
                "module.head.last_layer.weight_g": torch.zeros(9, 1),
            }
            return {"student": {**under("module.backbone.", other), **head},
                    "teacher": {**under("module.backbone.", body), **head}}  # fmt: skip
        case "BYOL":
            online = under("online_encoder.net.", body) | under("online_encoder.projector.net.", projector())
            return online | under("target_encoder.net.", other)
        case "SwAV":
            return {**under("module.", body), **under("module.projection_head.", projector()),
                    "module.prototypes.weight": torch.zeros(300, 128)}  # fmt: skip
        case "BYOL, momentum":
            return (
                under("backbone.", body) | under("backbone_momentum.", other) | under("projection_head.", projector())
            )
    return dict(body)


@pytest.mark.parametrize("kind", ["MoCo v1", "MoCo v2", "SimCLR", "DINO", "BYOL", "SwAV", "BYOL, momentum", "plain"])
def test_the_backbone_of_training_without_labels(kind: str) -> None:
    peer = authors.headless(authors.resnet18())
    own, found, head = network_of(self_supervised(kind, peer.state_dict()))
    assert (own.spec.classes, head.kind) == (0, "none")
    assert_same(own, peer)
    if "MoCo" in kind:
        assert found.copies == ("module.encoder_k.",)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: timm.create_model("resnet26d", num_classes=2), "a stem of several convolutions"),
        (lambda: timm.create_model("seresnet18", num_classes=2), "attention over channels"),
        (lambda: timm.create_model("resnext26ts", num_classes=2), "which Atalho does not|first names are"),
        (lambda: torchvision.models.resnext50_32x4d(num_classes=2), r"grouped convolutions \(ResNeXt\)"),
        (lambda: timm.create_model("vit_tiny_patch16_224", num_classes=2), "the layers of a vision transformer"),
        (lambda: torchvision.models.vgg11(num_classes=2), "unknown layout of the weights"),
    ],
)
def test_other_networks_are_refused_with_the_reason(make: object, what: str) -> None:
    with pytest.raises(WeightsError, match=what):
        network_of(make().state_dict())  # type: ignore[operator]


def test_preactivation_of_another_kind_is_refused() -> None:
    state = {name: v for name, v in authors.resnet18().state_dict().items() if not name.startswith("bn1.")}
    with pytest.raises(WeightsError, match="pre-activation blocks whose shortcuts take what is normalised"):
        network_of(state)


def test_missing_and_surplus_names_are_both_shown() -> None:
    state = {name.replace("bn2", "norm_b"): v for name, v in authors.resnet18().state_dict().items()}
    with pytest.raises(WeightsError, match=r"Missing: layer1\.0\.bn2\..* Not part of this network: layer1\.0\.norm_b"):
        network_of(state)


def test_a_network_with_classes_needs_a_classifier() -> None:
    state = authors.headless(authors.resnet18()).state_dict()
    with pytest.raises(WeightsError, match=r"there is no classifier for this network .*no classifier in the file"):
        networks.import_weights(networks.create("resnet18"), state)
    networks.import_weights(networks.create("resnet18", classes=0), state)


@pytest.mark.parametrize("name", authors.REID)
def test_re_identification(name: str) -> None:
    peer = authors.randomised(authors.REID[name]())
    found = weights.recognise(weights.weights_of({"model": {f"module.{n}": v for n, v in peer.state_dict().items()}}))
    head = weights.head_of(found, 512)
    assert head.kind == "embedding" and head.neck is not None
    assert head.classes == 11
    spec = replace(
        weights.spec_of(found.body),
        classes=head.classes,
        embedding=head.embedding,
        pooling=head.pooling,
        last_stride=head.neck.last_stride,
        stem=head.neck.stem,
    )
    own = networks.create(spec).eval()
    weights.put(own, found, head)
    x = torch.randn(2, 3, 64, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = peer(x)
        assert (own.embedding(x) - expected).abs().max() <= 1e-5 * expected.abs().max()
