"""Test accuracy with running norm statistics and with those that ship, for the same weights at the end of a training.

    python benchmarks/norm_statistics.py [--only few|long]

`few`: four images a class of the fashion sample, three networks, three seeds, and beside both the accuracy after one
pass of all training images has set the statistics. `long`: the whole sample. Writes results/norm_statistics.json.
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import record

from atalho.data import samples
from atalho.metrics.intervals import wilson
from atalho.precision import choose
from atalho.runs.dataset import open_dataset, survey_data
from atalho.runs.fit import preprocessing, training_setup
from atalho.runs.network import backbone_of, first_weights, spec_for
from atalho.settings import ask, nest
from atalho.storage.log import NoLines
from atalho.tasks.forward import forward
from atalho.training import loop
from atalho.training.distributed import Ranks
from atalho.training.norm_statistics import borrowed_statistics
from atalho.training.progress import Progress, StepReport
from atalho.training.recipe import RecipeContext, resolve
from atalho.training.setup import TrainingSetup
from atalho.training.state import TrainingState
from atalho.training.timing import Timing

FEW = [(model, None, seed) for model in ("resnet20", "resnet18", "densenet-bc-22-12") for seed in range(3)]
LONG = [("resnet20", 15, 0), ("resnet20", 15, 1), ("densenet-bc-22-12", 6, 0)]
EACH = {"train": 4, "test": 20}


class AtTheEnd(Progress):
    """Measures the averaged network after the last step, before the loop gives it the statistics that ship."""

    def __init__(self, measured: "Measured") -> None:
        self.measured = measured
        self.running = 0.0

    def step(self, report: StepReport) -> None:
        if report.step == report.steps:
            self.running = self.measured.accuracy()


class Measured:
    """A network in training and the test images."""

    def __init__(self, setup: TrainingSetup, state: TrainingState, test: Any) -> None:
        self.setup, self.state, self.test = setup, state, test

    def accuracy(self) -> float:
        task = self.setup.task
        found = forward(self.state.averaged.network, task.images, self.test, task.prepared, task.precision)
        return float((found.argmax(1) == task.labels[self.test]).float().mean())


def train(data: Path, model: str, epochs: int | None, seed: int, work: Path) -> dict[str, Any]:
    asked = {"data.path": str(data), "model.name": model, "training.seed": seed}
    settings = ask(nest(asked if epochs is None else asked | {"training.epochs": epochs}))
    surveyed = survey_data(settings.config, Progress())
    images, backbone = len(surveyed.manifest.splits["train"]), backbone_of(settings.config.model, None)
    config, _notes = resolve(settings, RecipeContext(backbone.family, backbone.plan().depth, surveyed.size, images))
    dataset = open_dataset(surveyed, config.data, Progress(), channels=surveyed.channels)
    classes = len(dataset.manifest.classes)
    spec = spec_for(config, None, classes=classes, channels=surveyed.channels, size=surveyed.size)
    precision = choose("auto", "auto")
    prepared = preprocessing(dataset, config.data, None)
    setup = training_setup(config, dataset, prepared, precision, work / "checkpoints")
    state = TrainingState.start(first_weights(spec, config, None).to(precision.device), config.training, setup.steps)
    measured = Measured(setup, state, dataset.manifest.splits["test"])
    watching = AtTheEnd(measured)
    loop.fit(setup, state, Ranks(), NoLines(), Timing(None, minutes=60, steps=None), watching)
    shipped, count = measured.accuracy(), len(measured.test)
    with borrowed_statistics(state.averaged.network, setup.task, len(setup.task.train)):
        whole = measured.accuracy()
    found = {"running": watching.running, "shipped": shipped, "all_training_images": whole}
    print(model, seed, setup.steps, "steps:", {name: round(share, 3) for name, share in found.items()}, flush=True)
    intervals = {f"{name}_interval": wilson(round(share * count), count) for name, share in found.items()}
    return {"model": model, "seed": seed, "steps": setup.steps, "train": images, "test": count} | found | intervals


def few(fashion: Path, folder: Path) -> Path:
    for split, count in EACH.items():
        for source in sorted((fashion / split).iterdir()):
            (folder / split / source.name).mkdir(parents=True)
            for image in sorted(source.iterdir())[:count]:
                shutil.copy(image, folder / split / source.name)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("few", "long"))
    only = parser.parse_args().only
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        fashion = samples.unpack("fashion", place / "fashion")
        sets = {"few": (few(fashion, place / "few"), FEW), "long": (fashion, LONG)}
        result = {
            name: [train(data, *row, place / "work" / f"{name}-{number}") for number, row in enumerate(rows)]
            for name, (data, rows) in sets.items()
            if only in (None, name)
        }
    if only is None:
        print(record.write("norm_statistics", record.origin("python benchmarks/norm_statistics.py") | result))


if __name__ == "__main__":
    main()
