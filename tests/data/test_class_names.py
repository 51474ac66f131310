from pathlib import Path

import pytest
from PIL import Image

from atalho.data import layouts
from atalho.data.class_names import known, of_synsets
from atalho.errors import DataError


def test_there_is_a_synset_for_each_name_of_imagenet() -> None:
    names = known("imagenet")
    assert list(of_synsets(["n01440764", "n02123045", "n15075141"], names)) == ["tench", "tabby", "toilet tissue"]
    assert list(of_synsets(["tench", "other"], names)) == ["tench", "other"]


def test_names_stay_where_the_model_has_other_classes() -> None:
    assert list(of_synsets(["n01440764"], ("n01440764", "n01443537"))) == ["n01440764"]


def test_folders_of_synsets_are_the_classes_of_a_model_of_imagenet(tmp_path: Path) -> None:
    for synset in ("n01443537", "n01440764"):
        (tmp_path / synset).mkdir()
        for number in range(2):
            Image.new("RGB", (8, 8)).save(tmp_path / synset / f"{number}.png")
    manifest = layouts.read_test(tmp_path, known("imagenet"))
    assert sorted(manifest.labels.tolist()) == [0, 0, 1, 1]
    with pytest.raises(DataError, match="n01440764"):
        layouts.read_test(tmp_path, known("cifar10"))
