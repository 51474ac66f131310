import os
import signal

import numpy as np
import pytest
import torch

from atalho.errors import ConfigError, DataError, StoppedError
from atalho.lab.shared.training import Recipe, TrainingBench, configuration, open_bench, subset, train
from atalho.networks.select import by_depth, specify
from atalho.runs.network import first_weights
from atalho.training.progress import Progress


@pytest.fixture(scope="module")
def bench(clothes) -> TrainingBench:
    return open_bench(clothes, Recipe(epochs=1, images=60, batch_size=20), Progress())


def spec(shortcut, depth=8):
    return specify(by_depth("resnet", depth, 16), classes=3, in_channels=1, shortcut=shortcut)


def test_all_training_images_are_trained_on_and_none_is_held_out(clothes):
    manifest = open_bench(clothes, Recipe(), Progress()).manifest
    assert [len(manifest.splits.get(split, ())) for split in ("train", "val", "test")] == [120, 0, 60]


def test_a_part_is_stratified_and_always_the_same(clothes, bench):
    assert bench.manifest.counts("train").tolist() == [20, 20, 20]
    again = open_bench(clothes, Recipe(images=60), Progress())
    assert np.array_equal(again.manifest.splits["train"], bench.manifest.splits["train"])
    assert set(subset(bench.manifest, bench.manifest.splits["train"], 30)) <= set(bench.manifest.splits["train"])


def test_plain_and_residual_begin_with_the_same_weights_where_both_have_them(bench):
    config = configuration(bench, seed=3)
    assert not config.training.zero_residual
    plain, residual, projected = (
        first_weights(spec(kind, 14), config, None).state_dict() for kind in ("none", "zero-pad", "projection")
    )
    assert plain.keys() == residual.keys() and len(projected) > len(plain)
    assert all(torch.equal(tensor, other[name]) for name, tensor in plain.items() for other in (residual, projected))


def test_the_recipe_does_not_know_the_network(bench):
    first, second = configuration(bench, seed=0), configuration(bench, seed=1)
    assert first.training.lr == 0.1 and first.training.averaging == 0 and first.training.shift_lr == 1
    assert first.augment == second.augment and first.augment.crop == "pad"


def test_training_is_a_function_of_spec_and_seed(bench, tmp_path):
    seen = []
    networks = [
        train(bench, spec("none"), seed, tmp_path / "work", on_epoch=lambda _network, epoch: seen.append(epoch))
        for seed in (0, 0, 1)
    ]
    states = [network.state_dict() for network in networks]
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())
    assert any(not torch.equal(tensor, states[2][name]) for name, tensor in states[0].items())
    assert seen == [1, 1, 1]
    assert list(tmp_path.iterdir()) == []


def test_the_error_is_the_share_of_wrong_answers_in_eval_mode(bench, tmp_path):
    network = train(bench, spec("zero-pad"), 0, tmp_path / "work")
    ids = bench.manifest.splits["test"]
    network.eval()
    with torch.no_grad():
        pixels = bench.pixels.images[ids][:, :, 0:16, 0:16].float() / 255
        mean, std = (torch.tensor(v).view(1, -1, 1, 1) for v in (bench.prepared.mean, bench.prepared.std))
        wrong = network((pixels - mean) / std).argmax(1).numpy() != bench.manifest.labels[ids]
    assert bench.pixels.images.side == 16
    assert bench.error(network.train(), ids) == pytest.approx(wrong.mean(), abs=0.04)
    assert network.training


def test_a_signal_stops_it_and_says_how_to_go_on(bench, tmp_path):
    class Kill(Progress):
        def step(self, report):
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(StoppedError, match="run the same command again") as stopped:
        train(bench, spec("none"), 0, tmp_path / "work", progress=Kill())
    assert stopped.value.exit_code == 143


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "epochs 0: too few"),
        ({"images": 1}, "images 1: too few"),
        ({"batch_size": 1}, "batch_size 1: too few"),
        ({"lr": 0.0}, r"lr 0\.0: the learning rate must be greater than 0"),
        ({"lr": float("nan")}, "lr nan"),
    ],
)
def test_values_out_of_range_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        Recipe(**values)


def test_a_size_out_of_range_is_refused_before_the_images_are_looked_at():
    with pytest.raises(ConfigError, match=r"size"):
        open_bench("nowhere", Recipe(size=4), Progress())


def test_more_images_than_there_are_are_refused(clothes):
    with pytest.raises(ConfigError, match="images 121: there are only 120 training images"):
        open_bench(clothes, Recipe(images=121), Progress())


def test_without_test_images_nothing_can_be_measured(clothes, tmp_path):
    (tmp_path / "train").symlink_to(clothes / "train")
    (tmp_path / "val").symlink_to(clothes / "test")
    with pytest.raises(DataError, match="no test images"):
        open_bench(tmp_path, Recipe(), Progress())
