"""CPU time of the help pages against that of importing the libraries that draw them: cyclopts, pydantic and rich.table.

    python benchmarks/help_speed.py [--turns 15]

Each turn starts the three programs one after the other, so that a slow moment of the machine meets all of them, and
gives one ratio a page. Writes results/help_speed.json.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import record

LIBRARIES = ["-c", "import cyclopts, pydantic, rich.table"]
PAGES = {"atalho --help": ["-m", "atalho", "--help"], "atalho train --help": ["-m", "atalho", "train", "--help"]}
ACCEPTED = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=15)
    turns = parser.parse_args().turns
    programs = {"libraries": LIBRARIES} | PAGES
    for program in programs.values():  # what a first start compiles and reads from the disk
        _cpu_seconds(program)
    seconds = {name: [0.0] * turns for name in programs}
    for turn in range(turns):
        for name, program in programs.items():
            seconds[name][turn] = _cpu_seconds(program)
    ratios = {
        name: [page / libraries for page, libraries in zip(seconds[name], seconds["libraries"], strict=True)]
        for name in PAGES
    }
    pages = {
        name: {
            "cpu_seconds": statistics.median(seconds[name]),
            "ratio": statistics.median(found),
            "smallest_ratio": min(found),
            "largest_ratio": max(found),
            "accepted": statistics.median(found) <= ACCEPTED,
        }
        for name, found in ratios.items()
    }
    for name, page in pages.items():
        print(f"{name}: {page['cpu_seconds']:.2f} s of CPU, {page['ratio']:.2f} times the libraries")
    result = {"turns": turns, "libraries_cpu_seconds": statistics.median(seconds["libraries"]), "pages": pages}
    print(record.write("help_speed", record.origin(f"python benchmarks/help_speed.py --turns {turns}") | result))


def _cpu_seconds(program: list[str]) -> float:
    """User and system time of one Python process that ran to its end."""
    process = subprocess.Popen([sys.executable, *program], stdout=subprocess.DEVNULL)
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{program} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
