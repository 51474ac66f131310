import pytest

from atalho.errors import ConfigError
from atalho.inspection.summary import summarise
from atalho.lab.compare.budget import TOLERANCE, matched, step_seconds, widened
from atalho.lab.shared.training import Recipe, open_bench
from atalho.networks.select import by_depth, specify
from atalho.training.progress import Progress


def parameters(spec):
    return summarise(spec).parameters


def test_wider_means_wider_everywhere_and_nothing_else():
    resnet = specify("resnet20")
    twice = widened(resnet, 2)
    assert (twice.widths, twice.stem_channels, twice.blocks) == ((32, 64, 128), 32, resnet.blocks)
    dense = widened(specify("densenet-bc-40-12"), 1.5)
    assert (dense.growth_rate, dense.stem_channels) == (18, 36)
    assert widened(specify("mlp6"), 0.5).widths == (128,)
    assert widened(resnet, 1) == resnet
    assert widened(specify("resnet50"), 1.01).widths[0] % 4 == 0  # bottlenecks need a multiple of the narrowing


@pytest.mark.parametrize(("name", "target"), [("resnet20", 90_000), ("densenet-bc-10-12", 60_000), ("mlp6", 400_000)])
def test_a_network_is_brought_to_a_number_of_parameters(name, target):
    found = matched(specify(name), target, parameters)
    assert abs(parameters(found) - target) <= TOLERANCE * target
    assert found.plan().depth == specify(name).plan().depth


def test_what_cannot_be_brought_there_is_refused():
    with pytest.raises(ConfigError, match="No width of this network is within 5% of 12; the closest has"):
        matched(specify("resnet20"), 12, parameters)


def test_steps_are_timed_in_turn(clothes, tmp_path):
    bench = open_bench(clothes, Recipe(batch_size=20), Progress())
    small, large = (specify(by_depth("resnet", depth, 16), classes=3, in_channels=1) for depth in (8, 44))
    seconds = step_seconds(bench, {"small": small, "large": large}, tmp_path / "work")
    assert 0 < seconds["small"] < seconds["large"]
