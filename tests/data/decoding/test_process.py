import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from atalho.data.decoding.fit import Fit
from atalho.data.decoding.process import decode_files, survey_files
from atalho.data.decoding.reasons import Reason


def test_a_survey_gives_digest_size_and_colour_or_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    Image.new("L", (3, 5)).save(file)
    rows = survey_files([str(file), str(tmp_path / "none.png")], 100, False, False)
    assert rows[0] == [hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest(), 3, 5, True, 1 << 4]
    assert str(rows[1]) == "there is no such file"


def test_decoding_gives_zeros_for_a_bad_image(tmp_path: Path) -> None:
    Image.new("L", (8, 8), 200).save(tmp_path / "a.png")
    pixels, bad, changed = decode_files(
        [str(tmp_path / "none.png"), str(tmp_path / "a.png")], Fit(4), 3, 100, False, False
    )
    assert pixels.shape == (2, 4, 4, 3)
    assert pixels[0].max() == 0
    assert pixels[1].min() == 200
    assert bad == [(0, Reason.MISSING.text())]
    assert changed == []


def test_an_image_that_is_not_what_it_was_is_no_bad_one(tmp_path: Path) -> None:
    digests = []
    for name in "ab":
        Image.new("L", (8, 8), 200).save(tmp_path / name, format="PNG")
        digests.append(hashlib.blake2b((tmp_path / name).read_bytes(), digest_size=16).hexdigest())
    Image.new("L", (8, 8), 100).save(tmp_path / "b", format="PNG")
    found = decode_files([str(tmp_path / name) for name in "aba"], Fit(4), 3, 100, False, False, [*digests, ""])
    assert (found.bad, found.changed) == ([], [1])


def test_jobs_and_results_over_pipes(tmp_path: Path) -> None:
    Image.new("L", (8, 8), 200).save(tmp_path / "a.png")
    paths = [str(tmp_path / "a.png")] * 2
    limits = {"max_pixels": 100, "tiff": False, "avif": False}
    jobs = [
        {"kind": "decode", "paths": paths, "fit": {"resize": 4}, "channels": 1, **limits},
        {"kind": "survey", "paths": paths, **limits},
    ]
    program = "from atalho.data.decoding.process import main; main()"
    lines = "".join(json.dumps(job) + "\n" for job in jobs).encode()
    done = subprocess.run([sys.executable, "-c", program], input=lines, capture_output=True, check=True)
    results = io.BytesIO(done.stdout)
    first = json.loads(results.readline())
    assert first == {"bad": [], "changed": [], "bytes": 32}
    assert set(np.frombuffer(results.read(32), np.uint8).tolist()) == {200}
    second = json.loads(results.readline())
    assert [row[1:] for row in second["rows"]] == [[8, 8, True, 1 << 4]] * 2
    assert results.read() == b""
