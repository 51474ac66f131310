"""Weights from elsewhere as a model folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
import weight_authors as authors
from PIL import Image
from torch import nn

from atalho import model
from atalho.api import embed, evaluate, predict, train
from atalho.api.import_weights import import_file
from atalho.api.weights_preparation import IMAGENET_MEAN
from atalho.errors import AtalhoError, ConfigError, RunError, WeightsError


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(torchvision.models.resnet18(num_classes=4).state_dict(), path)
    return path


def test_the_imported_model_predicts_as_torchvision_does(weights: Path, clothes: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("a\nb\nc\nd\n")
    folder = import_file(weights, model="resnet18", out=tmp_path / "m", size=64, classes=names)
    loaded = model.load(folder)
    reference = torchvision.models.resnet18(num_classes=4).eval()
    reference.load_state_dict(torch.load(weights, weights_only=True))
    image = sorted((clothes / "test" / "bag").iterdir())[0]
    with Image.open(image) as picture:
        rgb = picture.convert("RGB").resize((64, 64), Image.Resampling.BILINEAR)
    x = torchvision.transforms.functional.normalize(
        torchvision.transforms.functional.to_tensor(rgb), IMAGENET_MEAN, (0.229, 0.224, 0.225)
    )
    with torch.no_grad():
        shares = reference(x[None]).softmax(1)[0]
    prediction = loaded.predict([image])[0]
    assert prediction.label == "abcd"[int(shares.argmax())]
    # bf16 products, where the hardware has them, differ in the third digit.
    assert prediction.probability == pytest.approx(shares.max().item(), abs=0.02)


def test_classes_are_numbers_where_none_are_named(weights: Path, tmp_path: Path) -> None:
    folder = import_file(weights, model="resnet18", out=tmp_path / "m")
    assert model.load(folder).classes == ("0", "1", "2", "3")


@pytest.mark.parametrize(
    ("values", "kind", "text"),
    [
        ({"resize": 100}, ConfigError, "--resize 100 is not accepted: it must be from 224 to 8192 pixels"),
        ({"model": "resnet34"}, WeightsError, "They are of resnet18, not of resnet34; leave --model out"),
        ({"model": "resnet3"}, ConfigError, "Did you mean"),
        ({"mean": (0.5,)}, ConfigError, "--mean has 1 values, but the weights are for images with 3 channels"),
        ({"mean": (0.5, float("nan"), 0.5)}, ConfigError, "--mean [0.5, nan, 0.5] is not accepted: it must be numbers"),
        ({"mean": (123.675, 116.28, 103.53)}, ConfigError, "if yours are of pixels from 0 to 255, divide them by 255"),
        ({"std": (58.395, 57.12, 57.375)}, ConfigError, "if yours are of pixels from 0 to 255, divide them by 255"),
        ({"std": (0.5, 0.5, 0.0)}, ConfigError, "--std [0.5, 0.5, 0.0] is not accepted: it must be numbers above 0"),
        ({"std": (0.5, 0.5, float("inf"))}, ConfigError, "it must be numbers above 0"),
        ({"size": 0}, ConfigError, "--size 0 is not accepted: it must be from 1 to 4096 pixels"),
        ({"size": -5}, ConfigError, "--size -5 is not accepted"),
        ({"size": 100_000}, ConfigError, "--size 100000 is not accepted"),
        ({"size": 8}, ConfigError, "--size 8 is not accepted: it must be at least 32 for this network"),
        ({"classes": "none.txt"}, ConfigError, "Cannot read none.txt as class names"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(
    weights: Path, tmp_path: Path, values: dict[str, object], kind: type[AtalhoError], text: str
) -> None:
    with pytest.raises(kind) as caught:
        import_file(weights, **{"model": "resnet18", "out": tmp_path / "m", **values})  # type: ignore[arg-type]
    assert text in str(caught.value)
    assert not (tmp_path / "m").exists()


def test_a_folder_that_exists_is_not_overwritten(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    with pytest.raises(RunError, match="already exists"):
        import_file(weights, model="resnet18", out=tmp_path)


def saved(path: Path, contents: Mapping[str, Any]) -> Path:
    torch.save(dict(contents), path)
    return path


def test_what_was_recognised_and_assumed_is_said(weights: Path, tmp_path: Path) -> None:
    found = import_file(weights, out=tmp_path / "m")
    told = found.to_dict()
    assert (found.layout, told["network"], told["task"]) == ("torchvision, timm", "resnet18", "classification")
    assert told["head"] == "a classifier of 4 classes, fc"
    assert told["mean"] == {"value": list(IMAGENET_MEAN), "source": "assumed: ImageNet's, as most weights expect"}
    assert told["stem"] == {"value": "large", "source": "assumed: names do not tell"}
    assert {"last_stride", "halving", "size", "std", "classes"} < told.keys()
    assert Path(found) == tmp_path / "m"


def test_thousand_classes_are_imagenets_and_names_can_be_asked_for(tmp_path: Path) -> None:
    imagenet = saved(tmp_path / "a.pth", torchvision.models.resnet18().state_dict())
    assert model.load(import_file(imagenet, out=tmp_path / "a")).classes[:2] == ("tench", "goldfish")
    ten = saved(tmp_path / "b.pth", authors.PooledSmallStem().state_dict())
    found = import_file(ten, out=tmp_path / "b")
    assert str(found.classes.source) == "numbers; if they are those of cifar10: --classes cifar10"
    assert model.load(import_file(ten, out=tmp_path / "c", classes="cifar10")).classes[0] == "airplane"


@pytest.mark.parametrize(
    ("file", "values"),
    [
        (
            "config.json",
            {
                "architecture": "resnet18",
                "pretrained_cfg": {
                    "mean": [0.5, 0.4, 0.3],
                    "std": [0.2, 0.2, 0.2],
                    "input_size": [3, 288, 288],
                    "crop_pct": 0.95,
                    "interpolation": "bicubic",
                    "label_names": ["p", "q", "r", "s"],
                },
            },
        ),
        (
            "preprocessor_config.json",
            {
                "image_mean": [0.5, 0.4, 0.3],
                "image_std": [0.2, 0.2, 0.2],
                "size": {"shortest_edge": 288},
                "crop_pct": 0.95,
                "resample": 3,
                "id2label": {"3": "s", "2": "r", "1": "q", "0": "p"},
            },
        ),
    ],
)
def test_files_beside_the_weights_say_how_images_are_prepared(
    tmp_path: Path, file: str, values: Mapping[str, Any]
) -> None:
    path = saved(tmp_path / "w.bin", authors.resnet18(4).state_dict())
    (tmp_path / file).write_text(json.dumps(values))
    found = import_file(path, out=tmp_path / "m")
    card = model.load(found).card
    assert card.classes == ("p", "q", "r", "s")
    assert (card.preprocessing.mean, card.preprocessing.std) == ((0.5, 0.4, 0.3), (0.2, 0.2, 0.2))
    assert (card.preprocessing.size, card.preprocessing.resize) == (288, 303)
    assert (card.preprocessing.interpolation, card.preprocessing.whole) == ("bicubic", True)
    assert file in str(found.resize.source) and file in str(found.interpolation.source)
    assert file in str(found.mean.source)


@pytest.mark.parametrize(
    ("values", "resize", "interpolation", "source"),
    [
        ({"crop_size": {"height": 224, "width": 224}, "size": {"shortest_edge": 232}, "resample": 2}, 232, "bilinear",
         "from preprocessor_config.json"),
        ({"size": 224, "interpolation": "random"}, 256, "bilinear",
         "assumed: preprocessor_config.json says 'random', which is unknown"),
        ({"size": 224, "resample": 9, "crop_pct": 0.01}, 256, "bilinear", "assumed: as most weights expect"),
        ({"size": 4000, "crop_pct": 0.2}, 4571, "bilinear", "assumed: as most weights expect"),
    ],
)  # fmt: skip
def test_how_images_are_resized_is_told_or_assumed(
    tmp_path: Path, values: Mapping[str, Any], resize: int, interpolation: str, source: str
) -> None:
    path = saved(tmp_path / "w.bin", authors.resnet18(4).state_dict())
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(values))
    found = import_file(path, out=tmp_path / "m")
    assert (found.resize.value, found.interpolation.value) == (resize, interpolation)
    assert str(found.interpolation.source) == source
    given = import_file(path, out=tmp_path / "given", size=200, resize=210, interpolation="lanczos")
    prepared = model.load(given).card.preprocessing
    assert (prepared.size, prepared.resize, prepared.interpolation) == (200, 210, "lanczos")


def test_a_training_checkpoint_says_it_too(tmp_path: Path) -> None:
    state = {f"model.{name}": v for name, v in authors.resnet18(3).state_dict().items()}
    contents = {
        "state_dict": state,
        "hyper_parameters": {"mean": [0.5, 0.4, 0.3], "image_size": 96, "class_to_idx": {"z": 0, "b": 1, "a": 2}},
        "callbacks": {"ModelCheckpoint{'monitor': 'x'}": {"best_model_score": torch.tensor(0.5)}},
    }
    card = model.load(import_file(saved(tmp_path / "last.ckpt", contents), out=tmp_path / "m")).card
    assert card.classes == ("z", "b", "a")
    assert card.preprocessing.mean == (0.5, 0.4, 0.3)
    assert card.preprocessing.size == 96


def test_hugging_faces_configuration_says_where_the_stride_is(tmp_path: Path) -> None:
    peer = authors.randomised(authors.HuggingFace((1, 1, 1, 1), bottleneck=True, first=True))
    path = saved(tmp_path / "pytorch_model.bin", peer.state_dict())
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "resnet", "downsample_in_bottleneck": True}))
    network = model.load(import_file(path, out=tmp_path / "m")).network.float()
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(network(x), peer(x), rtol=1e-4, atol=1e-5)


@pytest.fixture
def headless_model(tmp_path: Path) -> Path:
    state = authors.headless(authors.resnet18()).state_dict()
    return Path(import_file(saved(tmp_path / "h.pth", state), out=tmp_path / "headless", size=32))


def test_weights_without_a_classifier_embed_and_serve_training(
    headless_model: Path, clothes: Path, tmp_path: Path
) -> None:
    loaded = model.load(headless_model)
    assert (loaded.classes, loaded.card.spec.classes) == ((), 0)
    image = sorted((clothes / "test" / "bag").iterdir())[0]
    assert loaded.embed(image).shape == (1, 512)
    assert embed.embed(headless_model, image, tmp_path / "vectors.npy").vectors == 1
    with pytest.raises(ConfigError, match=r"has no classifier and gives embeddings alone: use it with embed, index"):
        next(predict.predict(loaded, [str(image)]))
    with pytest.raises(ConfigError, match=r"This model has no classifier .* cannot be evaluated on classes"):
        evaluate.evaluate(headless_model, clothes)
    run = train.train(
        clothes,
        out=tmp_path / "run",
        epochs=1,
        settings={"model": {"start": str(headless_model)}, "data": {"size": 32}},
    )
    assert len(model.load(run.path).classes) == 3
    # The report says what the run started from.
    assert "imported_from h.pth · layout torchvision, timm · head new" in (run.path / "report.html").read_text("utf-8")


@pytest.mark.parametrize("name", authors.REID)
def test_weights_of_re_identification(name: str, tmp_path: Path) -> None:
    peer = authors.randomised(authors.REID[name]())
    found = import_file(saved(tmp_path / "model.pth.tar-60", {"state_dict": peer.state_dict()}), out=tmp_path / "m")
    loaded = model.load(found)
    assert loaded.card.task == "reid"
    assert len(loaded.classes) == 11
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        expected = peer(x)
        assert (loaded.network.float().embedding(x) - expected).abs().max() <= 1e-5 * expected.abs().max()
    if name.startswith("fast-reid"):
        assert loaded.card.preprocessing.mean == pytest.approx(IMAGENET_MEAN)
        assert "pixel_mean" in str(found.mean.source)


@pytest.mark.parametrize("classes", [0, 9])
def test_any_backbone_re_identifies_by_its_features(classes: int, tmp_path: Path) -> None:
    peer = authors.resnet18(classes or 1)
    state = peer.state_dict() if classes else authors.headless(peer).state_dict()
    loaded = model.load(import_file(saved(tmp_path / "w.pth", state), out=tmp_path / "m", task="reid"))
    assert (loaded.card.task, len(loaded.classes)) == ("reid", classes)
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        expected = authors.headless(peer)(x)
        assert (loaded.network.float().embedding(x) - expected).abs().max() <= 1e-5 * expected.abs().max()


def checked(tmp_path: Path, peer: nn.Module, mean: float = 0.5) -> tuple[Path, Path]:
    """An image, and what the author's network gives for it."""
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.png")
    x = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        np.save(tmp_path / "logits.npy", peer.eval()((x - mean) / 0.5).numpy())
    return tmp_path / "image.png", tmp_path / "logits.npy"


