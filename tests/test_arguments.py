"""A wrong call in Python is answered in Atalho's words: what was given and what is accepted, never a raw TypeError."""

import inspect
import pickle
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import atalho
from atalho.errors import AtalhoError
from atalho.runs.run import Run

WRONG: list[tuple[str, Callable[[Any], Any], str]] = [
    ("a number for a folder", lambda run: atalho.train(5), "data: expected a path, a text, None, not 5"),
    ("no data", lambda run: atalho.train(progress=None), "No images given"),
    ("a folder that is not there", lambda run: atalho.train("nowhere", progress=None), "nowhere"),
    ("a list of folders", lambda run: atalho.train(["photos"]), "data: expected a path, a text, None, not list"),
    (
        "a network for its name",
        lambda run: atalho.train(".", model=run.model.network),
        "model: .* not Network",
    ),
    (
        "a text for epochs",
        lambda run: atalho.train(".", epochs="many"),
        "epochs: .* number, None, not 'm",
    ),
    ("half an epoch", lambda run: atalho.train(".", epochs=1.5), "epochs: expected a whole number, None, not 1.5"),
    ("an unknown name", lambda run: atalho.train(".", learning_rat=1), "learning_rat: unknown setting"),
    ("a misspelt name", lambda run: atalho.train(".", lrr=1), "lrr: unknown setting. Did you mean lr"),
    ("another tool's rate", lambda run: atalho.train(".", learning_rate=0.1), "learning_rate: .* Use lr.$"),
    ("another tool's size", lambda run: atalho.train(".", imgsz=32), "imgsz: unknown setting. Use size.$"),
    ("another size", lambda run: atalho.train(".", settings={"img_size": 32}), "img_size: .* Use size.$"),
    ("a path of another tool", lambda run: atalho.train(".", settings={"training.base_lr": 1}), "Use training.lr.$"),
    ("another tool's weights", lambda run: atalho.train(".", pretrained=True), "pretrained: .* Use start='imagenet'.$"),
    ("another tool's batch", lambda run: atalho.train(".", batch=8), "batch: unknown setting. Use batch_size.$"),
    ("another tool's folder", lambda run: atalho.train(".", save_dir="runs"), "save_dir: .* Use out.$"),
    ("another tool's network", lambda run: atalho.train(".", arch="resnet18"), "arch: .* Use model.$"),
    ("another tool's images", lambda run: atalho.train(data_dir="."), "data_dir: .* Use data.$"),
    ("another tool's GPUs", lambda run: atalho.train(".", gpus=1), "gpus: .* Use device.$"),
    ("a device to train on", lambda run: atalho.train(".", device="tpu"), "training.device = 'tpu' is not accepted"),
    (
        "weights to create",
        lambda run: atalho.create("resnet20", pretrained=True),
        "create: .* Use weights='imagenet'.$",
    ),
    ("classes to create", lambda run: atalho.create("resnet20", num_classes=4), "num_classes. Use classes.$"),
    (
        "classes to import",
        lambda run: atalho.import_file("w.pth", out="o", num_classes=4),
        "not set here: it comes from",
    ),
    ("classes to train", lambda run: atalho.train(".", num_classes=4), "num_classes: .* not set here: it comes from"),
    ("channels to create", lambda run: atalho.create("resnet20", in_chans=1), "in_chans. Use in_channels.$"),
    ("a size to create", lambda run: atalho.create("resnet20", img_size=64), "img_size. Use image_size.$"),
    ("answers to search", lambda run: atalho.search("a.db", ".", topk=3), "unknown argument topk. Use k.$"),
    ("a device to load to", lambda run: atalho.load(run.path, device="cpu"), "variable ATALHO_DEVICE instead"),
    ("a misspelt argument", lambda run: atalho.evaluate(run.path, protocl="x"), "Did you mean protocol"),
    ("nothing to evaluate", lambda run: atalho.evaluate(), "evaluate: path is missing: a value is required"),
    ("too much by place", lambda run: atalho.evaluate(run.path, ".", "fp32"), "3 arguments .* only path, data may"),
    ("a folder twice", lambda run: atalho.evaluate(run.path, path=run.path), "path was given twice. Give it once"),
    (
        "a text for a rate",
        lambda run: atalho.train(".", lr="fast"),
        "training.lr = 'fast' is not accepted",
    ),
    ("another task", lambda run: atalho.train(".", task="detection"), "task = 'detection' is not accepted"),
    (
        "settings of a kind",
        lambda run: atalho.train(".", settings=[1]),
        "settings: expected a dictionary",
    ),
    ("a number for a file", lambda run: atalho.train(".", config=5), "config: expected a path, a text, None, not 5"),
    (
        "another tracker",
        lambda run: atalho.train(".", track="mlflow"),
        "track: expected 'tensorboard', None",
    ),
    ("a run by number", lambda run: atalho.resume(5), "path: expected a path, a text, not 5"),
    ("a run that is none", lambda run: atalho.resume("."), "is not a run folder"),
    ("nothing to load", lambda run: atalho.load(None), "path: expected a path, a text, not NoneType"),
    ("a model for its folder", lambda run: atalho.load(run.model), "path: expected a path, a text, not Model"),
    ("another precision", lambda run: atalho.load(run.path, "fp16"), "fp16"),
    ("a depth for a name", lambda run: atalho.create(20), "name: expected .* not 20"),
    ("a text for classes", lambda run: atalho.create("resnet20", classes="ten"), "classes: expected a whole number"),
    ("another stem", lambda run: atalho.create("resnet20", stem="tiny"), "stem: expected 'auto', .* not 'tiny'"),
    ("a run to evaluate", lambda run: atalho.evaluate(run), "path: expected a path, a text, not Run"),
    ("a list to evaluate on", lambda run: atalho.evaluate(run.path, ["a.png"]), "data: expected .* not list"),
    ("a text to expand", lambda run: atalho.evaluate(run.path, expand="much"), "expand: expected a whole number"),
    ("a number to look at", lambda run: atalho.doctor(5), "expected a path, .*not 5"),
    ("a number to draw", lambda run: atalho.draw(5), "model: expected .* not 5"),
    ("a text for a size", lambda run: atalho.draw("resnet20", size="large"), "size: expected a whole number, None"),
    ("one image to compare", lambda run: atalho.compare(run.path, 5, 6), "first: expected .* not 5"),
    ("a number for vectors", lambda run: atalho.embed(run.path, ".", 5), "out: expected a text, a path, not 5"),
    ("a gallery by number", lambda run: atalho.search(5, "a.png"), "gallery: expected .* not 5"),
    ("a pattern by number", lambda run: atalho.list_models(5), "pattern: expected a text, not 5"),
    ("runs by number", lambda run: atalho.list_runs(5), "folder: expected a path, a text, not 5"),
    ("runs to compare", lambda run: atalho.compare_runs(run, run), "first: expected a path, a text, not Run"),
    (
        "weights of nothing",
        lambda run: atalho.import_weights("resnet20", {}),
        "expected Network, not 'res",
    ),
    ("no weights", lambda run: atalho.import_weights(run.model.network, 5), "expected a dictionary.* not 5"),
    ("another layout", lambda run: atalho.export_weights(run.model.network, layout="keras"), "keras"),
    ("a text for top", lambda run: run.model.predict([], top="all"), "top = 'all': expected a whole number"),
]


@pytest.mark.parametrize(("call", "text"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_wrong_call_is_answered_in_our_words(
    call: Callable[[Run], Any], text: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AtalhoError, match=text):
        call(run)


@pytest.mark.parametrize("name", [name for name in atalho.__all__ if isinstance(getattr(atalho, name), FunctionType)])
def test_a_public_function_keeps_its_name_its_text_and_its_place(name: str) -> None:
    function = getattr(atalho, name)
    assert getattr(atalho, name) is function
    assert function.__doc__ and function.__name__ == name
    assert pickle.loads(pickle.dumps(function)) is function
    assert "given" not in inspect.signature(function).parameters


def test_a_number_of_numpy_is_a_number() -> None:
    import numpy as np

    assert atalho.create("resnet20", classes=int(np.int64(3))).spec.classes == 3
