"""What the loop asks of a task, on a task of four images."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from atalho.config import AugmentConfig
from atalho.data.augment import Augment
from atalho.data.images import PackedImages
from atalho.data.manifest import NO_IDS, Ids
from atalho.data.preprocessing import Preprocessing
from atalho.networks.build import create
from atalho.networks.network import Network
from atalho.precision import choose
from atalho.tasks.task import Objective, Outputs


@dataclass(frozen=True)
class Backwards(Objective):
    steps_per_epoch = 2

    def batches(self, epoch: int) -> list[Ids]:
        return [np.array([3, 2]), np.array([1, 0])]

    def loss(self, outputs: Outputs, targets: Tensor) -> Tensor:
        return outputs.logits.sum()

    def validate(self, network: Network) -> dict[str, float | None]:
        return {}


def _task() -> Backwards:
    pixels = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)
    augment = Augment(AugmentConfig(crop="none", flip=False), size=8, mean=(0.0,), std=(1 / 255,), seed=0)
    prepared = Preprocessing(size=8, resize=8, channels=1, mean=(0.0,), std=(1 / 255,))
    labels = torch.tensor([0, 1, 0, 1])
    return Backwards(PackedImages(pixels, []), labels, 2, augment, NO_IDS, NO_IDS, 0, prepared, choose("cpu", "fp32"))


def test_images_and_targets_of_a_batch_belong_together() -> None:
    task = _task()
    for ids, pixels in task.images.iterate(task.batches(0)):
        images, targets = task.vary(pixels, ids, 0)
        assert images[:, 0, 0, 0].round().int().tolist() == ids.tolist()
        assert targets.tolist() == (ids % 2).tolist()


def test_without_more_a_task_needs_the_logits_and_learns_nothing_itself() -> None:
    task, network = _task(), create("resnet20", classes=2, in_channels=1).eval()
    images = torch.zeros(2, 1, 8, 8)
    outputs = task.outputs(network, images)
    assert torch.equal(outputs.logits, network(images))
    assert outputs.features is None
    assert task.tensors() == {}