def test_the_authors_output_settles_what_names_cannot_tell(tmp_path: Path) -> None:
    peer = authors.PooledSmallStem()
    path, check = saved(tmp_path / "w.pth", peer.state_dict()), checked(tmp_path, peer)
    half = {"mean": (0.5,) * 3, "std": (0.5,) * 3}
    found = import_file(path, out=tmp_path / "m", check=check, **half)  # type: ignore[arg-type]
    assert found.check is not None
    assert found.check.changed == ("--stem small-pool",)
    assert found.check.difference < 1e-4 < 0.1 < found.check.first
    assert dict(found.structure)["stem"].value == "small-pool"
    assert model.load(found).card.spec.stem == "small-pool"  # type: ignore[union-attr]
    assert "with --stem small-pool the outputs agree" in str(found.check.text)
    again = import_file(path, out=tmp_path / "n", check=check, stem="small-pool", **half)  # type: ignore[arg-type]
    assert again.check is not None and again.check.changed == ()
    # Also mean and deviation, where they are not given.
    found = import_file(path, out=tmp_path / "o", check=check)
    assert model.load(found).card.preprocessing.mean == (0.5, 0.5, 0.5)


def test_an_output_that_agrees_with_nothing_is_refused(tmp_path: Path) -> None:
    peer = authors.resnet18()
    path, (image, output) = saved(tmp_path / "w.pth", peer.state_dict()), checked(tmp_path, peer, mean=0.123)
    with pytest.raises(WeightsError, match=r"differs from .* of its largest value, and under no other of \d+"):
        import_file(path, out=tmp_path / "m", check=(image, output))
    np.save(output, np.zeros(7))
    with pytest.raises(WeightsError, match="has 7 values, but the network gives 5 logits and an embedding of 512"):
        import_file(path, out=tmp_path / "m", check=(image, output))
    output.write_text("x")
    with pytest.raises(AtalhoError, match="as an array of numbers"):
        import_file(path, out=tmp_path / "m", check=(image, output))
    assert not (tmp_path / "m").exists()
