"""The shipped network's batch norms describe the weights that ship, however short the training was."""

import shutil
from pathlib import Path

import pytest
import torch
from torch.nn import BatchNorm2d

from atalho.api.evaluate import evaluate
from atalho.api.train import train
from atalho.data.preprocessing import Preprocessing
from atalho.model import Model, load
from atalho.networks import create
from atalho.precision import choose
from atalho.runs.dataset import open_dataset, survey_data
from atalho.runs.fit import training_setup
from atalho.runs.run import Run
from atalho.settings import validate
from atalho.storage import log
from atalho.tasks.task import Objective
from atalho.training.norm_statistics import borrowed_statistics, set_statistics
from atalho.training.progress import Progress


@pytest.fixture(scope="module")
def objective(clothes: Path) -> Objective:
    config = validate({"data": {"path": str(clothes)}, "training": {"seed": 3}})
    surveyed = survey_data(config, Progress())
    dataset = open_dataset(surveyed, config.data, Progress(), channels=surveyed.channels)
    prepared = Preprocessing(size=16, resize=16, channels=1, mean=(0.3,), std=(0.3,))
    return training_setup(config, dataset, prepared, choose("cpu", "fp32"), Path("unused")).task


def test_they_are_mean_and_variance_of_what_the_training_images_give(objective: Objective) -> None:
    network = create("resnet20", classes=3, in_channels=1).train()
    set_statistics(network, objective)
    images = objective.prepared.apply(objective.images[objective.train])
    with torch.no_grad():
        before_norm = network.stem.conv(images)
    norm = network.stem.norm
    assert isinstance(norm, BatchNorm2d)
    torch.testing.assert_close(norm.running_mean, before_norm.mean((0, 2, 3)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(norm.running_var, before_norm.var((0, 2, 3)), rtol=1e-4, atol=1e-5)
    assert network.training
    assert norm.training
    assert norm.momentum == 0.1


def test_they_depend_on_weights_images_and_seed_alone(objective: Objective) -> None:
    first, second = (create("resnet20", classes=3, in_channels=1) for _ in range(2))
    second.load_state_dict(first.state_dict())
    second.train()
    second(torch.randn(8, 1, 16, 16))
    for network in (first, second):
        set_statistics(network, objective, 50)
    for (name, one), other in zip(first.state_dict().items(), second.state_dict().values(), strict=True):
        assert torch.equal(one, other), name


def test_a_validation_leaves_no_trace(objective: Objective) -> None:
    network = create("resnet20", classes=3, in_channels=1)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with borrowed_statistics(network, objective, 64):
        assert not torch.equal(network.stem.norm.running_mean, before["stem.norm.running_mean"])
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_the_last_validation_is_that_of_the_model_that_ships(run: Run) -> None:
    last = [row for row in log.read(run.path / "metrics.jsonl") if row["kind"] == "epoch"][-1]
    images = run.config.data.path
    manifest = run.manifest
    names = [manifest.names[image] for image in manifest.splits["val"]]
    found = load(run.path).predict([Path(images) / name for name in names])
    right = sum(
        answer.label == manifest.classes[manifest.labels[image]]
        for answer, image in zip(found, manifest.splits["val"], strict=True)
    )
    assert last["val_top1"] == pytest.approx(right / len(names))


def _few(fashion: Path, folder: Path) -> Path:
    """Four training and 20 test images of each class: at the default recipe 30 epochs are 30 steps."""
    for split, count in (("train", 4), ("test", 20)):
        for source in sorted((fashion / split).iterdir()):
            (folder / split / source.name).mkdir(parents=True)
            for image in sorted(source.iterdir())[:count]:
                shutil.copy(image, folder / split / source.name)
    return folder


def _with_fresh_statistics(model: Model, run: Run) -> float:
    """The accuracy on the test images after one pass of all training images has set the statistics again."""
    manifest, root = run.manifest, Path(run.config.data.path)

    def inputs(split: str) -> torch.Tensor:
        paths = [root / manifest.names[image] for image in manifest.splits[split]]
        return model.card.preprocessing.apply(torch.cat([model.pixels(path) for path in paths]))

    for norm in model.network.modules():
        if isinstance(norm, BatchNorm2d):
            norm.reset_running_stats()
            norm.momentum = None
            norm.train()
    with torch.no_grad():
        model.network(inputs("train"))
        model.network.eval()
        answers = model.network(inputs("test")).argmax(1)
    labels = torch.from_numpy(manifest.labels[manifest.splits["test"]])
    return float((answers == labels).float().mean())


@pytest.mark.parametrize(
    ("model", "seed"),
    [
        ("resnet20", 0),
        *(
            pytest.param(model, seed, marks=pytest.mark.slow)
            for model in ("resnet20", "resnet18", "densenet-bc-22-12")
            for seed in range(3)
        ),
    ],
)
def test_after_few_steps_the_shipped_model_is_as_good_as_with_fresh_statistics(
    fashion: Path, tmp_path: Path, model: str, seed: int
) -> None:
    run = train(_few(fashion, tmp_path / "few"), model=model, seed=seed, out=tmp_path / "run")
    shipped = evaluate(run.path).top1
    assert shipped == pytest.approx(_with_fresh_statistics(load(run.path), run), abs=0.02)
