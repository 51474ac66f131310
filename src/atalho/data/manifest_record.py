"""What a run keeps of its images: the manifest, their fingerprint, and what happened to them. No torch here."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple, Self

from atalho.data.duplicates import Duplicates
from atalho.data.manifest import Manifest
from atalho.json_values import JsonObject
from atalho.text import Text
from atalho.validation import checked


@dataclass(frozen=True)
class ImagesMoved:
    """A resume found the images in another place."""

    when: str
    moved: str
    """Where they are now."""


@dataclass(frozen=True)
class ImagesChanged:
    """A resume went on with other images, from `step` in `epoch` on. `fingerprint` is that of those before."""

    when: str
    step: int
    epoch: int
    fingerprint: str
    added: int
    removed: int
    leaked: int
    """Images that were trained on and are now held out."""


class SkippedImage(NamedTuple):
    """An image that cannot be read and was left out."""

    path: str
    reason: Text


@dataclass(frozen=True)
class ManifestRecord:
    """What `manifest.json` of a run holds: the images, the fingerprint of their content, and what happened to them."""

    FILE: ClassVar[str] = "manifest.json"
    manifest: Manifest
    fingerprint: str
    skipped: tuple[SkippedImage, ...] = ()
    changes: tuple[ImagesMoved | ImagesChanged, ...] = ()
    path: str | None = None
    """Where the images are since a resume found them elsewhere or changed."""
    duplicates: Duplicates | None = None
    """None where an older version did not look for them."""

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The record of a file. Raises DataError where it holds no manifest, ValueError for anything else."""
        skipped = (SkippedImage(str(one["path"]), Text.from_json(one["reason"])) for one in stored.get("skipped", ()))
        changes = checked(tuple[ImagesMoved | ImagesChanged, ...], stored.get("changes", ()))
        manifest, fingerprint = Manifest.from_json(stored), str(stored.get("fingerprint", ""))
        duplicates = checked(Duplicates | None, stored.get("duplicates"))  # type: ignore[arg-type]
        if duplicates is not None and any(not 0 <= number < len(manifest) for number in duplicates.ids):
            raise ValueError("duplicates that are no images of the manifest")
        return cls(manifest, fingerprint, tuple(skipped), changes, stored.get("path"), duplicates)

    def to_dict(self) -> JsonObject:
        """What the file holds."""
        skipped = [{"path": image.path, "reason": image.reason.to_json()} for image in self.skipped]
        record = self.manifest.to_json() | {"fingerprint": self.fingerprint, "skipped": skipped}
        if self.duplicates is not None:
            record |= {"duplicates": asdict(self.duplicates)}
        since: JsonObject = {"changes": [asdict(change) for change in self.changes], "path": self.path}
        return record | since if self.changes else record
