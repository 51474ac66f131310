"""What is timed of a step, and which way of computing is taken from that."""

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from atalho.networks import specify
from atalho.runs import step_speed
from atalho.runs.step_speed import Measurement, Speed, Trial, Way, Workload, measure

SMALL = Workload(specify("resnet20", classes=3, in_channels=1), 16, 32, 10**6)
FP32, CONTIGUOUS = Way("fp32", "channels-last", 1), Way("fp32", "contiguous", 1)
BF16 = Way("bf16", "channels-last", 1)


@pytest.mark.parametrize(
    ("speeds", "best"),
    [
        ({FP32: 100, CONTIGUOUS: 104, BF16: 104.9}, FP32),
        ({FP32: 100, CONTIGUOUS: 99, BF16: 106}, BF16),
        ({FP32: 100, CONTIGUOUS: 110, BF16: 112}, CONTIGUOUS),
        ({FP32: 100, replace(FP32, threads=2): 104}, FP32),
        ({FP32: 100, replace(FP32, threads=2): 120}, replace(FP32, threads=2)),
    ],
)
def test_ties_go_to_what_is_preferred(speeds: dict[Way, float], best: Way) -> None:
    found = Measurement(2, 16, tuple(Speed(way, (speed,) * 3) for way, speed in speeds.items()))
    assert found.best == best
    assert not found.disputed
    preferred = "preferred, and at most 5% slower than the fastest"
    assert found.reason == ("the fastest" if speeds[best] == max(speeds.values()) else preferred)


@pytest.mark.parametrize(
    ("fp32", "bf16", "best", "disputed"),
    [
        ((100, 101, 99), (140, 141, 139), BF16, False),
        # A round in which both were disturbed, or one of them, changes nothing while the others agree.
        ((100, 101, 9), (140, 141, 11), BF16, False),
        ((100, 101, 99, 98), (140, 141, 60, 143), BF16, False),
        ((100, 101, 99, 98), (95, 300, 97, 96), FP32, False),
        # One that decides alone does not.
        ((100, 101, 99), (90, 130, 110), FP32, True),
        ((100, 60), (90, 90), FP32, True),
        ((100, 101), (140, 139), BF16, False),
        # Nor does a single round.
        ((100,), (140,), FP32, True),
        ((100,), (104,), FP32, False),
    ],
)
def test_no_single_round_decides(fp32: tuple[float, ...], bf16: tuple[float, ...], best: Way, disputed: bool) -> None:
    found = Measurement(2, 16, (Speed(FP32, fp32), Speed(BF16, bf16)))
    assert (found.best, found.disputed) == (best, disputed)
    told = "preferred, because the rounds disagree on what is fastest"
    assert (found.reason == told) == disputed


def test_what_was_clearly_slower_in_a_single_round_is_no_choice() -> None:
    found = Measurement(2, 16, (Speed(FP32, (50,), beaten=True), Speed(CONTIGUOUS, (100,)), Speed(BF16, (101,))))
    assert found.best == CONTIGUOUS


def test_a_step_has_images_enough_for_its_convolutions_to_decide() -> None:
    """By multiply-adds and parameters alone, so that the same is timed whatever disturbs the timing."""
    large = Workload(specify("resnet18", classes=10, image_size=64, stem="large"), 64, 128, None)
    assert large.telling == 46  # of 148 million multiply-adds each, for 11.2 million parameters
    assert replace(large, images=32).telling == 32
    assert Workload(specify("resnet20", classes=10), 32, 128, None).telling == 62
    assert Workload(specify("resnet152", classes=10, image_size=224), 224, 64, None).telling == 2


