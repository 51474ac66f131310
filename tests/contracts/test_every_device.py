"""Everything that computes does so on a device that is not the CPU: a GPU where there is one, else a stand-in."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import elsewhere
import pytest
import torch
from power_cut import PowerCut, PowerCutError

import atalho
from atalho.api.train import resume, train
from atalho.data import samples
from atalho.lab.compare import measure as compare
from atalho.lab.cost import measure as cost
from atalho.lab.depth import measure as depth
from atalho.lab.gradients import measure as gradients
from atalho.lab.identity import measure as identity
from atalho.lab.landscape import measure as landscape
from atalho.lab.lesion import measure as lesion
from atalho.lab.shared.training import Recipe
from atalho.runs import fit
from atalho.runs.run import Run
from atalho.training.progress import Progress


@pytest.fixture(scope="module", autouse=True)
def device() -> Iterator[torch.device]:
    with elsewhere.chosen() as found:
        yield found


RESIDUAL = {
    "family": "resnet",
    "design": "basic",
    "blocks": [2, 1],
    "widths": [8, 16],
    "stem": "small",
    "stem_channels": 8,
    "shortcut": "zero-pad",
}
DENSE = {"family": "densenet", "blocks": [2, 2], "growth_rate": 4, "stem": "small", "stem_channels": 8}
SPECS = {
    "zero-pad": RESIDUAL,
    "projection": RESIDUAL | {"shortcut": "projection"},
    "plain": RESIDUAL | {"shortcut": "none"},
    "bottleneck": RESIDUAL | {"design": "bottleneck", "shortcut": "projection"},
    "preactivation": RESIDUAL | {"design": "preactivation-basic"},
    "dropout": RESIDUAL | {"dropout": 0.2},
    "large stem": RESIDUAL | {"stem": "large", "shortcut": "projection"},
    "dense": DENSE,
    "mlp": {"family": "mlp", "blocks": [2], "widths": [16], "side": 16},
}
CLASSES = {
    "plain": {},
    "smoothing": {"training.label_smoothing": 0.1},
    "weights": {"training.class_weights": "balanced", "training.micro_batch": 10},
    "mixed": {"augment.mixup": 0.2, "augment.erasing": 0.5, "augment.affine": 1.0, "training.micro_batch": 10},
    "adam": {"training.optimizer": "adam", "training.lr": 0.001},
    "muon": {"training.optimizer": "muon"},
    "not averaged": {"training.averaging": 0.0},
    "not in memory": {"data.cache_gb": 0},
    "trivial": {"augment.trivial": True},
    "bf16": {"training.precision": "bf16"},
    "bf16, dense, memory saving": {"training.precision": "bf16", "training.memory": "saving", "model.spec": DENSE},
}
IDENTITIES = {
    "margin": {},
    "soft": {"reid.triplet": "soft"},
    "centre": {"reid.centre": 0.01, "reid.triplet": "none"},
    **{name: {"reid.further": name} for name in ("circle", "multi-similarity", "contrastive", "nt-xent", "sup-con")},
}


def no_end(patch: pytest.MonkeyPatch) -> None:
    """Leaves out what follows the last step, for a training of which only the steps count."""
    patch.setattr(fit.finish, "finish", lambda *_rest, **_options: None)


def classified(clothes: Path, out: Path, changes: dict[str, Any], progress: Progress | None = None) -> Run:
    settings = {"model.spec": RESIDUAL, "training.precision": "fp32", "training.checkpoint_steps": 2}
    return train(clothes, epochs=1, batch_size=32, settings=settings | changes, out=out, progress=progress)


def identified(characters: Path, out: Path, changes: dict[str, Any], progress: Progress | None = None) -> Run:
    settings = {
        "data.val_fraction": 0.4, "data.test_fraction": 0.3, "data.size": 16, "training.batch_size": 8,
        "training.checkpoint_steps": 2, "training.precision": "fp32", "reid.embedding": 32, "model.spec": RESIDUAL,
    }  # fmt: skip
    return train(characters, task="reid", epochs=1, settings=settings | changes, out=out, progress=progress)


@pytest.mark.parametrize("saving", [False, True], ids=["", "memory saving"])
@pytest.mark.parametrize("name", SPECS)
def test_every_family(
    clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: torch.device, name: str, saving: bool
) -> None:
    no_end(monkeypatch)
    memory = {"training.memory": "saving"} if saving else {}
    run = classified(clothes, tmp_path / "run", {"model.spec": SPECS[name]} | memory)
    assert json.loads((run.path / "provenance.json").read_bytes())["precision"].startswith(f"{device.type} ")


@pytest.mark.parametrize("name", CLASSES)
def test_every_loss_of_classes(clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    no_end(monkeypatch)
    classified(clothes, tmp_path / "run", CLASSES[name])


@pytest.fixture(scope="session")
def characters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty characters of two alphabets by eight drawers."""
    whole = samples.unpack("omniglot", tmp_path_factory.mktemp("samples") / "omniglot")
    small = tmp_path_factory.mktemp("characters")
    for alphabet in ("Greek", "Latin"):
        for character in sorted((whole / alphabet).iterdir())[:10]:
            (small / alphabet / character.name).mkdir(parents=True)
            for image in sorted(character.iterdir())[:8]:
                shutil.copy(image, small / alphabet / character.name)
    return small


