"""A folder of 1,000 images of which 100 are bad in 20 ways: does doctor name each, and does train leave each out?

    python benchmarks/bad_images.py [--good 900] [--times 5] [--seconds 600]

Both run as the commands that a user gives, with a limit of time. Counted are the bad images that doctor names, those
that make a command hang, and those that a run trains on or takes something else for. `replaced` also counts good
images that are missing. Writes results/bad_images.json.
"""

import argparse
import io
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
import record

CLASSES = ("red", "green", "blue")
READABLE = {"animated", "cmyk", "sixteen_bit", "wrong_extension"}
"""Named because a person should know of them, but readable: a run keeps these."""


def picture(number: int, side: int = 40) -> Image.Image:
    """A picture that no other number has: a gradient of the class's colour, under noise."""
    random = np.random.default_rng(number)
    slope = np.linspace(40, 200, side)
    base = np.add.outer(slope * random.uniform(0.2, 1), slope * random.uniform(0.2, 1)) / 2
    pixels = np.repeat(base[:, :, None] * 0.5, 3, axis=2)
    pixels[:, :, number % len(CLASSES)] += 60
    pixels += np.kron(random.normal(0, 25, (side // 4, side // 4, 1)), np.ones((4, 4, 1)))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def stored(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def write(content: Callable[[int], bytes]) -> Callable[[Path, int], None]:
    return lambda path, number: path.write_bytes(content(number)) and None


def png(width: int, height: int) -> bytes:
    """A PNG whose header claims any size, with hardly any content."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def corrupt(number: int) -> bytes:
    data = bytearray(stored(picture(number), "PNG"))
    data[len(data) // 2] ^= 0xFF
    return bytes(data)


def archive(_number: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("photo.jpg", "no photo")
    return buffer.getvalue()


def deep(number: int) -> bytes:
    grey = np.asarray(picture(number).convert("L")).astype(np.uint16) * 257
    return stored(Image.fromarray(grey), "PNG")


def animation(number: int) -> bytes:
    return stored(picture(number), "GIF", save_all=True, append_images=[picture(number + 1)])


def listen(path: Path, _number: int) -> None:
    # A socket's whole path has about 100 bytes at most, so it is made from inside its folder.
    before = os.getcwd()  # noqa: PTH109
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(path.name)
    finally:
        os.chdir(before)


def device(path: Path, number: int) -> None:
    path.symlink_to(("/dev/zero", "/dev/random", "/dev/null", "/dev/urandom", "/dev/full")[number % 5])


WAYS: dict[str, tuple[str, Callable[[Path, int], None]]] = {
    "empty": (".jpg", write(lambda _: b"")),
    "truncated_jpeg": (".jpg", write(lambda n: stored(picture(n))[:400])),
    "truncated_png": (".png", write(lambda n: stored(picture(n), "PNG")[:-60])),
    "corrupt_png": (".png", write(corrupt)),
    "html": (".jpg", write(lambda n: f"<!DOCTYPE html><html><body>404 {n}</body></html>".encode())),
    "bomb": (".png", write(lambda n: png(100_000, 60_000 + n))),
    "zero_width": (".png", write(lambda n: png(0, 10 + n))),
    "zip": (".png", write(archive)),
    "tiff": (".tif", write(lambda n: stored(picture(n), "TIFF"))),
    "noise": (".jpg", write(lambda n: np.random.default_rng(n).bytes(2000))),
    "fifo": (".jpg", lambda path, _n: os.mkfifo(path)),
    "folder": (".jpg", lambda path, _n: path.mkdir()),
    "broken_link": (".jpg", lambda path, _n: path.symlink_to("nowhere.jpg")),
    "link_loop": (".jpg", lambda path, _n: path.symlink_to(path.name)),
    "socket": (".jpg", listen),
    "device": (".jpg", device),
    "animated": (".gif", write(animation)),
    "cmyk": (".jpg", write(lambda n: stored(picture(n).convert("CMYK")))),
    "sixteen_bit": (".png", write(deep)),
    "wrong_extension": (".png", write(lambda n: stored(picture(n)))),
}


def make(root: Path, good: int, times: int) -> dict[str, str]:
    """Write the folder; the way in which each bad image is bad, by its name."""
    ways: dict[str, str] = {}
    for name in CLASSES:
        (root / name).mkdir(parents=True)
    for number in range(good):
        picture(number).save(root / CLASSES[number % 3] / f"good{number:04}.{('jpg', 'png', 'webp')[number % 7 % 3]}")
    for place, (way, (suffix, spoil)) in enumerate(WAYS.items()):
        for time in range(times):
            number = good + place * times + time
            name = f"{CLASSES[number % 3]}/{way}{time}{suffix}"
            spoil(root / name, number)
            ways[name] = way
    return ways


def command(*arguments: str, seconds: float) -> tuple[int | None, str, str]:
    """Exit code (None where it hung), output and errors of `atalho`."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "atalho", "--lang", "en", *arguments],
            capture_output=True, text=True, timeout=seconds, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return None, "", ""
    return done.returncode, done.stdout, done.stderr


def measure(folder: Path, good: int, times: int, seconds: float) -> dict[str, Any]:
    """Run doctor, train, and train --skip-bad on the folder, and count."""
    ways = make(folder / "photos", good, times)
    os.environ["ATALHO_CACHE"] = str(folder / "cache")
    unreadable = {name for name, way in ways.items() if way not in READABLE}
    photos, run = str(folder / "photos"), folder / "run"
    doctor_code, out, _err = command("doctor", photos, "--json", seconds=seconds)
    problems = json.loads(out)["problems"] if out else []
    named = {problem["path"] for problem in problems} & set(ways)
    stopping = {problem["path"] for problem in problems if problem["severity"] == "stops"}
    network = ("--model", "resnet20", "--data.size", "32", "--epochs", "1", "--batch-size", "64")
    refused_code, _out, refusal = command("train", photos, *network, "--out", str(folder / "none"), seconds=seconds)
    train_code, _out, train_err = command("train", photos, "--skip-bad", *network, "--out", str(run), seconds=seconds)
    manifest = json.loads((run / "manifest.json").read_bytes()) if (run / "manifest.json").is_file() else {}
    skipped = {image["path"] for image in manifest.get("skipped", [])}
    used = {manifest["names"][number] for ids in manifest.get("splits", {}).values() for number in ids}
    wanted = {name for name in manifest.get("names", []) if name not in unreadable}
    return {
        "images": good + len(ways),
        "bad": len(ways),
        "ways": len(WAYS),
        "unreadable": len(unreadable),
        "named": len(named),
        "not_named": sorted(set(ways) - named),
        "hung": sum(code is None for code in (doctor_code, refused_code, train_code)),
        "replaced": len(used ^ wanted),
        "left_out": len(skipped),
        "left_out_wrongly": sorted(skipped ^ unreadable),
        "stops_wrongly": sorted(stopping ^ unreadable),
        "exit_codes": {"doctor": doctor_code, "train": refused_code, "train --skip-bad": train_code},
        "refusal": refusal.strip().splitlines()[:3],
        "train_errors": [] if train_code == 0 else train_err.strip().splitlines()[-5:],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--good", type=int, default=900)
    parser.add_argument("--times", type=int, default=5, help="bad images of each way")
    parser.add_argument("--seconds", type=float, default=600, help="after which a command counts as hung")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), asked.good, asked.times, asked.seconds)
    print(json.dumps(found, indent=1))
    told = f"python benchmarks/bad_images.py --good {asked.good} --times {asked.times}"
    record.write("bad_images", record.origin(told) | found)


if __name__ == "__main__":
    main()
