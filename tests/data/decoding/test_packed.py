import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from atalho.data import layouts
from atalho.data.decoding.decode import decode_square
from atalho.data.decoding.fit import Fit
from atalho.data.decoding.packed import open_images
from atalho.data.decoding.reading import ReadingOptions
from atalho.data.decoding.streamed import StreamedImages
from atalho.data.decoding.survey import survey
from atalho.data.images import Images
from atalho.data.manifest import Manifest
from atalho.errors import DataError
from atalho.text import speaking

Tree = Callable[..., Path]


@pytest.fixture
def data(fashion: Path, tmp_path: Path) -> Path:
    """Forty real images, to be changed at will."""
    for name in ("bag", "coat"):
        for number in range(20):
            (tmp_path / "data" / name).mkdir(parents=True, exist_ok=True)
            shutil.copy(fashion / "test" / name / f"{number:04d}.png", tmp_path / "data" / name)
    return tmp_path / "data"


def read(root: Path) -> Manifest:
    return layouts.read(root, val_fraction=0, test_fraction=0.2, split_seed=0)


def opened(root: Path, **changes: Any) -> Images:
    manifest = read(root)
    shape = {name: changes.pop(name, usual) for name, usual in (("fit", Fit(20)), ("channels", 1))}
    others = {name: changes.pop(name) for name in ("cache_dir", "progress", "measured") if name in changes}
    return open_images(manifest, survey(manifest), ReadingOptions(**{"workers": 0} | changes), **shape, **others)


def stop(*_rest: object) -> None:
    raise AssertionError("nothing was to be decoded")


@pytest.mark.parametrize("cache_gb", [0, 1])
@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_depend_neither_on_workers_nor_on_the_cache(
    data: Path, cache_gb: float, workers: int, channels: int
) -> None:
    images = opened(data, cache_gb=cache_gb, workers=workers, channels=channels)
    manifest = read(data)
    ids = np.array([39, 0, 7, 7])
    found = images[ids]
    assert (len(images), images.side, images.channels) == (40, 20, channels)
    assert found.shape == (4, channels, 20, 20)
    assert found.dtype == torch.uint8
    assert found.is_contiguous(memory_format=torch.channels_last)
    expected = [decode_square(manifest.path(number), fit=Fit(20), channels=channels) for number in ids.tolist()]
    np.testing.assert_array_equal(found.permute(0, 2, 3, 1).numpy(), np.stack(expected))
    np.testing.assert_array_equal(images[torch.from_numpy(ids)].numpy(), found.numpy())


@pytest.mark.parametrize("cache_gb", [0, 1])
def test_batches_come_in_order(data: Path, cache_gb: float) -> None:
    images = opened(data, cache_gb=cache_gb, workers=2)
    batches = [np.array([3, 4]), np.array([9]), np.array([1, 0, 39])] * 4
    for wanted, (ids, pixels) in zip(batches, images.iterate(batches), strict=True):
        np.testing.assert_array_equal(ids, wanted)
        np.testing.assert_array_equal(pixels.numpy(), images[wanted].numpy())


@pytest.mark.parametrize("cache_gb", [0, 1])
def test_the_second_time_nothing_is_decoded(data: Path, cache_gb: float) -> None:
    calls: list[tuple[str, int, int]] = []
    first = opened(data, cache_gb=cache_gb, progress=lambda *call: calls.append(call))
    assert calls == [("decoding images", 40, 40)]
    second = opened(data, cache_gb=cache_gb, progress=stop)
    np.testing.assert_array_equal(first[np.arange(40)].numpy(), second[np.arange(40)].numpy())


def test_the_cache_is_found_by_content_wherever_the_images_lie(data: Path, tmp_path: Path) -> None:
    opened(data)
    shutil.copytree(data, tmp_path / "copy")
    opened(tmp_path / "copy", progress=stop)


@pytest.mark.parametrize(
    "change", [{"fit": Fit(24)}, {"fit": Fit(20, "bicubic")}, {"fit": Fit(20, crop=20)}, {"channels": 3}]
)
def test_other_pixels_are_another_cache(data: Path, change: dict[str, int]) -> None:
    opened(data)
    calls: list[object] = []
    opened(data, progress=lambda *call: calls.append(call), **change)
    assert calls


