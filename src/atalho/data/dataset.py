"""A data set, ready to be read: which images there are, and their pixels without those that cannot be read."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atalho.data.decoding.fit import Fit
from atalho.data.duplicates import Duplicates
from atalho.data.images import Images
from atalho.data.manifest import Manifest
from atalho.data.manifest_record import ManifestRecord, SkippedImage


@dataclass(frozen=True)
class Dataset:
    """Images ready for a network that sees `size` pixels a side; the manifest is without those left out."""

    manifest: Manifest
    images: Images
    size: int
    fit: Fit
    """Which square is kept of each image."""
    fingerprint: str
    digests: NDArray[np.uint8]
    """(N, 16): what each image is, by its content."""
    duplicates: Duplicates | None = None
    """Of a run's own images, those that were found among them."""

    def record(self) -> ManifestRecord:
        """What a run keeps of them: also what was left out."""
        skipped = tuple(SkippedImage(image.name, image.reason) for image in self.images.bad)
        return ManifestRecord(self.manifest, self.fingerprint, skipped, duplicates=self.duplicates)
