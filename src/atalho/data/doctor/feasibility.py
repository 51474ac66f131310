"""Whether re-identification can be trained and measured with these images, proved before any training."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from atalho.data import open_set
from atalho.data.doctor.problem import Problem, Severity
from atalho.data.manifest import NO_IDS, Ids, Manifest
from atalho.errors import DataError
from atalho.text import Text, ntext

_SHOWN: Final = 3


def examine(manifest: Manifest, protocol: str, digests: NDArray[np.uint8] | None = None) -> list[Problem]:
    """What stands in the way of re-identification: identities, cameras, queries without a right answer, copies.

    `protocol` is auto, cross-camera or leave-self-out; `digests` (N,16) of the files tell copies. Problems of the
    severity "stops" make training or the evaluation meaningless; the others are good to know.
    """
    problems = [*_training(manifest), *_overlap(manifest), *_cameras(manifest, protocol)]
    for split in ("val", "test"):
        if len(manifest.splits.get(split, NO_IDS)) or (split == "test" and "query" in manifest.splits):
            problems += _answers(manifest, split, _across(manifest, protocol))
    if digests is not None and len(digests) == len(manifest):
        problems += _copies(manifest, digests)
    return problems


def refuse(problems: Sequence[Problem], path: str) -> None:
    """DataError that names what stops re-identification on the images at `path`, each with its remedy."""
    stops = [problem for problem in problems if problem.severity == Severity.STOPS]
    if stops:
        lines = [f"  {problem.message} {problem.remedy}" for problem in stops]
        head = Text("{path}: re-identification is not feasible with these images:").format(path=path)
        raise DataError(Text.joined(head, *lines, by="\n"))


def _across(manifest: Manifest, protocol: str) -> bool:
    return protocol == "cross-camera" or (protocol == "auto" and manifest.cameras is not None)


def _training(manifest: Manifest) -> Iterator[Problem]:
    counts = manifest.counts("train")
    counts = counts[counts > 0]
    alone = int((counts == 1).sum())
    if len(counts) < 2:
        yield Problem(
            "reid-training",
            Text("Training needs at least two identities; there are {count}.").format(count=len(counts)),
            Text("Add identities, or lower --data.test-fraction and --data.val-fraction."),
        )
    elif alone == len(counts):
        yield Problem(
            "reid-training",
            Text(
                "Each of the {count} training identities has only one image: there are no pairs to learn "
                "similarity from."
            ).format(count=alone),
            Text("Add images of the same identities. Each folder that contains images is one identity."),
        )
    elif alone:
        text = ntext(
            "{count} of {all} training identities has only one image, so no similarity can be learnt from it.",
            "{count} of {all} training identities have only one image, so no similarity can be learnt from them.",
            alone,
        )
        yield Problem(
            "single-image",
            text.format(count=alone, all=len(counts)),
            Text("Add images of these identities, or leave them as they are."),
        )


def _overlap(manifest: Manifest) -> Iterator[Problem]:
    trained = set(manifest.labels[manifest.splits.get("train", NO_IDS)].tolist())
    both = sorted(trained & set(manifest.labels[manifest.splits.get("test", NO_IDS)].tolist()))
    if both:
        names = ", ".join(manifest.classes[label] for label in both[:_SHOWN])
        text = ntext(
            "{count} identity is in both training and test: {names}. The test would measure memorisation.",
            "{count} identities are in both training and test: {names}. The test would measure memorisation.",
            len(both),
        )
        yield Problem(
            "reid-overlap",
            text.format(count=len(both), names=names),
            Text("Keep each identity in one split, or let Atalho make the splits."),
        )


def _cameras(manifest: Manifest, protocol: str) -> Iterator[Problem]:
    across = Text("Use --data.camera to read the camera from file names, or --protocol leave-self-out.")
    if protocol == "cross-camera" and manifest.cameras is None:
        yield Problem("reid-cameras", Text("The protocol cross-camera needs cameras, and none are known."), across)
    elif _across(manifest, protocol) and len(manifest.camera_names) < 2:
        yield Problem(
            "reid-cameras",
            Text("All images come from one camera ({name}): no query has a right answer from another one.").format(
                name=", ".join(manifest.camera_names)
            ),
            across,
        )


def _answers(manifest: Manifest, split: str, across: bool) -> Iterator[Problem]:
    queries, gallery = open_set.sides(manifest, split)
    missing = [(Text("queries"), queries), (Text("gallery"), gallery)]
    for name, ids in missing:
        if not len(ids):
            yield Problem(
                "reid-answers",
                Text("{split}: there are no images for {side}.").format(split=split, side=name),
                Text("Provide query and gallery images, or one test split that serves as both."),
            )
            return
    answered = _answered(manifest, queries, gallery, across)
    left = int((~answered).sum())
    if not answered.any():
        yield Problem(
            "reid-answers",
            Text("{split}: none of the {count} queries has a right answer in the gallery.").format(
                split=split, count=len(queries)
            ),
            Text("Identities need images from at least two cameras; or use --protocol leave-self-out.")
            if across
            else Text("Identities need at least two images."),
        )
        return
    if len(np.unique(manifest.labels[gallery])) < 2:
        yield Problem(
            "reid-answers",
            Text("{split}: the gallery has only one identity, so no answer can be wrong.").format(split=split),
            Text("Hold out more identities: --data.test-fraction, --data.val-fraction."),
        )
    if left:
        text = ntext(
            "{split}: {count} of {all} queries has no right answer and will not be counted.",
            "{split}: {count} of {all} queries have no right answer and will not be counted.",
            left,
        )
        yield Problem(
            "reid-uncounted",
            text.format(split=split, count=left, all=len(queries)),
            Text("Add images of these identities from other cameras."),
            manifest.names[int(queries[~answered][0])],
            tuple(manifest.names[i] for i in queries[~answered][1:].tolist()),
        )


def _answered(manifest: Manifest, queries: Ids, gallery: Ids, across: bool) -> NDArray[np.bool_]:
    """Which queries have a right answer: counts per identity (and camera) say it without comparing pairs."""
    own = np.bincount(manifest.labels[gallery], minlength=len(manifest.classes))[manifest.labels[queries]]
    if across and manifest.cameras is not None:
        width = int(manifest.cameras.max()) + 1
        pairs = manifest.labels * width + manifest.cameras
        seen = np.bincount(pairs[gallery], minlength=len(manifest.classes) * width)[pairs[queries]]
    else:
        seen = np.isin(queries, gallery).astype(np.int64)
    answered: NDArray[np.bool_] = own > seen
    return answered


def _copies(manifest: Manifest, digests: NDArray[np.uint8]) -> Iterator[Problem]:
    queries, gallery = (manifest.splits.get(name, NO_IDS) for name in ("query", "gallery"))
    known: dict[Any, int] = {digests[i].tobytes(): i for i in gallery.tolist()}
    same = [(i, known[digests[i].tobytes()]) for i in queries.tolist() if digests[i].tobytes() in known]
    if same:
        text = ntext(
            "{count} query is a copy of a gallery image, such as {name}: it finds itself.",
            "{count} queries are copies of gallery images, such as {name}: they find themselves.",
            len(same),
        )
        yield Problem(
            "reid-copies",
            text.format(count=len(same), name=manifest.names[same[0][0]]),
            Text("Remove the copies from the gallery."),
            manifest.names[same[0][0]],
            tuple(manifest.names[i] for pair in same for i in pair)[1:],
        )
