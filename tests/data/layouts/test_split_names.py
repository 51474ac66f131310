import unicodedata

import pytest

from atalho.data.layouts.split_names import is_neutral, split_name, split_roles


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        *((name, "train") for name in ("train", "Training", "TREINO", "treinamento", "training_set", "seg_train")),
        *((name, "train") for name in ("train_images", "TrainImages", "trainset", "train2017", "imagens de treino")),
        *((name, "val") for name in ("val", "valid", "validation", "validação", "VALIDACAO", "val_set", "dev-images")),
        *((name, "test") for name in ("test", "testing", "teste", "test_set", "seg_test", "conjunto-teste", "testset")),
        *((name, None) for name in ("train_station", "test_tube", "toy train", "contest", "seg_pred", "images", "cat")),
        ("train_test", None),
    ],
)
def test_a_folder_is_a_split_by_many_names(given: str, expected: str | None) -> None:
    for form in ("NFC", "NFD"):
        assert split_roles([unicodedata.normalize(form, given)]) == {unicodedata.normalize(form, given): expected}


def test_the_same_words_beside_two_splits_belong_to_none_of_them() -> None:
    assert split_roles(["flowers_train", "flowers_test", "readme"]) == {
        "flowers_train": "train",
        "flowers_test": "test",
        "readme": None,
    }
    assert split_roles(["toy_train", "car"]) == {"toy_train": None, "car": None}


def test_a_column_of_splits_has_plain_names() -> None:
    assert [split_name(name) for name in ("Validação", "teste", "training_set", "")] == ["val", "test", None, None]


def test_names_that_say_nothing_of_an_image() -> None:
    assert [is_neutral(name) for name in ("images", "Test_Set", "imagens", "cat", "1")] == [
        True,
        True,
        True,
        False,
        False,
    ]
