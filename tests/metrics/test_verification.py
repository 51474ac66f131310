import numpy as np
import pytest
import torch

from atalho.errors import DataError
from atalho.metrics.verification import choose, error_rates, threshold_at


def clustered(identities: int, images: int, spread: float, seed: int = 0) -> tuple[torch.Tensor, np.ndarray]:
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(identities, 32, generator=generator)
    points = centres.repeat_interleave(images, 0) + spread * torch.randn(identities * images, 32, generator=generator)
    return torch.nn.functional.normalize(points, dim=1), np.repeat(np.arange(identities), images)


def test_rates_equal_a_loop_over_all_pairs() -> None:
    embeddings, identities = clustered(7, 4, 1.0)
    found = error_rates(embeddings, identities)
    similarity = (embeddings @ embeddings.T).numpy()
    pairs = [(i, j) for i in range(len(identities)) for j in range(i)]
    genuine = np.array([similarity[i, j] for i, j in pairs if identities[i] == identities[j]])
    impostor = np.array([similarity[i, j] for i, j in pairs if identities[i] != identities[j]])
    assert (found.genuine, found.impostor) == (len(genuine), len(impostor))
    for threshold, far, frr in zip(found.thresholds[::50], found.far[::50], found.frr[::50], strict=True):
        assert far == pytest.approx((impostor >= threshold).mean(), abs=1e-9)
        assert frr == pytest.approx((genuine < threshold).mean(), abs=1e-9)


def test_rates_go_their_ways_and_lie_in_their_intervals() -> None:
    found = error_rates(*clustered(30, 4, 1.0))
    assert (np.diff(found.far) <= 0).all()
    assert (np.diff(found.frr) >= 0).all()
    middle = slice(600, 1400)
    for rate, ends in ((found.far, found.far_interval), (found.frr, found.frr_interval)):
        assert (ends[0] <= rate + 0.02)[middle].all()
        assert (rate - 0.02 <= ends[1])[middle].all()


def test_the_chosen_threshold_keeps_its_promise_on_other_identities() -> None:
    threshold = choose(error_rates(*clustered(60, 5, 0.8)), far=0.01)
    assert threshold.far <= 0.01
    others = error_rates(*clustered(60, 5, 0.8, seed=1))
    place = int(np.searchsorted(others.thresholds, threshold.similarity))
    assert others.far[place] <= 0.03
    assert others.frr[place] < 0.1


def test_no_accepted_pair_still_has_an_upper_bound() -> None:
    threshold = choose(error_rates(torch.eye(20).repeat_interleave(3, 0), np.repeat(np.arange(20), 3)), far=0.01)
    assert (threshold.far, threshold.frr) == (0, 0)
    assert threshold.far_interval[1] == pytest.approx(3 / threshold.impostor)


def test_too_few_pairs_for_the_wanted_rate() -> None:
    found = error_rates(*clustered(4, 2, 0.5))
    with pytest.raises(DataError, match=r"rate of 0\.001 cannot be known from 24 pairs .*: 3000 are needed"):
        choose(found, far=0.001)
    with pytest.raises(DataError, match=r": 1000000000000000000 are needed"):
        choose(found, far=1e-320)


def test_identities_without_a_second_image() -> None:
    embeddings, _identities = clustered(6, 1, 0.5)
    with pytest.raises(DataError, match="6 images of 6 identities have 0 and 15"):
        error_rates(embeddings, np.arange(6))


def test_pairs_by_one_camera_are_no_genuine_pairs() -> None:
    embeddings, identities = clustered(5, 4, 0.5)
    cameras = np.tile([0, 0, 1, 1], 5)
    everything, across = error_rates(embeddings, identities), error_rates(embeddings, identities, cameras)
    assert (everything.genuine, across.genuine) == (30, 20)
    assert everything.impostor == across.impostor
    assert np.array_equal(everything.far, across.far)


def test_the_intervals_hold_what_they_say() -> None:
    """Identities that resemble others more than most do: an interval of pairs as such would hold half of that."""

    def drawn(identities: int, seed: int) -> tuple[torch.Tensor, np.ndarray]:
        generator = torch.Generator().manual_seed(seed)
        centres = torch.randn(identities, 16, generator=generator)
        centres[:, 0] += 4 * torch.rand(identities, generator=generator)
        points = centres.repeat_interleave(3, 0) + 0.6 * torch.randn(3 * identities, 16, generator=generator)
        return torch.nn.functional.normalize(points, dim=1), np.repeat(np.arange(identities), 3)

    truth = error_rates(*drawn(700, 999))
    similarity = choose(truth, far=0.02).similarity
    wanted = threshold_at(truth, similarity, 0.02)
    held = [0, 0]
    for seed in range(40):
        found = threshold_at(error_rates(*drawn(40, seed)), similarity, 0.02)
        for kind, (low, high), rate in ((0, found.far_interval, wanted.far), (1, found.frr_interval, wanted.frr)):
            held[kind] += low <= rate <= high
    assert min(held) >= 32  # of 40, where 95 % would be 38


def test_a_threshold_written_as_a_decimal_is_that_of_its_step() -> None:
    found = error_rates(*clustered(12, 4, 1.0))
    for place in (900, 1200, 1357):
        similarity = float(f"{found.thresholds[place]:.3f}")
        assert threshold_at(found, similarity, 0.1).far == found.far[place]
