import pytest

from atalho.lab.shared.curves import EpochErrors, measure, over_seeds
from atalho.lab.shared.training import Recipe, open_bench
from atalho.lab.shared.verdict import Interval, Sample
from atalho.metrics.intervals import t_interval
from atalho.networks.select import by_depth, specify
from atalho.training.progress import Progress


def test_errors_after_every_epoch_and_the_last_ones_on_all_images(clothes, tmp_path):
    bench = open_bench(clothes, Recipe(epochs=2, batch_size=40), Progress())
    spec = specify(by_depth("resnet", 8, 16), classes=3, in_channels=1)
    curve = measure(bench, spec, 0, tmp_path / "work", Progress()).curve
    assert len(curve) == 2
    wrong = [120 * row.train_error for row in curve]
    assert wrong == pytest.approx([round(count) for count in wrong], abs=1e-3)


def test_over_seeds_the_end_keeps_each_seeds_value():
    curves = [[EpochErrors(0.5, 0.6), EpochErrors(value, 0.9)] for value in (0.2, 0.4)]
    found = over_seeds(curves)
    mean, low, high = t_interval([0.2, 0.4])
    assert low < 0  # no share is: the interval is cut there
    assert found.train_error == Sample(mean=mean, low=0.0, high=min(high, 1.0), values=(0.2, 0.4))
    assert found.test_error_curve[0] == Interval(mean=0.6, low=0.6, high=0.6)
