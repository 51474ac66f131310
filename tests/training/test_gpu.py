"""Promise 1 on a CUDA GPU: equal runs end with equal bytes, whatever interrupts them and whoever decodes."""

import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from atalho.api.train import resume, train
from atalho.data import samples
from atalho.errors import StoppedError
from atalho.runs.run import Run
from atalho.storage import checkpoint
from atalho.training import recording
from atalho.training.progress import Progress, StepReport

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
ENDINGS = ("metrics.jsonl", "model/model.safetensors", "evaluation.json")


class _Watching(Progress):
    """Hears the notes, and asks for a stop after a step."""

    def __init__(self, stop: int | None = None) -> None:
        self.notes: list[str] = []
        self._stop = stop

    def note(self, text: str) -> None:
        self.notes.append(text)

    def step(self, report: StepReport) -> None:
        if report.step == self._stop:
            signal.raise_signal(signal.SIGTERM)


def _train(data: Path, out: Path, progress: Progress | None = None, model: str = "resnet20", **settings: Any) -> Run:
    asked = {"training.device": "cuda", "training.checkpoint_steps": 5} | settings
    return train(data, model=model, epochs=3, batch_size=10, settings=asked, out=out, progress=progress)


def _endings(run: Run) -> list[bytes]:
    saved = checkpoint.latest(run.path / "checkpoints")
    assert saved is not None
    tensors = [saved.tensors[name].numpy().tobytes() for name in sorted(saved.tensors)]
    return [(run.path / name).read_bytes() for name in ENDINGS] + tensors


@pytest.mark.parametrize("model", ["resnet20", "resnet18", "densenet-bc-22-12"])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(clothes: Path, tmp_path: Path, model: str) -> None:
    watching = _Watching()
    whole = _train(clothes, tmp_path / "whole", watching, model)
    assert not any("other bytes" in note for note in watching.notes)
    with pytest.raises(StoppedError):
        _train(clothes, tmp_path / "run", _Watching(14), model)
    assert _endings(resume(tmp_path / "run")) == _endings(whole)


@pytest.mark.parametrize(
    "augment", [{}, {"augment.mixup": 0.3, "augment.erasing": 0.5}, {"augment.trivial": True}], ids=str
)
def test_decoding_processes_and_where_the_pixels_lie_change_no_byte(
    clothes: Path, tmp_path: Path, augment: dict[str, Any]
) -> None:
    on_gpu = _train(clothes, tmp_path / "on gpu", **augment)
    for workers in (0, 2):
        streamed = {"data.cache_gb": 0, "data.workers": workers} | augment
        assert _endings(_train(clothes, tmp_path / str(workers), **streamed)) == _endings(on_gpu)


@pytest.mark.parametrize("settings", [{}, {"training.optimizer": "adam"}, {"training.optimizer": "muon"}], ids=str)
def test_replayed_steps_end_as_plain_ones(
    clothes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
) -> None:
    watching = _Watching()
    replayed = _train(clothes, tmp_path / "replayed", watching, **settings)
    assert not any("not recorded" in note for note in watching.notes)
    monkeypatch.setattr(recording, "_SHAPES", 0)
    assert _endings(_train(clothes, tmp_path / "plain", **settings)) == _endings(replayed)


def test_two_runs_of_re_identification_are_equal(tmp_path: Path) -> None:
    data = samples.unpack("omniglot", tmp_path / "omniglot") / "Greek"
    asked = {"training.device": "cuda", "data.size": 32, "reid.centre": 0.01}
    runs = [
        train(data, task="reid", model="resnet20", epochs=2, out=tmp_path / name, settings=asked)
        for name in ("one", "other")
    ]
    one, other = ((run.path / "model" / "model.safetensors").read_bytes() for run in runs)
    assert one == other
