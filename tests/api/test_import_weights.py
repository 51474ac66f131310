"""Weights from elsewhere as a model folder."""

from pathlib import Path

import pytest
import torch
import torchvision
from PIL import Image

from atalho import model
from atalho.api.import_weights import IMAGENET_MEAN, import_file
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
        ({"model": "resnet34"}, WeightsError, "layer"),
        ({"model": "resnet3"}, ConfigError, "Did you mean"),
        ({"mean": (0.5,)}, ConfigError, "--mean has 1 values, but the weights are for images with 3 channels"),
        ({"mean": (0.5, float("nan"), 0.5)}, ConfigError, "--mean [0.5, nan, 0.5] is not accepted: it must be numbers"),
        ({"std": (0.5, 0.5, 0.0)}, ConfigError, "--std [0.5, 0.5, 0.0] is not accepted: it must be numbers greater"),
        ({"std": (0.5, 0.5, float("inf"))}, ConfigError, "it must be numbers greater than 0"),
        ({"size": 0}, ConfigError, "--size 0 is not accepted: it must be from 1 to 4096 pixels"),
        ({"size": -5}, ConfigError, "--size -5 is not accepted"),
        ({"size": 100_000}, ConfigError, "--size 100000 is not accepted"),
        ({"size": 8}, ConfigError, "--size 8 is not accepted: it must be at least 32 for this network"),
        ({"model": None}, ConfigError, "None is not a network"),
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