@pytest.mark.parametrize("name", IDENTITIES)
def test_every_loss_of_identities(characters: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    no_end(monkeypatch)
    identified(characters, tmp_path / "run", IDENTITIES[name])


TASKS = {"classes": (classified, {}), "identities": (identified, {"reid.centre": 0.01})}


@pytest.mark.parametrize("task", TASKS)
def test_a_resume_ends_the_same(clothes: Path, characters: Path, tmp_path: Path, task: str) -> None:
    start, changes = TASKS[task]
    data = clothes if task == "classes" else characters
    whole = start(data, tmp_path / "whole", changes)
    with pytest.raises(PowerCutError):
        start(data, tmp_path / "cut", changes, PowerCut(3))
    cut = resume(tmp_path / "cut")
    last = sorted((whole.path / "checkpoints").iterdir())[-1].name
    for name in (f"checkpoints/{last}/state.safetensors", "model/model.safetensors", "metrics.jsonl"):
        assert (cut.path / name).read_bytes() == (whole.path / name).read_bytes(), name


@pytest.mark.parametrize("task", TASKS)
def test_what_is_done_with_a_model(clothes: Path, characters: Path, tmp_path: Path, task: str) -> None:
    start, changes = TASKS[task]
    data = clothes if task == "classes" else characters
    images = sorted(data.rglob("*.png"))[:6]
    run = start(data, tmp_path / "run", changes)
    start(data, tmp_path / "next", changes | {"model.start": str(run.path)})
    atalho.evaluate(run.path)
    atalho.embed(run.path, images, tmp_path / "vectors.npy")
    gallery = str(tmp_path / "gallery.db")
    atalho.index(run.path, images, gallery)
    assert [answer.hits[0] for answer in atalho.search(gallery, images)]
    if task == "classes":
        model = atalho.load(run.path)
        assert len(list(model.predict(images))) == 6
    else:
        atalho.threshold(run.path)
        atalho.compare(run.path, images[0], images[1])
        atalho.evaluate(run.path, rerank=atalho.Rerank())


@pytest.fixture(scope="module")
def learned(clothes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return classified(clothes, tmp_path_factory.mktemp("learned") / "residual", {}).path


RECIPE = Recipe(epochs=1, images=60, batch_size=20)
EXPERIMENTS = {
    "depth": lambda data, _run, out: depth.run(data, depths=(8, 14), seeds=1, recipe=RECIPE, out=out),
    "gradients of a run": lambda _data, run, out: gradients.run(run, seeds=1, batch=8, out=out),
    "gradients": lambda data, _run, out: gradients.run("mlp6", data, seeds=1, batch=8, recipe=RECIPE, out=out),
    "identity": lambda data, _run, out: identity.run("resnet20", data, images=2, out=out),
    "landscape": lambda _data, run, out: landscape.run(run, images=20, points=5, lines=1, out=out),
    "lesion": lambda _data, run, out: lesion.run(run, images=20, counts=(1,), draws=2, out=out),
    "cost": lambda _data, _run, out: cost.run(["mlp6", "resnet20"], size=16, batch=2, rounds=1, out=out),
    "compare": lambda data, _run, out: compare.run(data, models=("mlp6", "plain20"), seeds=1, recipe=RECIPE, out=out),
}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment(clothes: Path, learned: Path, tmp_path: Path, name: str) -> None:
    EXPERIMENTS[name](clothes, learned, tmp_path / "out")
