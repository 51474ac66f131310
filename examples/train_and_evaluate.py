"""Train a network on a folder of images, measure it, and label new images with it.

    python examples/train_and_evaluate.py DATA [EPOCHS]

DATA holds one folder per class. Without DATA, the sample of Fashion-MNIST that ships with Atalho is unpacked and used;
5 epochs on it take about a minute on two CPU cores.
"""

import sys
from pathlib import Path

import atalho
from atalho.data import samples


def main(data: str | None = None, epochs: str = "5") -> None:
    folder = Path(data) if data else samples.unpack("fashion", Path("fashion"))
    run = atalho.train(folder, model="resnet20", epochs=int(epochs))
    print(f"top-1 accuracy on test images: {run.top1:.1%}")
    print("report:", run.path / "report.html")

    # The model folder alone is enough to use the network elsewhere.
    model = atalho.load(run.path / "model")
    some = sorted(path for path in folder.rglob("*") if path.suffix in (".png", ".jpg"))[::100]
    for image, prediction in zip(some, model.predict(some), strict=True):
        print(f"{image}: {prediction.label} ({prediction.probability:.1%})")


if __name__ == "__main__":
    main(*sys.argv[1:])
