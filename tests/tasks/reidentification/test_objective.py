"""The task of re-identification: what its loss sees, what it measures, and that its state is its own."""

from pathlib import Path

import numpy as np
import pytest
import torch

from atalho.blocks.embedding_head import EmbeddingHead
from atalho.data.manifest import Manifest
from atalho.errors import DataError
from atalho.metrics.retrieval import EmbeddedImages
from atalho.tasks.losses.centre import CentreLoss
from atalho.tasks.reidentification import evaluation
from atalho.tasks.reidentification.objective import Losses, Reidentification
from atalho.tasks.task import Outputs


def _manifest(cameras: bool = True) -> Manifest:
    return Manifest(
        root=Path("x"),
        layout="identities",
        classes=("a", "b", "c"),
        names=tuple(f"{number}.png" for number in range(12)),
        labels=np.repeat(np.arange(3), 4),
        splits={"test": np.arange(12)},
        cameras=np.tile(np.arange(4), 3) if cameras else None,
        camera_names=("0", "1", "2", "3") if cameras else (),
    )


def _embedded(vectors: torch.Tensor) -> EmbeddedImages:
    return evaluation.embedded(vectors, np.arange(12), _manifest())


def _measured(vectors: torch.Tensor) -> evaluation.ReidentificationEvaluation:
    images = _embedded(vectors)
    return evaluation.measure(images, images, _manifest(), split="test", protocol="cross-camera")


def _task(losses: Losses) -> Reidentification:
    task = object.__new__(Reidentification)
    object.__setattr__(task, "losses", losses)
    return task


def test_vectors_that_tell_identities_apart_are_perfect_and_others_are_not() -> None:
    right = torch.eye(3).repeat_interleave(4, 0)
    found = _measured(right)
    assert (found.rank1, found.map, found.minp, found.valid_queries) == (1.0, 1.0, 1.0, 12)
    wrong = torch.randn(12, 8, generator=torch.Generator().manual_seed(0))
    assert _measured(wrong).map < 1


def test_ranked_lists_name_images_and_say_who_is_right() -> None:
    vectors = torch.eye(3).repeat_interleave(4, 0)
    vectors[0] = torch.tensor([0.0, 1.0, 0.0])  # a looks like b
    found = evaluation.measure(
        _embedded(vectors), _embedded(vectors), _manifest(), split="test", protocol="cross-camera"
    )
    assert len(found.lists) == evaluation.LISTS
    hardest = found.lists[0]
    assert (hardest.path, hardest.identity, hardest.first) == ("0.png", "a", 9)
    assert [answer.identity for answer in hardest.answers[:4]] == ["b"] * 4
    assert not any(answer.right for answer in hardest.answers[:4])
    assert len(hardest.answers) == evaluation.LIST_LENGTH


def test_no_right_answer_at_all_is_an_error_with_a_remedy() -> None:
    vectors = torch.eye(3).repeat_interleave(4, 0)
    alone = EmbeddedImages(vectors[::4], np.arange(3), np.zeros(3, np.int64), np.arange(0, 12, 4))
    with pytest.raises(DataError, match=r"No query has a right answer.*Try --protocol leave-self-out"):
        evaluation.measure(alone, alone, _manifest(), split="test", protocol="cross-camera")
    with pytest.raises(DataError, match=r"under the protocol leave-self-out\. Each identity needs"):
        evaluation.measure(alone, alone, _manifest(), split="test", protocol="leave-self-out")


def test_the_protocol_follows_the_cameras() -> None:
    known, unknown = _manifest(), _manifest(cameras=False)
    assert evaluation.protocol_for("auto", known) == "cross-camera"
    assert evaluation.protocol_for("auto", unknown) == "leave-self-out"
    assert evaluation.protocol_for("leave-self-out", known) == "leave-self-out"
    with pytest.raises(DataError, match="needs cameras, and none are known"):
        evaluation.protocol_for("cross-camera", unknown)


def test_every_part_of_the_loss_counts_and_reaches_the_features() -> None:
    logits, features = torch.randn(8, 2), torch.randn(8, 4, requires_grad=True)
    targets = torch.tensor([0, 1] * 4)
    plain = Losses(0.1, triplet=False, margin=None, centre=None, centre_weight=0.0, further=None)
    entropy = _task(plain).loss(Outputs(logits, features), targets)
    assert entropy == pytest.approx(torch.nn.functional.cross_entropy(logits, targets, label_smoothing=0.1).item())
    whole = Losses(0.1, True, 0.3, CentreLoss(2, 4), 0.5, lambda f, t: f.square().mean())
    task = _task(whole)
    total = task.loss(Outputs(logits, features), targets)
    assert total > entropy
    total.backward()  # type: ignore[no-untyped-call]
    assert features.grad is not None
    assert (features.grad != 0).any(1).all()
    assert set(task.tensors()) == {"centres"}
    assert _task(plain).tensors() == {}


def test_the_loss_sees_what_comes_before_the_neck() -> None:
    head = EmbeddingHead(6, 6, 3, "average").train()
    features = torch.randn(4, 6, 1, 1)
    before = head.before_neck(features)
    torch.testing.assert_close(before, features.flatten(1))
    torch.testing.assert_close(head.scores(before), head.classifier(head.neck(before)))