def test_a_measurement_times_the_network_itself_in_every_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_speed, "_HOPELESS", 1e9)
    monkeypatch.setattr(step_speed, "_CLEARLY_SLOWER", 1e9)
    monkeypatch.setattr(step_speed, "_LONG_STEP", 1e9)
    monkeypatch.setattr(step_speed, "_TOO_LONG", 1e9)
    monkeypatch.setattr(step_speed, "_SECONDS", 1e9)
    ways = [FP32, CONTIGUOUS, BF16, replace(BF16, layout="contiguous")]
    found = measure(SMALL, ways)
    assert [each.way for each in found.speeds] == ways
    rounds = {len(each.rounds) for each in found.speeds}
    assert rounds == {3} or found.disputed or rounds <= set(range(4, 10))
    assert len(rounds) == 1
    assert all(speed > 0 for each in found.speeds for speed in each.rounds)
    assert (found.images, found.side) == (32, 16)


def test_more_threads_are_tried_with_what_is_fastest() -> None:
    found = measure(SMALL, [FP32], more_threads=2)
    assert [each.way for each in found.speeds] == [FP32, replace(FP32, threads=2)]
    assert torch.get_num_threads() == 1
    both = measure(SMALL, [FP32, CONTIGUOUS], more_threads=2)
    *beaten, one, two = both.speeds
    assert [each.beaten for each in beaten] == [True]
    assert two.way == replace(one.way, threads=2)


class Slowed(Trial):
    """Real steps, of which some last longer by so many seconds, by way and by how many steps it made."""

    def __init__(self, extra: dict[Way, float], at: dict[Way, dict[int, float]] | None = None) -> None:
        super().__init__(SMALL, saving=False)
        self.images = 4
        self.extra, self.at, self.steps = extra, at or {}, dict.fromkeys(extra, 0)
        self.now: float | None = None
        self._forward.register_forward_pre_hook(lambda _network, _images: time.sleep(self.now or 0.0))

    def step(self, way: Way) -> float:
        self.now = self.extra[way] + self.at.get(way, {}).get(self.steps[way], 0.0)
        self.steps[way] += 1
        return super().step(way)


def test_of_real_steps_the_fastest_way_wins_though_one_of_its_steps_is_disturbed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(step_speed, "_SECONDS", 1e9)
    monkeypatch.setattr(step_speed, "_CLEARLY_SLOWER", 1e9)
    found = Slowed({FP32: 0.6, CONTIGUOUS: 0.15}, {CONTIGUOUS: {2: 1.5}}).race([FP32, CONTIGUOUS])
    assert found.best == CONTIGUOUS
    assert all(len(each.rounds) >= 3 for each in found.speeds)


class Counted(Trial):
    """Steps that take given seconds instead of being made, by way; the last of them again and again."""

    def __init__(self, seconds: dict[Way, list[float]], work: Workload = SMALL) -> None:
        super().__init__(work, saving=False)
        self.left = {way: list(each) for way, each in seconds.items()}
        self.asked: list[tuple[Way, int, int]] = []
        self.hopeless: dict[Way, float] = {}

    def step(self, way: Way) -> float:
        self.asked.append((way, self.images, self.side))
        left = self.left[way]
        return left.pop(0) if len(left) > 1 else left[0]

    def _slower(self, way: Way, reference: Way) -> float:
        return self.hopeless.get(way, 1.0)


def test_rounds_that_disagree_are_followed_by_more() -> None:
    # The first step of a way prepares its kernels.
    trial = Counted({FP32: [1, 0.1, 0.1, 0.2, 0.1], BF16: [1, 0.12, 0.09, 0.09, 0.08]})
    found = trial.race([FP32, BF16])
    assert found.best == BF16
    assert [len(each.rounds) for each in found.speeds] == [4, 4]
    trial = Counted({FP32: [0.1], BF16: [1, *[0.125, 0.06] * 5]})
    assert [len(each.rounds) for each in trial.race([FP32, BF16]).speeds] == [9, 9]


