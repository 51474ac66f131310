import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from atalho.data.augment import mix

COUNT = 60
IMAGES = torch.arange(COUNT, dtype=torch.float32)[:, None, None, None].expand(-1, 2, 8, 8)
LABELS = torch.arange(COUNT)
DRAWS = np.random.default_rng(0).random((COUNT, mix.DRAWS), dtype=np.float32)
PARTNERS = mix.partners(0, 0, np.arange(COUNT))


@given(ids=st.lists(st.integers(0, 999), min_size=1, max_size=40, unique=True), epoch=st.integers(0, 9))
def test_partners_form_one_ring(ids: list[int], epoch: int) -> None:
    found = mix.partners(0, epoch, np.array(ids))
    place, seen = 0, []
    for _step in ids:
        place = int(found[place])
        seen.append(place)
    assert sorted(seen) == list(range(len(ids)))


def test_mixup_mixes_images_and_targets_in_the_same_shares() -> None:
    images, targets = mix.mix(IMAGES, LABELS, COUNT, DRAWS, PARTNERS, mixup=0.4, cutmix=0)
    for number in range(COUNT):
        partner = int(PARTNERS[number])
        own = float(targets[number, number])
        assert float(targets[number, partner]) == pytest.approx(1 - own, abs=1e-6)
        torch.testing.assert_close(images[number], torch.full((2, 8, 8), own * number + (1 - own) * partner))


def test_cutmix_shares_are_counted_in_pixels() -> None:
    images, targets = mix.mix(IMAGES, LABELS, COUNT, DRAWS, PARTNERS, mixup=0, cutmix=1.0)
    shares = []
    for number in range(COUNT):
        partner = int(PARTNERS[number])
        assert set(images[number].unique().tolist()) <= {float(number), float(partner)}
        own = float((images[number] == number).float().mean())
        assert float(targets[number, number]) == pytest.approx(own, abs=1e-6)
        shares.append(own)
    assert 0.3 < np.mean(shares) < 0.7


def test_both_take_turns() -> None:
    images, _targets = mix.mix(IMAGES, LABELS, COUNT, DRAWS, PARTNERS, mixup=1.0, cutmix=1.0)
    pure = [set(image.unique().tolist()) <= {float(n), float(PARTNERS[n])} for n, image in enumerate(images)]
    assert 15 < sum(pure) < 45


def test_an_image_alone_in_its_batch_stays() -> None:
    one = mix.partners(0, 0, np.array([7]))
    images, targets = mix.mix(IMAGES[7:8], LABELS[7:8], COUNT, DRAWS[:1], one, mixup=0.4, cutmix=1.0)
    torch.testing.assert_close(images, IMAGES[7:8])
    assert float(targets[0, 7]) == pytest.approx(1)


@pytest.mark.parametrize("alpha", [0.1, 0.2, 0.5, 1.0, 2.0, 8.0, 2000.0])
def test_shares_are_distributed_as_beta(alpha: float) -> None:
    """Against the distribution of torch, by its moments and its tails."""
    grid = ((np.arange(200_000) + 0.5) / 200_000).astype(np.float32)
    found = mix.beta_quantile(alpha, grid)
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0
    assert found.max() <= 1
    assert found.mean() == pytest.approx(0.5, abs=1e-3)
    assert found.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=5e-3)
    np.testing.assert_allclose(found, 1 - found[::-1], atol=2e-3)
    drawn = torch.distributions.Beta(torch.tensor(alpha), torch.tensor(alpha))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        sample = np.sort(drawn.sample((200_000,)).numpy())
    assert (
        np.abs(np.interp(np.linspace(0, 1, 101), grid, found) - np.quantile(sample, np.linspace(0, 1, 101)))[1:-1].max()
        < 0.02
    )


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 1.5, 2.0, 10.0, 50.0])
def test_shares_are_those_of_the_quantile_function(alpha: float) -> None:
    numbers = (np.arange(2**12) / 2**12).astype(np.float32)
    expected = special.betaincinv(alpha, alpha, numbers.astype(np.float64))
    np.testing.assert_allclose(mix.beta_quantile(alpha, numbers), expected, rtol=0, atol=3e-5)