def test_the_cache_is_made_again_when_the_content_changes(data: Path) -> None:
    before = opened(data)[np.arange(40)].numpy()
    shutil.copy(data / "bag" / "0003.png", data / "coat" / "0004.png")
    after = opened(data)[np.arange(40)].numpy()
    changed = [number for number in range(40) if (before[number] != after[number]).any()]
    assert changed == [24]
    np.testing.assert_array_equal(after[24], before[3])


@pytest.mark.parametrize("damage", [b"", b"{", b'{"version": 0}', b"[]"])
def test_a_damaged_cache_is_made_again(data: Path, cache: Path, damage: bytes) -> None:
    before = opened(data)[np.arange(40)].numpy()
    (about,) = (cache / "packed").glob("*/about.json")
    about.write_bytes(damage)
    (about.parent / "pixels.u8").write_bytes(b"damaged")
    np.testing.assert_array_equal(opened(data)[np.arange(40)].numpy(), before)


def test_a_cache_cut_short_is_made_again(data: Path, cache: Path) -> None:
    before = opened(data)[np.arange(40)].numpy()
    (pixels,) = (cache / "packed").glob("*/pixels.u8")
    with pixels.open("r+b") as file:
        file.truncate(100)
    np.testing.assert_array_equal(opened(data)[np.arange(40)].numpy(), before)


def test_nothing_half_done_is_left_when_decoding_stops(data: Path, cache: Path) -> None:
    with pytest.raises(AssertionError, match="nothing was to be decoded"):
        opened(data, progress=stop)
    assert list((cache / "packed").iterdir()) == []


