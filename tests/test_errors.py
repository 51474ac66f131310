"""What a user is offered instead of a wrong name, and the exit codes."""

import signal

from atalho.errors import AtalhoError, NotFiniteError, StoppedError, install, nearest


def test_close_names_are_offered() -> None:
    assert str(nearest("resnet3", ["resnet34", "resnet18", "densenet121"])).startswith("Did you mean resnet34")


def test_without_a_close_name_all_are_listed() -> None:
    assert str(nearest("xyz", ["small", "large"])) == "Accepted: large, small."


def test_of_many_names_only_those_most_like_the_given_one_are_told() -> None:
    names = [f"image-{number:03}.png" for number in range(100)] + ["labels"]
    told = str(nearest("labors-of-love", names))
    assert told.startswith("Accepted, among others: labels, ")
    assert told.count("image-") == 7


def test_an_extra_is_installed_from_the_clone() -> None:
    assert str(install("reid")).endswith(": pip install -e '.[reid]'")


def test_exit_codes() -> None:
    assert AtalhoError.exit_code == 2
    assert NotFiniteError.exit_code == 1
    assert StoppedError("", signal.SIGTERM).exit_code == 143
    assert StoppedError("", signal.SIGINT).exit_code == 130


def test_a_name_is_offered_once() -> None:
    assert str(nearest("--modle", ["--model", "--model"])) == "Did you mean --model?"
