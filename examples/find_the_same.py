"""Re-identification: train on some identities, put images into a gallery, and find who another image shows.

    python examples/find_the_same.py [DATA] [EPOCHS]

DATA holds one folder per identity, with the camera as the last number of each file name. Without DATA, the sample of
Omniglot that ships with Atalho is used: each character is an identity, and each person who drew it a camera. The
default of 15 epochs takes a few minutes on two CPU cores.
"""

import sys
from pathlib import Path

import atalho
from atalho.data import samples


def main(data: str | None = None, epochs: str = "15") -> None:
    folder = Path(data) if data else samples.unpack("omniglot", Path("omniglot"))
    run = atalho.train(folder, task="reid", model="resnet20", epochs=int(epochs))
    print("report:", run.path / "report.html")

    done = atalho.index(run.path, [str(folder)], "gallery.db")
    print(f"{done.new} images in gallery.db, each known by its folder's name")

    query, other = sorted(path for path in folder.rglob("*") if path.suffix in (".png", ".jpg"))[:2]
    for answer in atalho.search("gallery.db", [str(query)], k=6):
        print(f"most similar to {query}, which is in the gallery too:")
        for hit in answer.hits:
            print(f"  {hit.similarity:.2f}  {hit.entry.label}  {hit.entry.path}")
    print(f"{query} and {other}:", atalho.compare(run.path, query, other))


if __name__ == "__main__":
    main(*sys.argv[1:])
