"""The paths of three new users, run as they would type them: each output and the pages' looks, in docs/tour.

python tools/tour.py              run all of them, in English and Portuguese: some ten minutes on two cores
python tools/tour.py en student   one language, one user

Every command runs in an empty folder, which the outputs call ~/tour. A command that ends otherwise than expected
stops the tour. The pictures need Chromium; the package Pillow, which Atalho brings, makes them small.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).parent.parent
STORED = ROOT / "docs" / "tour"
MINUTES = STORED / "minutes.json"
LANGUAGES = {"en": ("en_GB", "en"), "pt": ("pt_BR", "pt-BR")}
"""What the system says of each, and what a browser does."""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
HEIGHTS = {1440: 900, 390: 844}
"""The screens: a desktop's and a telephone's."""
NARROWEST = 500
"""Chromium's windows are no narrower: a telephone is a frame in such a one."""
COLOURS = {"dark": 0, "light": 1}
"""As Chromium numbers them."""
FRAME = """\
<!doctype html><meta name="color-scheme" content="light dark">
<style>body {{ margin: 0; width: {}px }} iframe {{ border: 0; display: block }} img {{ width: 100% }}</style>
{}"""
COLOURS_KEPT, QUALITY = 64, 55
"""Of pictures that are kept exactly, and of those with photographs, which that would not make small."""


@dataclass(frozen=True)
class Step:
    """A command as a user types it, with names that depend on the language; or a change to the folder, and its words.

    `shows` is the page that it made and its name, `code` how it ends, and `trusted` whether it makes known an accuracy.
    """

    typed: str
    shows: tuple[str, str] | None = None
    code: int = 0
    trusted: bool = False
    change: Callable[[Path, dict[str, str]], None] | None = None


NAMES = {
    "en": {
        "photos": "photos",
        "messy": "messy",
        "clothes": "clothes",
        "check": "check-up.html",
        "mess": "# copies across splits, a truncated JPEG and a text file among the photographs",
    },
    "pt": {
        "photos": "fotos",
        "messy": "bagunca",
        "clothes": "roupas",
        "check": "exame.html",
        "mess": "# cópias entre partições, um JPEG truncado e um arquivo de texto entre as fotos",
    },
}


def make_a_mess(folder: Path, names: dict[str, str]) -> None:
    """Photographs with splits as somebody in a hurry makes them."""
    messy = folder / names["messy"]
    for label in sorted(path for path in (folder / names["photos"]).iterdir() if path.is_dir()):
        images = sorted(label.glob("*.jpg"))
        for split, some in (("train", images[:40]), ("test", [*images[40:55], *images[:2]])):
            into = messy / split / label.name
            into.mkdir(parents=True)
            for image in some:
                shutil.copy(image, into / image.name)
    broken = messy / "train" / "glass" / "broken.jpg"
    broken.write_bytes((folder / names["photos"] / "glass" / "glass1.jpg").read_bytes()[:900])
    (messy / "train" / "paper" / "notes.txt").write_text("ask Ana about the labels\n", encoding="utf-8")


USERS = {
    "engineer": (
        Step("atalho sample trash {photos}"),
        Step("atalho"),
        Step("atalho doctor {photos} --report {check}", shows=("doctor", "{check}")),
        Step(
            "atalho train {photos} --model resnet20 --data.size 32 --epochs 3",
            shows=("report", "runs/{photos}/report.html"),
            trusted=True,
        ),
        Step("atalho evaluate runs/{photos}"),
        Step("atalho predict runs/{photos} {photos}/glass/glass1.jpg {photos}/paper/paper1.jpg --top 3"),
        Step("{mess}", change=make_a_mess),
        Step("atalho doctor {messy}", code=1),
        Step("atalho train {messy} --model resnet20 --data.size 32 --epochs 2", code=2),
        Step("atalho train {messy} --model resnet20 --data.size 32 --epochs 2 --skip-bad --fix-leaks"),
        Step("atalho predict runs/{messy} {messy}/train/glass/broken.jpg {messy}/train/glass/glass1.jpg", code=1),
        Step("atalho runs"),
    ),
    "student": (
        Step("atalho sample fashion {clothes}"),
        Step(
            "atalho train {clothes} --model resnet20 --training.steps 40",
            shows=("report", "runs/{clothes}/report.html"),
        ),
        Step("atalho predict runs/{clothes} {clothes}/test/bag/0000.png"),
        Step("atalho show runs/{clothes}"),
        Step("atalho show plain20 --beside resnet20 --svg resnet20.svg", shows=("drawing", "resnet20.svg")),
        Step("atalho lab identity resnet20", shows=("lab", "lab/identity-resnet20/report.html")),
    ),
    "researcher": (
        Step("atalho models"),
        Step("atalho show densenet-bc-40-12"),
        Step("atalho sample fashion {clothes}"),
        Step("atalho train {clothes} --lr 0.05", code=2),
        Step("atalho train {clothes} --model resnet20 --training.steps 40 --seed 1 --out runs/resnet20-1"),
        Step("atalho train {clothes} --model plain20 --training.steps 40 --seed 1 --out runs/plain20-1"),
        Step("atalho runs"),
        Step("atalho runs --compare runs/resnet20-1 runs/plain20-1"),
        Step("atalho grow runs/resnet20-1 --to resnet26 --out runs/grown"),
        Step("atalho evaluate runs/grown {clothes}"),
    ),
}


