"""Runs whose images grow: what the network sees, exactness, and minutes."""

from pathlib import Path

import pytest
from power_cut import PowerCut, PowerCutError

from atalho.api.train import resume, train
from atalho.config import AugmentConfig
from atalho.runs import duration
from atalho.training import loop

SETTINGS = {
    "training.checkpoint_steps": 3,
    "training.lr": 0.1,
    "training.batch_size": 32,
    "training.steps": 10,
    "augment.start_side": 0.5,
    "augment.grown": 0.6,
}


def test_the_network_sees_every_side_and_is_shipped_for_the_whole(
    clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    plain = loop._varied  # type: ignore[attr-defined]

    def noted(*given: object) -> object:
        batch = plain(*given)
        seen.append(batch.images.shape[-1])
        return batch

    monkeypatch.setattr(loop, "_varied", noted)
    run = train(clothes, model="resnet20", settings=SETTINGS, out=tmp_path / "run")
    assert seen == [8, 8, 12, 12, 12, 12, 16, 16, 16, 16]
    assert run.network.preprocessing.size == 16


def test_a_run_that_is_killed_while_its_images_grow_ends_alike(clothes: Path, tmp_path: Path) -> None:
    whole = train(clothes, model="resnet20", settings=SETTINGS, out=tmp_path / "whole")
    with pytest.raises(PowerCutError):
        train(clothes, model="resnet20", settings=SETTINGS, out=tmp_path / "cut", progress=PowerCut(5))
    again = resume(tmp_path / "cut")
    for name in ("metrics.jsonl", "model/model.safetensors", "evaluation.json"):
        assert (again.path / name).read_bytes() == (whole.path / name).read_bytes(), name


def test_minutes_count_the_steps_of_reduced_images_as_cheaper() -> None:
    # Half of the steps at 16, 20 and 28 of 32 pixels, the others whole; a quarter of a whole step is constant.
    augment = AugmentConfig(start_side=0.5, grown=0.5)
    shares = [0.25 + 0.75 * (side / 32) ** 2 for side in (16, 20, 28)]
    expected = 0.5 * sum(shares) / 3 + 0.5
    assert duration._mean(1.0, 0.25 + 0.75 / 4, 32, augment) == pytest.approx(expected)  # type: ignore[attr-defined]


def test_minutes_with_growing_images(clothes: Path, tmp_path: Path) -> None:
    settings = {name: value for name, value in SETTINGS.items() if name != "training.steps"}
    run = train(clothes, model="resnet20", minutes=0.08, settings=settings, out=tmp_path / "run")
    assert run.config.training.steps is not None
    assert run.config.augment.start_side == 0.5