@pytest.mark.parametrize("cache_gb", [0, 1])
def test_bad_images_are_refused_by_name(data: Path, cache: Path, cache_gb: float) -> None:
    (data / "bag" / "0003.png").write_bytes(b"no image")
    whole = (data / "coat" / "0001.png").read_bytes()
    (data / "coat" / "0001.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"1 image cannot be read.*\n  bag/0003\.png: not an image of an accepted"):
        opened(data, cache_gb=cache_gb)
    (data / "bag" / "0003.png").unlink()
    with pytest.raises(DataError, match=r"1 image cannot be read.*\n  coat/0001\.png: truncated or damaged"):
        opened(data, cache_gb=cache_gb)
    assert not list(cache.glob("packed/*")) + list(cache.glob("checked/*"))


@pytest.mark.parametrize("cache_gb", [0, 1])
@pytest.mark.parametrize("workers", [0, 2])
def test_bad_images_are_left_out_by_choice(data: Path, cache_gb: float, workers: int) -> None:
    (data / "bag" / "0003.png").write_bytes(b"no image")
    whole = (data / "coat" / "0001.png").read_bytes()
    (data / "coat" / "0001.png").write_bytes(whole[: len(whole) // 2])
    for _time in range(2):
        images = opened(data, cache_gb=cache_gb, workers=workers, skip_bad=True)
        assert [(image.number, image.name) for image in images.bad] == [(3, "bag/0003.png"), (21, "coat/0001.png")]
        # As kept, the reason is that in any language, also out of the cache.
        told = [speaking("pt")(str)(image.reason) for image in images.bad]
        assert [text.split(" (")[0].split(": ")[0] for text in told] == [
            "não é uma imagem em formato aceito, ou o cabeçalho está danificado",
            "incompleto ou danificado",
        ]
        assert images[np.array([3])].max() == 0
        assert images[np.array([4])].max() > 0
    manifest = read(data).without(image.number for image in images.bad)
    assert sum(len(ids) for ids in manifest.splits.values()) == 38
    # What was accepted with bad images in it is not accepted without.
    with pytest.raises(DataError, match="cannot be read"):
        opened(data, cache_gb=cache_gb, workers=workers)


def test_an_image_that_changes_under_a_run_is_an_error(data: Path) -> None:
    images = opened(data, cache_gb=0, workers=1)
    assert isinstance(images, StreamedImages)
    (data / "bag" / "0005.png").write_bytes(b"changed")
    assert images[np.array([4])].max() > 0
    with pytest.raises(DataError, match=r"bag/0005\.png changed after it was first read"):
        images[np.array([4, 5])]
    images.close()


def test_the_oldest_caches_go_when_the_budget_is_full(data: Path, cache: Path) -> None:
    for side in (20, 21, 22):
        opened(data, fit=Fit(side), cache_gb=40 * (21 * 21 + 22 * 22) / 1e9 + 1e-6)
    assert len(list((cache / "packed").iterdir())) == 2


def test_a_run_that_wants_little_does_not_empty_the_caches_of_others(data: Path, cache: Path) -> None:
    opened(data, fit=Fit(22))
    opened(data, fit=Fit(20), cache_gb=40 * 20 * 20 / 1e9)
    assert len(list((cache / "packed").iterdir())) == 2


def test_error_of_a_cache_that_cannot_be_written(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    manifest = read(data)
    found = survey(manifest)
    with pytest.raises(DataError, match="Set ATALHO_CACHE to a writable folder"):
        open_images(
            manifest, found, ReadingOptions(workers=0), fit=Fit(20), channels=1, cache_dir=tmp_path / "file" / "x"
        )


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [8, 12])
def test_arrays_are_taken_as_they_are(colour: bool, channels: int, side: int) -> None:
    shape = (5, 8, 8, 3) if colour else (5, 8, 8)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    names = tuple(f"file#{number}" for number in range(5))
    manifest = Manifest(Path("/"), "idx", ("0", "1"), names, np.array([0, 1, 0, 1, 0]), {"train": np.arange(5)}, pixels)
    found = survey(manifest)
    assert found.grey is not colour
    assert found.widths.tolist() == [8] * 5
    images = open_images(manifest, found, fit=Fit(side), channels=channels)
    assert images[np.arange(5)].shape == (5, channels, side, side)
    if side == 8 and not colour:
        np.testing.assert_array_equal(images[np.arange(5)][:, 0].numpy(), pixels)
    if side == 8 and colour and channels == 3:
        np.testing.assert_array_equal(images[np.arange(5)].permute(0, 2, 3, 1).numpy(), pixels)
    changed = Manifest(**{**vars(manifest), "pixels": 255 - pixels})
    assert survey(changed).fingerprint != found.fingerprint


def test_what_a_cache_says_of_itself(data: Path, cache: Path) -> None:
    opened(data)
    (about,) = (cache / "packed").glob("*/about.json")
    assert json.loads(about.read_text()) == {"version": 1, "images": 40, "bytes": 16000, "bad": [], "limit": 4e9}
    assert (about.parent / "pixels.u8").stat().st_size == 40 * 20 * 20


@pytest.mark.parametrize("fit", [Fit(8), Fit(8, crop=6)])
def test_large_jpegs_that_are_measured_are_another_cache(tmp_path: Path, fit: Fit) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (4, 32, 40, 3), np.uint8)
    for number, image in enumerate(noise):
        (tmp_path / "data" / str(number % 2)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(tmp_path / "data" / str(number % 2) / f"{number}.jpg")
    everything = np.arange(4)
    before = opened(tmp_path / "data", fit=fit, channels=3)[everything].numpy()
    measured = np.array([1, 2])
    found = opened(tmp_path / "data", fit=fit, channels=3, measured=measured)[everything].numpy()
    changed = [] if fit.crop else [1, 2]
    assert [number for number in range(4) if (found[number] != before[number]).any()] == changed
    manifest = read(tmp_path / "data")
    for number in measured.tolist():
        whole = decode_square(manifest.path(number), fit=fit, channels=3, whole=True)
        np.testing.assert_array_equal(found[number].transpose(1, 2, 0), whole)
    opened(tmp_path / "data", fit=fit, channels=3, measured=measured, progress=stop)


def test_of_smaller_images_every_split_finds_one_cache(data: Path) -> None:
    opened(data)
    opened(data, measured=np.arange(40), progress=stop)
