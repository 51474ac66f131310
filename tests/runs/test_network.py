"""The network of a run: from the catalogue, or a trained one whose backbone stays and whose head is new."""

import dataclasses

import pytest
import torch

from atalho.config import Config
from atalho.errors import ConfigError, WeightsError
from atalho.networks.spec import ResNetSpec
from atalho.runs import network
from atalho.runs.network import Start
from atalho.runs.run import Run
from atalho.tasks.by_name import task_of


@pytest.fixture(scope="module")
def start(run: Run) -> Start:
    return Start.read(str(run.path))


def asked(**model: object) -> Config:
    plain = Config()
    return dataclasses.replace(plain, model=dataclasses.replace(plain.model, **model))


def for_reid(config: Config) -> Config:
    return dataclasses.replace(config, task="reid")


def test_the_stem_follows_the_images_unless_it_was_chosen() -> None:
    small = network.spec_for(asked(name="resnet18"), None, classes=3, channels=1, size=32)
    large = network.spec_for(asked(name="resnet18"), None, classes=3, channels=1, size=224)
    chosen = network.spec_for(asked(name="resnet18", stem="large"), None, classes=3, channels=1, size=64)
    assert [spec.stem for spec in (small, large, chosen) if isinstance(spec, ResNetSpec)] == ["small", "large", "large"]


def test_images_too_small_for_the_network_are_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"Images of 16 pixels are too small for densenet121 .* which needs at least 32"
    ):
        network.spec_for(asked(name="densenet121", stem="large"), None, classes=3, channels=3, size=16)


def test_a_trained_backbone_is_taken_without_its_head(start: Start) -> None:
    config = asked(start="given")
    spec = network.spec_for(config, start, classes=7, channels=1, size=16)
    begun = network.first_weights(spec, config, start)
    trained = start.network.state_dict()
    for name, tensor in begun.state_dict().items():
        if name.startswith("head."):
            assert tensor.shape != trained[name].shape
        else:
            assert torch.equal(tensor, trained[name])


def test_the_head_is_kept_where_the_classes_have_the_same_names(start: Start) -> None:
    config = asked(start="given")
    trained = start.network.head.classifier.weight
    names = tuple(reversed(start.card.classes))
    spec = network.spec_for(config, start, classes=len(names), channels=1, size=16)
    assert network.keeps_head(spec, config, start, names)
    kept = network.first_weights(spec, config, start, names).head.classifier.weight
    assert torch.equal(kept, trained.flip(0))
    assert "is trained further" in str(network.told_of_head(kept=True))
    for others in ((*names[:-1], "other"), (), names[1:]):
        assert not network.keeps_head(spec, config, start, others)
    drawn = network.first_weights(spec, config, start, (*names[:-1], "other")).head.classifier.weight
    assert not torch.equal(drawn, trained.flip(0))
    assert not network.keeps_head(spec, for_reid(config), start, names)


def test_another_network_than_the_trained_one_is_refused(start: Start) -> None:
    with pytest.raises(ConfigError, match=r"has a different network from model\.name = 'resnet32'"):
        network.backbone_of(asked(start="given", name="resnet32").model, start)


def test_a_head_for_each_task_and_back() -> None:
    spec = network.backbone_of(asked(name="resnet18").model, None)
    reid = task_of("reid").head(spec, for_reid(Config()))
    assert isinstance(reid, ResNetSpec)
    assert (reid.embedding, reid.last_stride) == (512, 1)
    again = task_of("classification").head(reid, Config())
    assert isinstance(again, ResNetSpec)
    assert (again.embedding, again.pooling) == (0, "average")


def test_first_weights_follow_the_seed() -> None:
    spec = network.spec_for(asked(name="resnet20"), None, classes=3, channels=1, size=16)
    seeds = [
        dataclasses.replace(Config(), training=dataclasses.replace(Config().training, seed=seed)) for seed in (0, 0, 1)
    ]
    first, same, other = (network.first_weights(spec, config, None).state_dict() for config in seeds)
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["stem.conv.weight"], other["stem.conv.weight"])


def test_what_is_no_model_is_refused(tmp_path: object) -> None:
    with pytest.raises(WeightsError):
        Start.read(str(tmp_path))


def test_weights_from_elsewhere_are_trained_with_more_care_than_those_of_a_run(start: Start) -> None:
    provenance = start.card.provenance | {"imported_from": "resnet20.pth"}
    elsewhere = dataclasses.replace(start, card=dataclasses.replace(start.card, provenance=provenance))
    assert (start.recipe("classification"), elsewhere.recipe("classification")) == ("fast", "finetune")
    assert (start.recipe("reid"), elsewhere.recipe("reid")) == ("finetune", "finetune")
