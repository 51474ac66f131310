"""Keep a finished experiment of the laboratory: its result with the commit, its figure in both languages.

    python benchmarks/lab_results.py lab/depth-cifar [--name lab-depth-cifar10]

Writes results/NAME.json and docs/figures/NAME.en.svg, NAME.pt.svg and, where the figure is matplotlib's, the PNGs. The
name is lab-EXPERIMENT-SUBJECT if not given; paths in the command are cut to their last part.
"""

import argparse
import json
import re
from pathlib import Path

from record import RESULTS, origin, write

from atalho import lab
from atalho.lab.shared.files import write_figure
from atalho.text import LANGUAGES, speaking

FIGURES = RESULTS.parent / "docs" / "figures"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name")
    given = parser.parse_args()
    plain = json.loads((given.folder / "result.json").read_bytes())
    result = getattr(lab, plain["experiment"]).read(given.folder)
    if result.missing:
        parser.error(f"{given.folder} is not finished: {', '.join(result.missing)}")
    about = plain["provenance"]
    now = origin(about["command"])
    about |= {"command": re.sub(r"(?<=\s)/\S*/", "", about["command"])}
    about |= {name: now[name] for name in ("commit", "changed")}
    name = given.name or f"lab-{result.experiment}-{result.subject}"
    print(write(name, plain))
    for language in LANGUAGES:
        with speaking(language):
            write_figure(FIGURES / f"{name}.{language}", result)
        print(FIGURES / f"{name}.{language}.svg")


if __name__ == "__main__":
    main()
