"""Bring in weights that torchvision, timm or another program wrote, and predict with them.

    python examples/import_weights.py resnet50.pth resnet50 photo.jpg

The layout of the file is recognised, every tensor must fit, and no code in the file is run. Give `mean` and `std` to
`import_file` if the weights were not trained with ImageNet's. Takes a few seconds.
"""

import sys

import atalho


def main(file: str, name: str, *images: str) -> None:
    found = atalho.import_file(file, model=name, out="imported")
    print(found)  # what was recognised, and what was assumed
    model = atalho.load(found)
    for image, prediction in zip(images, model.predict(images, top=3), strict=True):
        print(image, *(f"{label}: {probability:.1%}" for label, probability in prediction.top), sep="\n  ")


if __name__ == "__main__":
    main(*sys.argv[1:])
