"""Which versions of other packages Atalho is installed with.

python tools/dependencies.py newest   the newest that pyproject.toml allows: tested, then written as constraints
python tools/dependencies.py lowest   the lowest that it allows: tested
python tools/dependencies.py check    each dependency has a lower bound, and a constraint that is not below it

torch and torchvision stay at the versions of the constraints. TORCH_INSTALL means what it means to make.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CONSTRAINTS = ROOT / "constraints" / "all.txt"
HEAD = """\
# What make and continuous integration install, all groups together. `make upgrade` writes this; it keeps torch and
# torchvision, which are changed here by hand.
"""
KEPT = ("torch", "torchvision")
# What hatchling asks for besides itself to install a package in place.
EDITABLE = "editables"
# pip and setuptools come with the environment. What torch needs of CUDA on Linux follows from torch's exact version;
# its builds for other systems, or without CUDA, need none of it.
LEFT_OUT = re.compile(r"atalho|pip|setuptools|wheel|triton|(nvidia|cuda)-.*")
BOUND = re.compile(r"(?P<name>[\w.-]+)(?P<extras>\[[\w,-]+\])?>=(?P<lowest>[\w.]+)(,\S+)?")


def newest() -> None:
    """Write the constraints anew if everything passes with the newest versions."""
    python, oldest = ".".join(map(str, sys.version_info[:2])), _read("project", "requires-python").removeprefix(">=")
    if python != oldest:
        sys.exit(f"Run this with Python {oldest}, the oldest supported: what it can install, newer ones can too.")
    old = CONSTRAINTS.read_text(encoding="utf-8").splitlines(keepends=True)
    with tempfile.TemporaryDirectory() as folder:
        _install(folder, *_kept(), *_read("build-system", "requires"), EDITABLE)
        found = {name: version for name, version in _installed(folder).items() if not LEFT_OUT.fullmatch(name)}
        new = HEAD.splitlines(keepends=True) + [f"{name}=={version}\n" for name, version in sorted(found.items())]
        print(*(f"- {line}" for line in old if line not in new), sep="", end="")
        print(*(f"+ {line}" for line in new if line not in old), sep="", end="", flush=True)
        _make(folder, "check", "test")
    CONSTRAINTS.write_text("".join(new), encoding="utf-8")


def lowest() -> None:
    """Run the tests with the lowest version of each dependency, and the newest of what these need."""
    exact = [f"{found['name']}{found['extras'] or ''}=={found['lowest']}" for found in _bounds()]
    with tempfile.TemporaryDirectory() as folder:
        _install(folder, *_kept(), *(text for text in exact if text.split("==")[0] not in KEPT))
        _make(folder, "test")


def check() -> None:
    """Exit with a message where a bound or a constraint is missing, or one does not agree with the other."""
    pinned = _constraints()
    for found in _bounds():
        name = _normal(found["name"])
        if name not in pinned or _numbers(pinned[name]) < _numbers(found["lowest"]):
            sys.exit(f"{name}>={found['lowest']} and constraints/all.txt do not agree: run make upgrade.")


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
    if chosen := os.environ.get("TORCH_INSTALL"):
        _pip(folder, "install", "--quiet", "--no-deps", *shlex.split(chosen))
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


def _constraints() -> dict[str, str]:
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


def _kept() -> list[str]:
    return [f"{name}=={_constraints()[name]}" for name in KEPT]


def _read(table: str, key: str) -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[table][key]


def _normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


if __name__ == "__main__":
    {"newest": newest, "lowest": lowest, "check": check}[sys.argv[1]]()
