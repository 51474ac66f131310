import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from atalho.config import AugmentConfig
from atalho.data.augment import Augment
from atalho.data.preprocessing import Preprocessing

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
PIXELS = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)).permute(
    0, 3, 1, 2
)
LABELS = torch.arange(40) % 5
CONFIGS = {
    "default": AugmentConfig(),
    "pad": AugmentConfig(crop="pad", pad=3),
    "resized": AugmentConfig(crop="resized"),
    "jitter": AugmentConfig(jitter=0.4),
    "erasing": AugmentConfig(erasing=0.7),
    "trivial": AugmentConfig(trivial=True),
    "all": AugmentConfig(crop="resized", jitter=0.3, erasing=0.5, trivial=True),
}


def augment(config: AugmentConfig, size: int = 14, seed: int = 0) -> Augment:
    return Augment(config, size=size, mean=MEAN, std=STD, seed=seed)


def images(config: AugmentConfig, ids: np.ndarray, epoch: int = 0, seed: int = 0) -> Tensor:
    return augment(config, seed=seed)(PIXELS[ids], ids, epoch, LABELS[ids], 5)[0]


@pytest.mark.parametrize("name", CONFIGS)
def test_images_are_normalised_channels_last_and_labels_stay(name: str) -> None:
    ids = np.arange(40)
    found, targets = augment(CONFIGS[name])(PIXELS, ids, 0, LABELS, 5)
    assert found.shape == (40, 3, 14, 14)
    assert found.dtype == torch.float32
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(targets, LABELS)
    assert abs(float(found.mean())) < 1.5
    assert torch.isfinite(found).all()


@pytest.mark.parametrize("name", CONFIGS)
@given(ids=st.lists(st.integers(0, 39), min_size=1, max_size=12, unique=True), epoch=st.integers(0, 50))
@settings(max_examples=15, deadline=None)
def test_an_image_does_not_depend_on_its_batch(name: str, ids: list[int], epoch: int) -> None:
    together = images(CONFIGS[name], np.arange(40), epoch)
    some = images(CONFIGS[name], np.array(ids), epoch)
    assert torch.equal(some, together[ids])


@pytest.mark.parametrize("name", CONFIGS)
def test_epoch_and_seed_and_image_decide(name: str) -> None:
    ids = np.arange(40)
    first = images(CONFIGS[name], ids)
    assert torch.equal(first, images(CONFIGS[name], ids))
    for other in (images(CONFIGS[name], ids, epoch=1), images(CONFIGS[name], ids, seed=1)):
        assert (first != other).flatten(1).any(dim=1).float().mean() > 0.7


def test_nothing_on_is_the_preparation_of_evaluation() -> None:
    found = images(AugmentConfig(crop="none", flip=False), np.arange(40))
    assert torch.equal(found, Preprocessing(14, 16, 3, MEAN, STD).apply(PIXELS))


def test_auto_pads_small_images_and_resizes_large_ones() -> None:
    ids = np.arange(4)
    assert torch.equal(images(AugmentConfig(), ids), images(AugmentConfig(crop="pad"), ids))
    large = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (4, 82, 82, 3), dtype=np.uint8)).permute(
        0, 3, 1, 2
    )
    found = [
        augment(AugmentConfig(crop=crop), size=72)(large, ids, 0, LABELS[:4], 5)[0] for crop in ("auto", "resized")
    ]
    assert torch.equal(*found)


def test_without_flip_no_image_is_mirrored() -> None:
    ids = np.arange(40)
    plain = images(AugmentConfig(crop="none", flip=False), ids)
    flipped = images(AugmentConfig(crop="none", flip=True), ids)
    mirrored = (flipped == plain.flip(3)).flatten(1).all(dim=1)
    same = (flipped == plain).flatten(1).all(dim=1)
    assert (mirrored | same).all()
    assert 8 < int(mirrored.sum()) < 32


def test_mixing_gives_shares_of_classes() -> None:
    ids = np.arange(40)
    for config in (AugmentConfig(mixup=0.5), AugmentConfig(cutmix=1.0), AugmentConfig(mixup=0.5, cutmix=1.0)):
        found, targets = augment(config)(PIXELS, ids, 0, LABELS, 5)
        assert found.shape == (40, 3, 14, 14)
        assert found.is_contiguous(memory_format=torch.channels_last)
        assert targets.shape == (40, 5)
        torch.testing.assert_close(targets.sum(dim=1), torch.ones(40))
        again = augment(config)(PIXELS, ids, 0, LABELS, 5)
        assert torch.equal(found, again[0])


def test_the_order_within_a_batch_does_not_change_who_is_mixed_with_whom() -> None:
    config = AugmentConfig(mixup=0.5, cutmix=1.0)
    ids = np.random.default_rng(1).permutation(40)
    found, targets = augment(config)(PIXELS, np.arange(40), 3, LABELS, 5)
    other, other_targets = augment(config)(PIXELS[ids], ids, 3, LABELS[ids], 5)
    assert torch.equal(found[ids], other)
    assert torch.equal(targets[ids], other_targets)


def test_the_pixels_given_and_the_global_generators_are_left_alone() -> None:
    before, state = PIXELS.clone(), torch.get_rng_state()
    for config in CONFIGS.values():
        images(config, np.arange(40))
    assert torch.equal(PIXELS, before)
    assert torch.equal(torch.get_rng_state(), state)


def test_grey_images() -> None:
    grey = PIXELS[:, :1]
    config = AugmentConfig(jitter=0.3, erasing=0.5, trivial=True, mixup=0.2)
    made = Augment(config, size=14, mean=(0.5,), std=(0.2,), seed=0)
    found, _targets = made(grey, torch.arange(40), 0, LABELS, 5)
    assert found.shape == (40, 1, 14, 14)


def test_in_two_epochs_every_image_is_seen_both_ways():
    ids = np.arange(200)
    pixels = torch.randint(0, 256, (200, 1, 16, 16), dtype=torch.uint8)
    augment = Augment(AugmentConfig(crop="none"), size=16, mean=(0.5,), std=(0.25,), seed=3)
    first, second, third = (augment(pixels, ids, epoch, torch.zeros(200), 2)[0] for epoch in range(3))
    assert torch.equal(first, second.flip(3))
    assert torch.equal(first, third)
    mirror_images = Preprocessing(16, pixels.shape[2], 1, (0.5,), (0.25,)).apply(pixels.flip(3))
    mirrored = sum(torch.equal(a, b) for a, b in zip(first, mirror_images, strict=True))
    assert 60 < mirrored < 140
