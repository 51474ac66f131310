from pathlib import Path

import pytest

from atalho.errors import ConfigError
from atalho.pretrained import names
from atalho.pretrained.names import is_name, source_of

HASH = "0123456789abcdef" * 4


@pytest.mark.parametrize("word", ["imagenet", "tv:resnet34", "timm:x", "hf:a/b", "https://example.org/w.pth"])
def test_names(word: str) -> None:
    assert is_name(word)
    assert not is_name(Path(word))


@pytest.mark.parametrize("word", ["runs/photos", "./imagenet", "C:\\runs\\photos", "resnet34", "", "tv"])
def test_everything_else_is_a_path(word: str) -> None:
    assert not is_name(word)


def test_imagenet_needs_a_network() -> None:
    assert source_of("imagenet", "resnet34") == source_of("tv:resnet34")
    with pytest.raises(ConfigError, match="tv:resnet50"):
        source_of("imagenet")


def test_a_repository_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_of(f"hf:timm/resnet34.a1_in1k@v1#sha256={HASH}")
    assert source.url == "https://huggingface.co/timm/resnet34.a1_in1k/resolve/v1/model.safetensors"
    assert source.sha256 == HASH
    assert source.name == "hf:timm/resnet34.a1_in1k@v1"
    assert source.sidecars[0] == "https://huggingface.co/timm/resnet34.a1_in1k/resolve/v1/config.json"
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example.org/")
    assert source_of("hf:a/b").url == "https://mirror.example.org/a/b/resolve/main/model.safetensors"
    assert source_of("hf:a/b@refs/pr/1").url.endswith("/resolve/refs%2Fpr%2F1/model.safetensors")


@pytest.mark.parametrize("word", ["hf:resnet34", "hf:a/b/c", "hf:../b", "hf:a/../../b", "hf:a/b@"])
def test_what_is_no_repository_is_refused(word: str) -> None:
    with pytest.raises(ConfigError, match="hf:OWNER/NAME"):
        source_of(word)


def test_an_address() -> None:
    source = source_of("https://example.org/some/w.pth?x=1")
    assert (source.filename, source.sha256) == ("w.pth", None)
    with pytest.raises(ConfigError, match="sha256="):
        source_of("https://example.org/w.pth#sha256=12")


def test_a_row_is_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_of("tv:resnet34")
    assert source.row is not None
    assert source.filename == "resnet34-b627a593.pth"
    assert names.source_of("tv:resnet34.v1") == source
