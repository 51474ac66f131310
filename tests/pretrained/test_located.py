import hashlib
import io
import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from published_weights import CLASSES, World
from torchvision import transforms
from torchvision.transforms import InterpolationMode

import atalho
from atalho.cli import run
from atalho.data import samples
from atalho.errors import ConfigError, WeightsError
from atalho.listener import Listener
from atalho.pretrained import cache, located
from atalho.runs import evaluation_data
from atalho.storage import model_folder
from atalho.training.progress import Progress


class Notes(Listener):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_a_name_is_fetched_and_converted_once(world: World) -> None:
    notes = Notes()
    folder = located.folder_of("tv:tiny", listener=notes)
    assert [str(note) for note in notes.notes] == ["tv:tiny.v1: licence CC0-1.0"]
    assert located.folder_of("tv:tiny.v1", listener=notes) == folder
    assert len(world.server.asked) == 1
    model = atalho.load("tv:tiny")
    assert model.classes == CLASSES
    assert (model.card.preprocessing.size, model.card.preprocessing.resize) == (32, 37)
    assert model.card.provenance["licence"] == "CC0-1.0"
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.allclose(model.network(images).cpu(), world.network(images), atol=1e-5)


def test_every_command_takes_a_name_also_without_a_network(
    world: World, clothes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = str(next((clothes / "test" / "bag").iterdir()))
    out = tmp_path / "out"
    out.mkdir()
    commands = (
        ["predict", "tv:tiny", image, "--json"],
        ["embed", "tv:tiny", image, "--out", str(out / "v.csv")],
        ["index", "tv:tiny", str(clothes / "test"), "--gallery", str(out / "g.db")],
        ["compare", "tv:tiny", image, image],
        ["show", "tv:tiny"],
        ["weights", "fetch", "tv:tiny"],
        ["train", str(clothes), "--from", "tv:tiny", "--epochs", "1", "--out", str(out / "run"), "--data.size", "16"],
        ["train", str(clothes), "--model", "resnet20", "--from", "imagenet", "--epochs", "1", "--out", str(out / "r2")],
    )
    monkeypatch.setenv("ATALHO_OFFLINE", "1")
    for command in commands:
        assert run(command) == 2, command
        said = capsys.readouterr().err
        assert world.filename in said and str(tmp_path / "cache") in said and "ATALHO_OFFLINE" in said
    monkeypatch.delenv("ATALHO_OFFLINE")
    assert run(commands[0]) == 0
    assert json.loads(capsys.readouterr().out)[0]["label"] in CLASSES
    monkeypatch.setenv("ATALHO_OFFLINE", "1")
    for command in commands:
        assert run(command) == 0, (command, capsys.readouterr().err)


def test_evaluate_takes_a_name(world: World, tmp_path: Path, clothes: Path) -> None:
    for number, name in enumerate(CLASSES):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        for image in sorted((clothes / "test" / "bag").iterdir())[number : number + 2]:
            (folder / image.name).write_bytes(image.read_bytes())
    found = atalho.evaluate("tv:tiny", tmp_path / "data")
    assert isinstance(found, atalho.ClassificationEvaluation)
    assert found.images == 20


def test_the_laboratory_takes_a_name(
    world: World, tmp_path: Path, clothes: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name in enumerate(CLASSES):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        for image in sorted((clothes / "test" / "bag").iterdir())[number : number + 2]:
            (folder / image.name).write_bytes(image.read_bytes())
    monkeypatch.chdir(tmp_path)
    command = ["lab", "lesion", "tv:tiny", "data", "--images", "8", "--draws", "2", "--counts", "1"]
    monkeypatch.setenv("ATALHO_OFFLINE", "1")
    assert run(command) == 2
    assert world.filename in capsys.readouterr().err
    monkeypatch.delenv("ATALHO_OFFLINE")
    assert run(command) == 0, capsys.readouterr().err
    (folder,) = (tmp_path / "lab").iterdir()
    assert folder.name.startswith("lesion-tv_tiny.v1-")


@pytest.mark.parametrize("given", ["resnet20", Path("resnet20")])
def test_a_network_is_no_weights_and_its_weights_are_named(world: World, given: str | Path) -> None:
    with pytest.raises(ConfigError, match="Its pretrained weights are tv:tiny"):
        atalho.load(given)


def test_predict_evaluate_and_a_training_from_it_see_images_as_the_author_does(world: World, tmp_path: Path) -> None:
    data = samples.unpack("trash", tmp_path / "trash")
    photographs = [sorted((data / name).iterdir())[:8] for name in ("glass", "metal", "paper")]
    chosen = [found[0] for found in photographs]
    theirs = transforms.Compose(
        [
            transforms.Resize(37, InterpolationMode.BICUBIC),
            transforms.CenterCrop(32),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    pictures = [Image.open(path).convert("RGB") for path in chosen]
    inputs = torch.stack([theirs(picture) for picture in pictures])
    with torch.no_grad():
        expected = world.network(inputs).softmax(1)
    model = atalho.load("tv:tiny")
    for row, answer in zip(expected, model.predict(chosen, top=10), strict=True):
        assert [dict(answer.top)[name] for name in CLASSES] == pytest.approx(row.tolist(), abs=1e-5)
    for name, paths in zip(CLASSES, photographs, strict=False):
        for split, part in (("test", paths[:1]), ("train", paths[1:])):
            (tmp_path / "data" / split / name).mkdir(parents=True)
            for path in part:
                (tmp_path / "data" / split / name / path.name).write_bytes(path.read_bytes())
    _model, dataset = evaluation_data.others("tv:tiny", tmp_path / "data", Progress(), skip_bad=False)
    seen = model.card.preprocessing.apply(dataset.images[dataset.manifest.splits["test"]])
    assert (seen - inputs).abs().max() < 1e-5
    settings = {"model.start": "tv:tiny", "training.steps": 1}
    run = atalho.train(tmp_path / "data", settings=settings, out=tmp_path / "run")
    trained, dataset = evaluation_data.own(run, Progress())
    assert trained.card.preprocessing == model.card.preprocessing
    seen = trained.card.preprocessing.apply(dataset.images[dataset.manifest.splits["test"]])
    assert (seen - inputs).abs().max() < 1e-5


def test_other_programs_caches_are_read_and_not_written(world: World, tmp_path: Path) -> None:
    place = tmp_path / "others" / "torch" / "hub" / "checkpoints"
    place.mkdir(parents=True)
    (place / world.filename).write_bytes(b"damaged")
    located.folder_of("tv:tiny")
    assert len(world.server.asked) == 1
    assert (place / world.filename).read_bytes() == b"damaged"
    for path in (tmp_path / "cache" / "weights").glob("*"):
        path.rename(tmp_path / f"away-{path.name}")
    (place / world.filename).write_bytes(world.content)
    located.folder_of("tv:tiny")
    assert len(world.server.asked) == 1


def test_a_file_put_there_by_hand_must_be_the_right_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from atalho.pretrained.names import source_of

    monkeypatch.setenv("ATALHO_OFFLINE", "1")
    path = cache.file_of(source_of("tv:tiny"))
    path.parent.mkdir(parents=True)
    path.write_bytes(world.content + b"x")
    with pytest.raises(WeightsError, match="SHA-256"):
        located.folder_of("tv:tiny")
    path.write_bytes(world.content)
    assert model_folder.is_model(located.folder_of("tv:tiny"))


def test_a_hash_that_was_not_known_holds_from_then_on(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ATALHO_MIRROR")
    url = f"{world.server.url}/w.pth"
    world.server.files["/w.pth"] = world.content
    notes = Notes()
    located.folder_of(url, listener=notes)
    assert hashlib.sha256(world.content).hexdigest() in notes.notes[0]
    assert "resnet20" in notes.notes[1]
    cache.file_of(located.names.source_of(url)).unlink()
    for folder in (cache.folder() / "models").iterdir():
        if folder.is_dir():
            folder.rename(tmp_path / folder.name)
    world.server.files["/w.pth"] = world.content + b"x"
    with pytest.raises(WeightsError, match="SHA-256"):
        located.folder_of(url)


def test_a_repository_of_the_hub_brings_what_lies_beside_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import save

    monkeypatch.delenv("ATALHO_MIRROR")
    monkeypatch.setenv("HF_ENDPOINT", world.server.url)
    monkeypatch.setenv("HF_TOKEN", "secret")
    base = "/me/net/resolve/main"
    world.server.files[f"{base}/model.safetensors"] = save(atalho.export_weights(world.network))
    about = {"pretrained_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "input_size": [3, 28, 28]}}
    world.server.files[f"{base}/config.json"] = json.dumps(about).encode()
    model = atalho.load("hf:me/net")
    assert model.card.preprocessing.mean == (0.5, 0.5, 0.5)
    assert model.card.preprocessing.size == 28
    assert all(headers.get("Authorization") == "Bearer secret" for _path, headers in world.server.asked)


def test_what_may_lie_beside_weights_is_asked_for_until_the_server_answers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import save

    monkeypatch.delenv("ATALHO_MIRROR")
    monkeypatch.setenv("HF_ENDPOINT", world.server.url)
    base = "/me/net/resolve/main"
    world.server.files[f"{base}/model.safetensors"] = save(atalho.export_weights(world.network))
    world.server.files[f"{base}/config.json"] = json.dumps({"mean": [0.5, 0.5, 0.5]}).encode()
    world.server.faults[f"{base}/config.json"] = ["status 403"]
    with pytest.raises(WeightsError, match=r"config\.json: the server answered 403"):
        atalho.load("hf:me/net")
    assert atalho.load("hf:me/net").card.preprocessing.mean == (0.5, 0.5, 0.5)


def test_what_is_no_network_of_ours_is_refused_with_its_reason(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ATALHO_MIRROR")
    file = io.BytesIO()
    torch.save({"a.weight": torch.zeros(3, 3)}, file)
    world.server.files["/other.pth"] = file.getvalue()
    with pytest.raises(WeightsError, match="cannot be used"):
        located.folder_of(f"{world.server.url}/other.pth")
    assert not [path for path in (cache.folder() / "models").iterdir() if path.is_dir()]
