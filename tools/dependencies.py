"""Which versions of other packages Atalho is installed with.

python tools/dependencies.py newest          the newest that pyproject.toml allows: tested, then written as constraints
python tools/dependencies.py lowest          the lowest that it allows: tested
python tools/dependencies.py check FOLDER    each dependency has a lower bound, and a constraint in FOLDER that keeps it

torch and torchvision stay at the versions of the constraints.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CONSTRAINTS = ROOT / "constraints"
HEADS = {
    "all.txt": """\
# What make and continuous integration install, all groups together. `make upgrade` writes this; it keeps torch and
# torchvision, which are changed here by hand.
""",
    "cuda.txt": """\
# What the torch of PyPI needs besides on Linux. Other builds of torch, which TORCH_INSTALL chooses, need other versions
# of it or none. `make upgrade` writes this.
""",
}
KEPT = ("torch", "torchvision")
# What hatchling asks for besides itself to install a package in place.
EDITABLE = "editables"
# pip comes with the environment.
LEFT_OUT = ("atalho", "pip")
CUDA = re.compile(r"triton|(nvidia|cuda)-.*")
BOUND = re.compile(r"(?P<name>[\w.-]+)(?P<extras>\[[\w,-]+\])?>=(?P<lowest>[\w.]+)(,\S+)?")


def newest() -> None:
    """Write the constraints anew if everything passes with the newest versions."""
    python, oldest = ".".join(map(str, sys.version_info[:2])), _read("project", "requires-python").removeprefix(">=")
    if (python, sys.platform) != (oldest, "linux"):
        sys.exit(
            f"Run this on Linux with Python {oldest}, the oldest supported: what it can install, newer ones can too."
        )
    with tempfile.TemporaryDirectory() as folder:
        _install(folder, *_kept(), *_read("build-system", "requires"), EDITABLE)
        found = {name: version for name, version in _installed(folder).items() if name not in LEFT_OUT}
        new = _written(found, Path(folder) / "constraints")
        old = _constraints(CONSTRAINTS)
        for name in sorted(old.keys() | found.keys()):
            if old.get(name) != found.get(name):
                print(f"{name} {old.get(name, '–')} → {found.get(name, '–')}", flush=True)
        _make(folder, "check", "test", f"CONSTRAINTS={new}")
        shutil.copytree(new, CONSTRAINTS, dirs_exist_ok=True)


def lowest() -> None:
    """Run the tests with the lowest version of each dependency, and the newest of what these need."""
    exact = [f"{found['name']}{found['extras'] or ''}=={found['lowest']}" for found in _bounds()]
    with tempfile.TemporaryDirectory() as folder:
        _install(folder, *_kept(), *(text for text in exact if text.split("==")[0] not in KEPT))
        _make(folder, "test")


def check(folder: Path) -> None:
    """Exit with a message where a bound or a constraint is missing, or one does not agree with the other."""
    pinned = _constraints(folder)
    for found in _bounds():
        name = _normal(found["name"])
        if name not in pinned or _numbers(pinned[name]) < _numbers(found["lowest"]):
            sys.exit(f"{name}>={found['lowest']} is not what the constraints in {folder} say: run make upgrade.")


def _bounds() -> list[re.Match[str]]:
    """Every direct dependency, in name, extras and lower bound."""
    groups = (_read("project", "dependencies"), *_read("project", "optional-dependencies").values())
    texts = [*_read("build-system", "requires"), *(text for group in groups for text in group)]
    found = {text: BOUND.fullmatch(text) for text in texts if not text.startswith("atalho[")}
    if without := [text for text, match in found.items() if match is None]:
        sys.exit(f"pyproject.toml gives no lower bound for {', '.join(without)}.")
    return [match for match in found.values() if match]


def _install(folder: str, *requirements: str) -> None:
    """A new environment with these packages, and Atalho in place with all extras, without further constraints."""
    venv.create(folder, with_pip=True)
    extras = ",".join(_read("project", "optional-dependencies"))
    _pip(folder, "install", "--quiet", *requirements, "--editable", f".[{extras}]")


def _installed(folder: str) -> dict[str, str]:
    """Every package in the environment with its public version, which has no `+…` at its end."""
    found = json.loads(_pip(folder, "list", "--format", "json"))
    return {_normal(package["name"]): package["version"].partition("+")[0] for package in found}


def _pip(folder: str, *words: str) -> str:
    variables = {name: value for name, value in os.environ.items() if not name.endswith("_CONSTRAINT")}
    program = [Path(folder) / "bin" / "pip", "--disable-pip-version-check", *words]
    return subprocess.run(program, cwd=ROOT, env=variables, check=True, text=True, stdout=subprocess.PIPE).stdout


def _make(folder: str, *targets: str) -> None:
    """Run targets of the Makefile in an environment that is complete."""
    complete = [f"--assume-old={folder}/{stamp}" for stamp in ("core", "dev")]
    if subprocess.run(["make", f"VENV={folder}", *complete, *targets], cwd=ROOT).returncode:
        sys.exit("Not everything passes with these versions.")


def _written(versions: Mapping[str, str], folder: Path) -> Path:
    """`folder`, with the constraints that say so."""
    folder.mkdir()
    for file, head in HEADS.items():
        names = [name for name in sorted(versions) if bool(CUDA.fullmatch(name)) == (file == "cuda.txt")]
        (folder / file).write_text(head + "".join(f"{name}=={versions[name]}\n" for name in names), encoding="utf-8")
    return folder


def _constraints(folder: Path) -> dict[str, str]:
    lines = [line for file in HEADS for line in (folder / file).read_text(encoding="utf-8").splitlines()]
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def _kept() -> list[str]:
    pinned = _constraints(CONSTRAINTS)
    return [f"{name}=={pinned[name]}" for name in KEPT]


def _read(table: str, key: str) -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[table][key]


def _normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["newest"]:
            newest()
        case ["lowest"]:
            lowest()
        case ["check", folder]:
            check(Path(folder))
        case _:
            sys.exit(__doc__)