def main(given: list[str]) -> None:
    """Every tour that the arguments leave."""
    if unknown := set(given) - set(LANGUAGES) - set(USERS):
        sys.exit(f"unknown: {', '.join(sorted(unknown))}. Accepted: {', '.join((*LANGUAGES, *USERS))}.")
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        sys.exit("The pictures need Chromium, which was not found. On Debian: apt-get install chromium")
    languages = [language for language in LANGUAGES if language in given] or list(LANGUAGES)
    users = [user for user in USERS if user in given] or list(USERS)
    for language, user in product(languages, users):
        with tempfile.TemporaryDirectory() as folder:
            Tour(language, user, Path(folder).resolve(), chromium).run()


class Tour:
    """One user's commands in one language."""

    def __init__(self, language: str, user: str, home: Path, chromium: str) -> None:
        self.language, self.user, self.home, self.chromium = language, user, home, chromium
        self.folder = home / "tour"
        self.folder.mkdir()
        self.stored = STORED / language
        self.stored.mkdir(parents=True, exist_ok=True)
        system, self.browser = LANGUAGES[language]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ATALHO_", "LC_", "XDG_"))}
        told = {"HOME": str(home), "LANGUAGE": system, "LANG": f"{system}.UTF-8", "COLUMNS": "100"}
        self.environment = {**kept, **told, "PYTHONPATH": str(ROOT / "src")}

    def run(self) -> None:
        """Every step; outputs, pictures and times are stored."""
        lines, timed = [], []
        for step in USERS[self.user]:
            typed = step.typed.format(**NAMES[self.language])
            print(f"{self.language} {self.user}: {typed}", file=sys.stderr)
            if step.change:
                step.change(self.folder, NAMES[self.language])
                lines += [typed, ""]
                continue
            start = time.monotonic()
            output = self.output(typed, step.code)
            timed.append({"command": typed, "seconds": round(time.monotonic() - start, 1)})
            lines += [f"$ {typed}", output.rstrip(), ""]
            if step.trusted:
                self.keep("first_accuracy", self.measured(timed))
            if step.shows:
                name, page = step.shows
                self.pictures(name, self.folder / page.format(**NAMES[self.language]))
        (self.stored / f"{self.user}.txt").write_text("\n".join(lines), encoding="utf-8")
        self.keep(self.user, timed)

    def output(self, typed: str, code: int = 0) -> str:
        """What a command prints, with the folder under the name that stands for everybody's."""
        words = [sys.executable, "-m", "atalho", *shlex.split(typed)[1:]]
        ended = subprocess.run(
            words, cwd=self.folder, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if ended.returncode != code:
            sys.exit(f"{typed}\n{ended.stdout}\nended with {ended.returncode}, and {code} was expected")
        return ended.stdout.replace(str(self.folder), "~/tour")

    def measured(self, timed: list[dict[str, Any]]) -> dict[str, Any]:
        """The accuracy of the run that has just ended, with how long it took from the first command, and where."""
        (run,) = json.loads(self.output("atalho runs --json"))
        provenance = json.loads((self.folder / run["run"] / "provenance.json").read_text(encoding="utf-8"))
        return {
            "minutes": round(sum(step["seconds"] for step in timed) / 60, 1),
            "commands": len(timed),
            **{name: run[name] for name in ("accuracy", "interval")},
            **{name: provenance["fingerprint"][name] for name in ("processor", "threads", "torch")},
        }

    def keep(self, name: str, value: Any) -> None:
        """Put one value into the file of what was measured, and leave the others."""
        values = json.loads(MINUTES.read_text(encoding="utf-8")) if MINUTES.exists() else {}
        values.setdefault(self.language, {})[name] = value
        MINUTES.write_text(json.dumps(values, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")

    def pictures(self, name: str, page: Path) -> None:
        """The first screen of a page, as a desktop and a telephone show it, light and dark."""
        for (width, height), colours in product(HEIGHTS.items(), COLOURS):
            file = self.stored / f"{self.user}-{name}-{width}-{colours}.webp"
            file.write_bytes(small(self.picture(page, width, height, colours)))

    def picture(self, page: Path, width: int, height: int, colours: str) -> Image.Image:
        """A screenshot. A telephone is a frame in a window, as Chromium has none as narrow."""
        frame = self.home / "frame.html"
        shown = '<img src="{}">' if page.suffix == ".svg" else '<iframe src="{}" style="width: {}px; height: {}px">'
        frame.write_text(FRAME.format(width, shown.format(page.as_uri(), width, height)), encoding="utf-8")
        shot = self.home / "shot.png"
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--disable-background-networking",
        ]
        options += [f"--user-data-dir={self.home / 'chromium'}", f"--accept-lang={self.browser}"]
        options += [f"--blink-settings=preferredColorScheme={COLOURS[colours]}", f"--screenshot={shot}"]
        options += [f"--window-size={max(width, NARROWEST)},{height}"]
        subprocess.run([self.chromium, *options, frame.as_uri()], check=True, env=self.environment, capture_output=True)
        with Image.open(shot) as image:
            return image.convert("RGB").crop((0, 0, width, height))


def small(picture: Image.Image) -> bytes:
    """A picture as WebP, the smaller of two: few colours, each exactly, or as photographs are compressed."""
    few = picture.quantize(COLOURS_KEPT, dither=Image.Dither.NONE).convert("RGB")
    exact, rough = BytesIO(), BytesIO()
    few.save(exact, "webp", lossless=True, quality=100, method=6)
    picture.save(rough, "webp", quality=QUALITY, method=6)
    return min(exact.getvalue(), rough.getvalue(), key=len)


if __name__ == "__main__":
    main(sys.argv[1:])