def test_what_is_clearly_slower_in_its_first_two_steps_is_not_timed_again() -> None:
    trial = Counted({FP32: [0.5], CONTIGUOUS: [0.7, 0.9, 0.9], BF16: [0.9, 0.8]})
    found = trial.race([FP32, CONTIGUOUS, BF16])
    assert [(len(each.rounds), each.beaten) for each in found.speeds] == [(3, False), (3, False), (1, True)]
    assert [way for way, _images, _side in trial.asked].count(BF16) == 2


def test_there_are_fewer_rounds_where_steps_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 2.0, 3.0, 6.0])
    monkeypatch.setattr(step_speed, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    found = Counted({FP32: [3, 2], CONTIGUOUS: [3, 1.5], BF16: [3, 0.9]}).race([FP32, CONTIGUOUS, BF16])
    assert [each.rounds for each in found.speeds] == [(1,), (2 / 1.5,), (2 / 0.9,)]
    assert [each.beaten for each in found.speeds] == [True, True, False]
    assert found.best == BF16


def test_what_is_hopeless_is_given_up_at_a_glance() -> None:
    trial = Counted({FP32: [0.5], CONTIGUOUS: [0.5]})
    trial.hopeless = {BF16: 26.0}
    found = trial.race([FP32, CONTIGUOUS, BF16])
    assert found.speeds[2] == Speed(BF16, (2 / 13,), beaten=True)
    assert {way for way, _images, _side in trial.asked} == {FP32, CONTIGUOUS}


def test_a_glance_compares_the_beginning_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial(SMALL, saving=False)
    seen: list[tuple[Way, int, int]] = []

    def timed(way: Way, network: nn.Module, images: int, _side: int) -> float:
        seen.append((way, len(list(network.modules())), images))
        return 0.26 if way == BF16 else 0.01 * len(seen)

    monkeypatch.setattr(trial, "_timed", timed)
    assert trial._slower(BF16, FP32) == pytest.approx(0.26 / 0.02)
    assert {images for _way, _modules, images in seen} == {2}
    assert all(modules < len(list(trial._network.modules())) / 4 for _way, modules, _images in seen)


def test_a_step_grows_to_what_is_telling_unless_it_takes_long() -> None:
    large = Workload(specify("resnet18", classes=10, image_size=64, stem="large"), 64, 128, None)
    trial = Counted({FP32: [0.02]}, large)
    assert trial.fit(FP32) == 0.02
    assert [(images, side) for _way, images, side in trial.asked] == [(2, 64), (2, 64), (8, 64), (32, 64), (46, 64)]
    # A disturbed step is made again; one that does take long ends the growth.
    trial = Counted({FP32: [0.1, 0.1, 9.0, 0.2, 0.8, 0.9]}, large)
    assert trial.fit(FP32) == 0.8
    assert trial.images == 32


def test_where_a_step_takes_seconds_there_is_nothing_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    stepped: list[Way] = []
    monkeypatch.setattr(Trial, "step", lambda _trial, way: stepped.append(way) or 4.0)
    assert measure(SMALL, [FP32, BF16]) == Measurement(2, 16, (Speed(FP32, (0.5,)),))
    assert stepped == [FP32, FP32]


def test_where_first_steps_use_up_the_time_they_are_the_only_round(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 4.0, 8.0, 11.0, 12.0, 13.0])
    monkeypatch.setattr(step_speed, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    trial = Counted({FP32: [4.0], CONTIGUOUS: [4.0], BF16: [2.0]})
    found = trial.race([FP32, CONTIGUOUS, BF16, replace(BF16, layout="contiguous")])
    assert found.best == BF16
    assert [each.rounds for each in found.speeds] == [(0.5,), (0.5,), (1.0,)]
    assert [way for way, _images, _side in trial.asked] == [FP32, CONTIGUOUS, BF16]


def test_the_first_steps_of_a_large_network_are_small() -> None:
    large = specify("resnet152", classes=10, image_size=224)
    trial = Trial(Workload(large, 224, 64, None), saving=False)
    assert (trial.images, trial.side) == (2, 56)
