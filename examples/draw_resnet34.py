"""Draw ResNet-34 as the article does, alone and beside the same network without shortcuts.

    python examples/draw_resnet34.py

Writes resnet34.svg and plain34-resnet34.svg in about a second. A name of the catalogue, a TOML file with a
specification, or the folder of your own run may stand in the place of "resnet34".
"""

from pathlib import Path

import atalho


def main() -> None:
    Path("resnet34.svg").write_text(atalho.draw("resnet34", columns=2), encoding="utf-8")
    Path("plain34-resnet34.svg").write_text(atalho.draw("plain34", beside=["resnet34"]), encoding="utf-8")
    print("resnet34.svg, plain34-resnet34.svg")


if __name__ == "__main__":
    main()
