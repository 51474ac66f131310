"""A data set, ready to be read: which images there are, and their pixels without those that cannot be read."""

from dataclasses import dataclass
from typing import Any

from atalho.data.images import Images
from atalho.data.manifest import Manifest


@dataclass(frozen=True)
class Dataset:
    """Images ready for a network that sees `size` pixels a side; the manifest is without those left out."""

    manifest: Manifest
    images: Images
    size: int
    fingerprint: str

    def record(self) -> dict[str, Any]:
        """What `manifest.json` of a run holds: also the fingerprint of the content, and what was left out."""
        return self.manifest.to_json() | {
            "fingerprint": self.fingerprint,
            "skipped": [{"path": image.name, "reason": image.reason.to_json()} for image in self.images.bad],
        }
