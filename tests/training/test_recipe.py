"""Recipes: what each changes, and that what the user asks for wins."""

import pytest

from atalho.config import Config
from atalho.settings import ask, nest
from atalho.training import recipe
from atalho.training.recipe import RecipeContext

CIFAR = RecipeContext("resnet", 20, 32, 50_000)
PHOTOS = RecipeContext("resnet", 34, 224, 50_000)


def test_fast_is_the_schema_on_a_large_set_of_small_images() -> None:
    config, notes = recipe.resolve(ask({}), CIFAR)
    assert config.training == Config().training
    assert config.augment.crop == "pad"
    assert config.data.size == 32
    assert notes == ()


def test_paper_is_he_2015() -> None:
    t = recipe.resolve(ask(nest({"training.recipe": "paper"})), CIFAR)[0].training
    assert (t.lr, t.momentum, t.weight_decay, t.batch_size, t.epochs) == (0.1, 0.9, 1e-4, 128, 164)
    assert (t.schedule, t.milestones, t.nesterov, t.decay_all) == ("step", (0.5, 0.75), False, True)
    assert (t.label_smoothing, t.averaging, t.zero_residual, t.warmup) == (0, 0, False, 0)


def test_depth_110_warms_up() -> None:
    deep = RecipeContext("resnet", 110, 32, 50_000)
    t = recipe.resolve(ask(nest({"training.recipe": "paper"})), deep)[0].training
    assert t.warmup_lr * t.lr == pytest.approx(0.01)
    assert t.warmup == 400 / 64_000


def test_paper_is_huang_2017_for_densenets() -> None:
    t = recipe.resolve(ask(nest({"training.recipe": "paper"})), RecipeContext("densenet", 100, 32, 50_000))[0].training
    assert (t.epochs, t.batch_size, t.nesterov, t.milestones) == (300, 64, True, (0.5, 0.75))


def test_what_a_recipe_decides_is_what_some_recipe_sets() -> None:
    contexts = [
        RecipeContext(family, depth, size, 5_000, task)
        for family, depth in (("resnet", 20), ("resnet", 110), ("densenet", 100))
        for size in (32, 224)
        for task in ("classification", "reid")
    ]
    found = {
        f"{section}.{name}"
        for context in contexts
        for chosen in ("fast", "paper", "finetune")
        for section, values in recipe.values(chosen, context).items()
        for name in values
    }
    assert found == recipe.DECIDED


def test_finetune_lowers_the_rate_of_the_backbone() -> None:
    t = recipe.resolve(ask(nest({"training.recipe": "finetune"})), PHOTOS)[0].training
    assert t.backbone_lr < 1
    assert t.norms == "kept"
    assert not t.zero_residual


def test_what_the_user_asks_for_wins() -> None:
    asked = nest({"training.recipe": "paper", "training.lr": 0.7, "augment.crop": "none"})
    config, _notes = recipe.resolve(ask(asked), CIFAR)
    assert config.training.lr == 0.7
    assert config.augment.crop == "none"


def test_the_rate_follows_the_batch_and_says_so() -> None:
    config, notes = recipe.resolve(ask(nest({"training.batch_size": 64})), CIFAR)
    assert config.training.lr == pytest.approx(Config().training.lr / 2)
    assert "scaled from batches of 128 to batches of 64" in notes[0]


def test_the_rate_follows_no_larger_batch_than_there_are_images() -> None:
    few = RecipeContext("resnet", 20, 28, 110)
    config, notes = recipe.resolve(ask(nest({"training.batch_size": 512})), few)
    assert config.training.lr == pytest.approx(Config().training.lr * 110 / 128)
    assert "to batches of 110" in notes[0]


def test_a_rate_that_was_asked_for_does_not_follow_the_batch() -> None:
    config, notes = recipe.resolve(ask(nest({"training.batch_size": 64, "training.lr": 0.4})), CIFAR)
    assert config.training.lr == 0.4
    assert notes == ()


def test_the_rate_follows_the_optimizer() -> None:
    small = nest({"training.batch_size": 32, "training.optimizer": "muon"})
    config, notes = recipe.resolve(ask(small), CIFAR)
    assert config.training.lr == pytest.approx(Config().training.lr / 2)
    assert "scaled from batches of 128 to batches of 32" in notes[0]
    config, notes = recipe.resolve(ask(small | nest({"training.optimizer": "adam", "training.batch_size": 32})), CIFAR)
    assert (config.training.lr, notes) == (0.001, ())
    people = RecipeContext("resnet", 50, 128, 5_000, "reid")
    assert recipe.resolve(ask({}), people)[0].training.lr < 0.001
    config, _notes = recipe.resolve(ask(nest({"training.optimizer": "sgd", "training.batch_size": 64})), people)
    assert config.training.lr == pytest.approx(Config().training.lr / 2)


def test_mixing_explains_training_accuracy() -> None:
    _config, notes = recipe.resolve(ask(nest({"augment.mixup": 0.2})), CIFAR)
    assert any("mixup: training accuracy is that on mixed images" in note for note in notes)


def test_large_images_are_cropped_by_area() -> None:
    assert recipe.resolve(ask({}), PHOTOS)[0].augment.crop == "resized"


def test_what_is_resolved_stays_as_it_is() -> None:
    from atalho.settings import to_dict

    once, _notes = recipe.resolve(ask({}), RecipeContext("resnet", 20, 28, 3_000))
    again, notes = recipe.resolve(ask(to_dict(once)), RecipeContext("resnet", 20, 28, 3_000))
    assert again == once
    assert notes == ()
