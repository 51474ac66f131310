"""A few images for experiments that look at networks, not at data: noise, and real ones at the network's size."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from atalho import chance
from atalho.config import DataConfig
from atalho.data import layouts, samples
from atalho.data.decoding.decode import decode_square, square_of
from atalho.data.decoding.fit import Fit
from atalho.data.manifest import Manifest
from atalho.data.preprocessing import normalise
from atalho.runs.network_source import NetworkSource


def noise(named: NetworkSource, count: int, seed: int) -> Tensor:
    """(N,C,S,S): standard normal numbers."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, named.spec.in_channels, named.side, named.side, generator=generator)


def real(named: NetworkSource, data: Path | str | None, count: int, seed: int) -> Tensor:
    """(N,C,S,S): images of `data`, by default of the sample `fashion`, prepared as the network's images are.

    Raises DataError where `data` holds no images or one of those chosen cannot be read.
    """
    if data is not None:
        return _read(_manifest(Path(data)), named, count, seed)
    with tempfile.TemporaryDirectory() as folder:
        return _read(_manifest(samples.unpack("fashion", Path(folder) / "fashion")), named, count, seed)


def _manifest(path: Path) -> Manifest:
    usual = DataConfig()
    return layouts.read(
        path, val_fraction=usual.val_fraction, test_fraction=usual.test_fraction, split_seed=usual.split_seed
    )


def _read(manifest: Manifest, named: NetworkSource, count: int, seed: int) -> Tensor:
    ids = np.sort(chance.permutation(seed, "lab images", 0, np.arange(len(manifest)))[:count])
    fit, channels = Fit(named.side), named.spec.in_channels
    squares = [
        decode_square(manifest.path(number), fit=fit, channels=channels)
        if manifest.pixels is None
        else square_of(Image.fromarray(manifest.pixels[number].squeeze()), fit=fit, channels=channels)
        for number in ids.tolist()
    ]
    pixels = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2)
    prepared = named.preprocessing
    if prepared is not None:
        return normalise(pixels, prepared.mean, prepared.std)
    shares = pixels.float().flatten(2) / 255
    return normalise(pixels, shares.mean((0, 2)).tolist(), shares.std((0, 2)).clamp(min=1e-3).tolist())
