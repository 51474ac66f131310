"""Everything that is examined, and what was found."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from atalho.data.decoding.reading import ReadingOptions
from atalho.data.decoding.survey import OnProgress, Survey, image_digests, survey
from atalho.data.decoding.traits import FORMATS, format_of
from atalho.data.doctor import balance, feasibility, few_images, folders, shapes, small, twins, unreadable
from atalho.data.doctor.problem import KINDS, Problem, Severity
from atalho.data.doctor.small import Small
from atalho.data.manifest import NO_IDS, Manifest, bytewise
from atalho.json_values import JsonObject
from atalho.text import Text, _


@dataclass(frozen=True)
class Examination:
    """What the images at `path` are, and the problems that they have, worst first, each kind by path."""

    path: Path
    problems: tuple[Problem, ...]
    images: int = 0
    classes: dict[str, dict[str, int]] = field(default_factory=dict)
    """Readable images of each class in each split."""
    splits: dict[str, int] = field(default_factory=dict)
    """Readable images of each split."""
    identities: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    """Names, for re-identification."""
    examples: tuple[Text, ...] = ()
    """What the paths of a few images were understood to say."""
    widths: tuple[int, int, int] | None = None
    """Smallest, median and largest, in pixels."""
    heights: tuple[int, int, int] | None = None
    formats: dict[str, int] = field(default_factory=dict)
    grey: int = 0
    notes: tuple[Text, ...] = ()

    @property
    def stops(self) -> bool:
        """Whether training on these images would not start."""
        return any(problem.severity is Severity.STOPS for problem in self.problems)

    @property
    def skippable(self) -> bool:
        """Whether all that blocks training are single images, which `--skip-bad` leaves out."""
        stops = {problem.kind for problem in self.problems if problem.severity is Severity.STOPS}
        return stops <= unreadable.KINDS

    def to_json(self) -> JsonObject:
        """What `--json` prints."""
        return {
            "path": str(self.path),
            "stops": self.stops,
            "images": self.images,
            "classes": self.classes,
            "splits": self.splits,
            "identities": list(self.identities),
            "cameras": list(self.cameras),
            "examples": [str(example) for example in self.examples],
            "widths": self.widths and dict(zip(("smallest", "median", "largest"), self.widths, strict=True)),
            "heights": self.heights and dict(zip(("smallest", "median", "largest"), self.heights, strict=True)),
            "formats": self.formats,
            "grey": self.grey,
            "notes": [str(note) for note in self.notes],
            "problems": [problem.to_json() for problem in self.problems],
        }


def examine(
    manifest: Manifest,
    options: ReadingOptions = ReadingOptions(),  # noqa: B008 (frozen)
    *,
    progress: OnProgress | None = None,
    cache_dir: Path | None = None,
    protocol: str | None = None,
) -> Examination:
    """Read and decode every image once, small, and compare them. Nothing is written but the survey's index.

    With a `protocol` the images are for re-identification: it must be feasible under it, and no identity needs to be
    in every split.
    """
    surveyed = survey(manifest, options, progress=progress, cache_dir=cache_dir)
    seen = small.shrink(manifest, surveyed, options, progress=progress)
    if progress is not None:
        progress(_("comparing images"), 0, 1)
    kept = manifest.without(image.number for image in seen.bad)
    problems = [
        *unreadable.problems(seen.bad),
        *twins.problems(kept, twins.find(kept, image_digests(manifest, surveyed), seen.grey, seen.good)),
        *(
            balance.problems(kept, seen.colourless)
            if protocol is None
            else feasibility.examine(kept, protocol, surveyed.digests)
        ),
        *(few_images.problems(kept, surveyed) if protocol is None else ()),
        *folders.problems(manifest),
        *shapes.problems(manifest, surveyed, seen),
    ]
    if progress is not None:
        progress(_("comparing images"), 1, 1)
    order = list(KINDS)
    problems.sort(key=lambda problem: (order.index(problem.kind), bytewise(problem.path or "")))
    return _summed(manifest.root, kept, surveyed, seen, problems, protocol is not None)


def _summed(
    root: Path, kept: Manifest, surveyed: Survey, seen: Small, problems: list[Problem], identities: bool
) -> Examination:
    good = seen.good
    counts = {name: kept.counts(name) for name in kept.splits}
    formats = (
        Counter(format_of(traits) for traits in surveyed.traits[good].tolist()) if len(surveyed.traits) else Counter()
    )
    return Examination(
        path=root,
        problems=tuple(problems),
        images=len(kept),
        classes={
            name: {split: int(of_class[label]) for split, of_class in counts.items()}
            for label, name in enumerate(kept.classes)
        },
        splits={split: len(ids) for split, ids in kept.splits.items()},
        identities=kept.classes if identities else (),
        cameras=kept.camera_names,
        examples=tuple(_examples(kept, identities)) if kept.pixels is None else (),
        widths=_range(surveyed.widths[good]),
        heights=_range(surveyed.heights[good]),
        formats={name: formats[name] for name in FORMATS if formats[name]},
        grey=int(seen.colourless[good].sum()),
        notes=kept.notes,
    )


def _examples(manifest: Manifest, identities: bool) -> Iterator[Text]:
    """The first image, one in the middle and the last, with what each was understood to show."""
    used = np.unique(np.concatenate([*manifest.splits.values(), NO_IDS]))
    for number in dict.fromkeys(used[[0, len(used) // 2, -1]].tolist()) if len(used) else ():
        split = next(name for name in manifest.splits if number in manifest.splits[name])
        what: dict[str, object] = {"path": manifest.names[number], "name": manifest.classes[manifest.labels[number]]}
        if manifest.cameras is not None:
            camera = manifest.camera_names[manifest.cameras[number]]
            yield Text("{path}: identity {name}, camera {camera}, {split}", **what, camera=camera, split=split)
        elif identities:
            yield Text("{path}: identity {name}, {split}", **what, split=split)
        else:
            yield Text("{path}: class {name}, {split}", **what, split=split)


def _range(values: np.typing.NDArray[np.int32]) -> tuple[int, int, int] | None:
    if not len(values):
        return None
    return int(values.min()), int(np.median(values)), int(values.max())
