"""Are deeper networks worse without shortcuts? Measure it on your own images.

    python examples/measure_depth.py DATA [DEPTHS]

DATA holds one folder per class. Trains plain and residual networks of 20 and 56 layers, or of other DEPTHS, with two
seeds each: some ten minutes on two CPU cores for the sample of 5,400 images that `atalho sample fashion` unpacks. The
page says what the intervals allow. More seeds make it firmer, and the same call continues with what is there.
"""

import sys

from atalho import lab


def main(data: str, depths: str = "20,56") -> None:
    result = lab.depth.run(data, depths=[int(depth) for depth in depths.split(",")], seeds=2, out="depth")
    print(result)
    print("figure, table and verdict: depth/report.html")


if __name__ == "__main__":
    main(*sys.argv[1:])
