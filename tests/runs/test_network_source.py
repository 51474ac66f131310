"""What a word means: a network of the catalogue, a file with a specification, or a trained run."""

from pathlib import Path

import pytest
import torch

from atalho.api.train import train
from atalho.errors import ConfigError, WeightsError
from atalho.networks import catalogue
from atalho.runs.network_source import means_folder, resolve


def test_a_name_of_the_catalogue_gets_new_weights_by_seed() -> None:
    found = resolve("resnet20")
    assert (found.name, found.spec, found.side, found.folder) == ("resnet20", catalogue.spec("resnet20"), 32, None)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, same, other = (found.network(seed=seed).stem.conv.weight for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_run_and_its_model_folder_are_the_trained_network(clothes: Path, tmp_path: Path) -> None:
    run = train(clothes, model="resnet20", epochs=1, out=tmp_path / "clothes")
    for place in (run.path, run.path / "model"):
        found = resolve(str(place))
        assert (found.name, found.side, found.spec.classes) == ("clothes", 16, 3)
        assert found.preprocessing is not None and found.preprocessing.channels == 1
        weights = found.network().state_dict()
        assert weights["stem.norm.num_batches_tracked"] > 0


def test_a_folder_does_not_hide_the_network_of_its_name(
    clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(clothes, model="resnet20", epochs=1, out=tmp_path / "resnet20")
    monkeypatch.chdir(tmp_path)
    network, folder = resolve("resnet20"), resolve("./resnet20")
    assert (network.folder, network.spec) == (None, catalogue.spec("resnet20"))
    assert str(network.note) == "resnet20 means the network of that name; for the folder, give ./resnet20."
    assert folder.folder is not None and folder.spec.classes == 3
    assert folder.note is None and resolve("resnet32").note is None
    assert means_folder("./resnet20") and not means_folder("resnet20")
    assert means_folder(Path("resnet20")), "a Path is never a name of the catalogue"


def test_a_file_with_a_specification(tmp_path: Path) -> None:
    file = tmp_path / "deep.toml"
    file.write_text('family = "mlp"\nblocks = [2]\nwidths = [32]\nside = 8\n')
    assert (resolve(str(file)).name, resolve(str(file)).side) == ("deep", 8)
    file.write_text('family = "mlp"\nblock = [2]\n')
    with pytest.raises(ConfigError, match=r"^block: unknown setting\. Did you mean blocks\?"):
        resolve(str(file))


def test_what_is_none_of_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean resnet34"):
        resolve("resnet3")
    with pytest.raises(WeightsError, match="is not a run or model folder"):
        resolve(str(tmp_path))
