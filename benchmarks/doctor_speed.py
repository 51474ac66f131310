"""Images a second of doctor on a folder of small images, with nothing known beforehand, near-duplicates included.

    python benchmarks/doctor_speed.py FOLDER [--repeats 3]

Each repeat has an empty cache folder of its own; the files themselves are in the system's memory after the first.
Writes results/doctor_speed.json.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import record

import atalho
from atalho.data.decoding.pool import cores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    seconds = []
    for _repeat in range(asked.repeats):
        with tempfile.TemporaryDirectory() as cache:
            os.environ["ATALHO_CACHE"] = cache
            begin = time.perf_counter()
            found = atalho.doctor(asked.folder)
            seconds.append(time.perf_counter() - begin)
        print(f"{found.images} images in {seconds[-1]:.1f} s: {found.images / seconds[-1]:.0f} a second")
    result = {
        "images": found.images,
        "widths": found.widths,
        "formats": found.formats,
        "cores": cores(),
        "seconds": seconds,
        "images_per_second": found.images / statistics.median(seconds),
        "problems": dict(Counter(problem.kind for problem in found.problems)),
    }
    told = f"python benchmarks/doctor_speed.py {asked.folder.name} --repeats {asked.repeats}"
    print(record.write("doctor_speed", record.origin(told) | result))


if __name__ == "__main__":
    main()
