import numpy as np
import pytest
import torch

from atalho import chance
from atalho.blocks.head import ClassifierHead, Dropout
from atalho.errors import ConfigError


def test_the_embedding_is_the_mean_over_all_positions() -> None:
    features = torch.randn(2, 5, 3, 4)
    torch.testing.assert_close(ClassifierHead(5, 7).embedding(features), features.mean(dim=(2, 3)))


def test_logits_are_linear_in_the_embedding() -> None:
    head = ClassifierHead(5, 7, dropout=0.5).eval()
    features = torch.randn(2, 5, 3, 4)
    expected = head.embedding(features) @ head.classifier.weight.T + head.classifier.bias
    torch.testing.assert_close(head(features), expected)


def test_dropout_falls_on_the_embedding_in_training() -> None:
    head = ClassifierHead(64, 7, dropout=0.5)
    seen: list[torch.Tensor] = []
    head.classifier.register_forward_hook(lambda module, given, y: seen.append(given[0]))
    head(torch.ones(8, 64, 3, 3))
    assert set(seen[0].unique().tolist()) == {0.0, 2.0}


def masks(dropout: Dropout, ids: list[int], *, seed: int = 1, epoch: int = 2) -> torch.Tensor:
    with chance.batch(seed, epoch, np.array(ids)):
        return dropout(torch.ones(len(ids), 50))


def test_a_samples_mask_does_not_depend_on_its_batch() -> None:
    dropout = Dropout(0.4)
    together = masks(dropout, [7, 3, 9, 4])
    alone = torch.cat([masks(dropout, [i]) for i in (7, 3, 9, 4)])
    assert torch.equal(together, alone)


def test_masks_differ_between_samples_epochs_seeds_and_modules() -> None:
    first = masks(Dropout(0.4, number=0), [7])
    others = [
        masks(Dropout(0.4, number=0), [8]),
        masks(Dropout(0.4, number=1), [7]),
        masks(Dropout(0.4, number=0), [7], epoch=3),
        masks(Dropout(0.4, number=0), [7], seed=2),
    ]
    assert not any(torch.equal(first, other) for other in others)


def test_it_does_not_touch_the_global_generator_within_a_batch() -> None:
    before = torch.get_rng_state()
    masks(Dropout(0.4), [1, 2])
    assert torch.equal(torch.get_rng_state(), before)


def test_a_share_p_becomes_zero_and_the_mean_stays() -> None:
    dropped = torch.cat([masks(Dropout(0.3), [i]) for i in range(400)])
    assert (dropped == 0).float().mean().item() == pytest.approx(0.3, abs=0.015)
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)


def test_outside_a_batch_it_draws_like_torchs_dropout() -> None:
    x = torch.randn(4, 50)
    torch.manual_seed(5)
    own = Dropout(0.3)(x)
    torch.manual_seed(5)
    assert torch.equal(own, torch.nn.Dropout(0.3)(x))


def test_evaluation_and_p_of_zero_change_nothing() -> None:
    x = torch.randn(4, 50)
    assert Dropout(0.3).eval()(x) is x
    assert Dropout(0.0)(x) is x


@pytest.mark.parametrize("p", [-0.1, 1.0])
def test_a_share_out_of_range_is_refused(p: float) -> None:
    with pytest.raises(ConfigError, match=r"dropout .*: expected a number from 0 up to, but not including, 1"):
        Dropout(p)
