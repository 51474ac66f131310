"""The few images that experiments on networks take: of the network's size, the same for the same seed."""

from pathlib import Path

import numpy as np
import torch

from atalho.lab.identity import samples
from atalho.runs.network_source import resolve


def test_noise_is_the_seeds() -> None:
    found = resolve("resnet20")
    assert samples.noise(found, 3, 0).shape == (3, 3, 32, 32)
    assert torch.equal(samples.noise(found, 3, 4), samples.noise(found, 3, 4))
    assert not torch.equal(samples.noise(found, 3, 4), samples.noise(found, 3, 5))


def test_real_images_from_files_and_from_arrays(clothes: Path, tmp_path: Path) -> None:
    found = resolve("resnet20")
    images = samples.real(found, clothes, 4, 0)
    assert images.shape == (4, 3, 32, 32) and images.isfinite().all()
    assert images.mean().abs() < 1e-3 and abs(images.std() - 1) < 0.01
    assert torch.equal(images, samples.real(found, clothes, 4, 0))
    _write_idx(tmp_path)
    assert samples.real(found, tmp_path, 2, 0).shape == (2, 3, 32, 32)


def test_by_default_the_sample_that_ships() -> None:
    assert samples.real(resolve("mlp6"), None, 2, 0).shape == (2, 3, 32, 32)


def _write_idx(folder: Path) -> None:
    pixels = np.arange(6 * 8 * 8, dtype=np.uint32).reshape(6, 8, 8).astype(np.uint8)
    labels = np.array([0, 1] * 3, np.uint8)
    for split in ("train", "t10k"):
        head = bytes([0, 0, 8, 3]) + np.array([6, 8, 8], ">u4").tobytes()
        (folder / f"{split}-images-idx3-ubyte").write_bytes(head + pixels.tobytes())
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(
            bytes([0, 0, 8, 1]) + np.array([6], ">u4").tobytes() + labels.tobytes()
        )
