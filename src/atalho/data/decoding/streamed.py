"""Images that are decoded batch by batch as they are needed, because they do not fit into one packed file."""

from collections.abc import Iterable, Iterator, Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from atalho.data.decoding.fit import Fit
from atalho.data.decoding.pool import DecoderPool, ImageFiles
from atalho.data.images import Images, tensor_of
from atalho.data.manifest import BadImage, Ids, Manifest, refuse_bad

Digests = NDArray[np.uint8]


@final
class StreamedImages(Images):
    """Each batch is decoded when its turn nears, by processes that work some batches ahead."""

    def __init__(
        self,
        manifest: Manifest,
        fit: Fit,
        channels: int,
        bad: Sequence[BadImage],
        *,
        digests: Digests,
        whole: NDArray[np.bool_],
        pool: DecoderPool,
    ) -> None:
        super().__init__(len(manifest), fit.side, channels, bad)
        self._manifest, self._digests, self._whole = manifest, digests, whole
        self._known_bad = {image.number for image in bad}
        self._fit, self._pool = fit, pool

    def iterate(self, batches: Iterable[Ids]) -> Iterator[tuple[Ids, Tensor]]:
        parts: list[Ids] = []  # decoding runs ahead of the batches that are given out

        def files() -> Iterator[ImageFiles]:
            for ids in batches:
                parts.append(ids)
                yield files_of(self._manifest, self._digests, self._whole, ids.tolist())

        for pixels, bad in self._pool.decode(files(), self._fit, self.channels):
            ids = parts.pop(0)
            # Of files whose content nobody knows: what could be read before and cannot be read now has changed.
            new = [(int(ids[place]), reason) for place, reason in bad if int(ids[place]) not in self._known_bad]
            refuse_bad([BadImage(number, self._manifest.names[number], reason) for number, reason in new])
            yield ids, tensor_of(pixels)

    def close(self) -> None:
        self._pool.close()


def files_of(manifest: Manifest, digests: Digests, whole: NDArray[np.bool_], numbers: Sequence[int]) -> ImageFiles:
    """The files of some images, what their contents were when they were surveyed (N, 16; zeros: unknown), and how.

    `whole` (N,) says which are decoded at their own size.
    """
    known = [digests[number].tobytes().hex() for number in numbers]
    return ImageFiles(
        [str(manifest.path(number)) for number in numbers],
        [digest.strip("0") and digest for digest in known],
        [bool(whole[number]) for number in numbers],
    )
