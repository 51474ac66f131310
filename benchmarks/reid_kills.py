"""Training for re-identification, killed at instants drawn from its whole life, ends with the same bytes.

    python benchmarks/reid_kills.py [--trials 60] [--seed 0] [--folder FOLDER]

Each trial is a real process on real characters, of two blocks at 12 pixels, with triplet and centre loss, Adam, random
erasing and random affine distortion: killed once at any instant, or five times in a row in one trial of four. Trials
that are done are kept in FOLDER and not repeated. Writes results/reid-kills.json.
"""

import argparse
from collections import Counter
from pathlib import Path

import torch
from kill_trials import Trials, carry_out
from PIL import Image
from real_runs import NETWORK, SIDE, Place
from record import RESULTS, origin, write

from atalho.data import samples
from atalho.storage import run_folder

SETTINGS = (
    *("--task", "reid", "--data.size", str(SIDE), "--data.test-fraction", "0.4", "--data.val-fraction", "0.2"),
    *("--batch-size", "12", "--training.threads", "1", "--training.precision", "fp32", "--augment.affine", "1"),
    *("--augment.erasing", "0.5", "--reid.embedding", "16", "--reid.centre", "0.01", "--reid.rotations"),
)
EPOCHS = 3


class Characters(Place):
    """A place where runs re-identify characters: four of each alphabet, by six drawers."""

    def prepare(self) -> None:
        """Make what is not there yet."""
        super().prepare()
        self.network.write_text(NETWORK)
        self.images = self.folder / "characters"
        if self.images.exists():
            return
        whole = samples.unpack("omniglot", self.folder / "omniglot")
        for alphabet in sorted(path for path in whole.iterdir() if path.is_dir()):
            for character in sorted(alphabet.iterdir())[:4]:
                target = self.images / alphabet.name / character.name
                target.mkdir(parents=True)
                for image in sorted(character.iterdir())[:6]:
                    with Image.open(image) as picture:
                        small = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
                    small.save(target / image.name)

    def command(self, run: Path, *, streamed: bool, epochs: int = EPOCHS, save_every: int = 2) -> list[str]:
        """What brings `run` to its end, whatever is there of it."""
        if (run / run_folder.CONFIG).is_file():
            return ["train", "--resume", str(run)]
        options = ["--epochs", str(epochs), "--training.checkpoint-steps", str(save_every)]
        options += ["--data.cache-gb", "0", "--data.workers", "2"] if streamed else []
        return ["train", str(self.images), "--model", str(self.network), *SETTINGS, *options, "--out", str(run)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=RESULTS.parent / "runs" / "reid-kills")
    given = parser.parse_args()
    torch.set_num_threads(1)
    place = Characters(given.folder)
    place.prepare()
    trials = Trials(place, given.seed)
    trials.undisturbed()
    found = []
    for number in range(given.trials):
        trial = trials.chain if number % 4 == 3 else trials.kill_anywhere
        found.append(carry_out(f"{trial.__name__}-{number:03d}", trial, given.folder, given.seed))
        print(number, found[-1], flush=True)
    different = [row for row in found if not row["identical"]]
    phases = Counter(phase for row in found for phase in row.get("phases", [row.get("phase")]))
    result = {
        "trials": len(found),
        "kills": sum(phases.values()),
        "different": len(different),
        "bound_95": 3 / len(found) if not different else None,
        "phases": dict(phases),
        "errors": [row["error"] for row in different],
        "provenance": origin(f"python benchmarks/reid_kills.py --trials {given.trials}", given.seed),
    }
    print(write("reid-kills", result).name, {key: result[key] for key in list(result)[:-1]})


if __name__ == "__main__":
    main()
