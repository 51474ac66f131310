"""What a user meets: the names of the package, and what stands behind a dot of a model, a run and a network."""

import ast
import importlib
import pydoc
import sys
from pathlib import Path

import pytest
from torch import nn

import atalho
from atalho.model import Model
from atalho.runs.run import Run


@pytest.mark.parametrize("name", atalho.__all__)
def test_every_name_is_there_and_shown(name: str) -> None:
    assert getattr(atalho, name) is not None
    assert name in dir(atalho)


def test_help_tells_of_every_name() -> None:
    told = pydoc.plain(pydoc.render_doc(atalho))
    assert [name for name in atalho.__all__ if name not in told] == []


def test_another_name_is_none_of_them() -> None:
    with pytest.raises(AttributeError, match="module 'atalho' has no attribute 'trian'"):
        atalho.trian  # noqa: B018


@pytest.mark.parametrize("package", ["atalho", "atalho.blocks", "atalho.networks", "atalho.lab"])
def test_a_missing_dependency_is_told_as_it_is(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module(package)
    stub = ast.parse(Path(str(module.__file__)).with_suffix(".pyi").read_text(encoding="utf-8"))
    node = next(n for n in stub.body if isinstance(n, ast.ImportFrom) and n.module and n.module.count(".") > 1)
    monkeypatch.setitem(sys.modules, str(node.module), None)  # as if it could not be imported
    with pytest.raises(ModuleNotFoundError, match=str(node.module)):
        getattr(module, node.names[0].name)


def test_a_model_shows_what_a_user_needs() -> None:
    shown = {name for name in dir(Model) if not name.startswith("_")} | set(Model.__dataclass_fields__)
    fields = {"network", "card", "precision", "folder", "classes"}
    assert shown == fields | {"pixels", "predict", "predict_pixels", "embed", "embed_pixels", "shown"}


def test_a_run_shows_what_a_user_needs() -> None:
    shown = {name for name in dir(Run) if not name.startswith("_")} | set(Run.__dataclass_fields__)
    made, measured = {"open", "begun", "path", "config", "json"}, {"evaluation", "top1", "seconds"}
    told = {"history", "plot", "report", "shown", "earlier", "origins"}
    assert shown == made | measured | {"images", "manifest", "network", "model"} | told


def test_a_network_shows_what_a_user_needs() -> None:
    network = atalho.create("resnet20")
    shown = {name for name in dir(network) if not name.startswith("_")} - set(dir(nn.Module()))
    assert shown == {"spec", "stem", "stages", "closing", "head", "features", "embedding", "blocks"}
