"""What a checkpoint may hold: never a number that is not finite."""

from pathlib import Path

import pytest
import torch

from atalho import networks
from atalho.config import TrainingConfig
from atalho.errors import NotFiniteError
from atalho.storage import checkpoint
from atalho.training.state import TrainingState

CONFIG = TrainingConfig(averaging=0.5)


def _state() -> TrainingState:
    state = TrainingState.start(networks.create("resnet20"), CONFIG, 10)
    state.network(torch.ones(2, 3, 16, 16)).sum().backward()
    state.optimizer.step()
    state.averaged.update(0)
    return state


@pytest.mark.parametrize("group", ["network", "averaged", "momentum"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_not_saved_and_the_last_checkpoint_stays(
    tmp_path: Path, group: str, value: float
) -> None:
    state = _state()
    state.step = 1
    state.save(tmp_path, 100, keep=1)
    state.step = 2
    name = next(name for name in state.tensors() if name.startswith(f"{group}.") and name.endswith("conv2.weight"))
    with torch.no_grad():
        state.tensors()[name].flatten()[3] = value
    with pytest.raises(NotFiniteError, match=f"Step 2: {name} has non-finite values; the last"):
        state.save(tmp_path, 200, keep=1)
    found = checkpoint.latest(tmp_path)
    assert found is not None
    assert found.step == 1
    assert all(torch.isfinite(tensor).all() for tensor in found.tensors.values())


def test_a_state_that_is_not_finite_before_any_checkpoint_claims_none(tmp_path: Path) -> None:
    state = _state()
    with torch.no_grad():
        next(iter(state.tensors().values())).fill_(float("inf"))
    with pytest.raises(NotFiniteError, match="and there is no checkpoint before it"):
        state.save(tmp_path / "checkpoints", 0, keep=1)
    assert not (tmp_path / "checkpoints").exists()


def test_a_state_comes_back_bit_by_bit(tmp_path: Path) -> None:
    state, other = _state(), TrainingState.start(networks.create("resnet20"), CONFIG, 10)
    state.step, state.tally.loss = 3, 1.25
    state.save(tmp_path, 77, keep=1)
    found = checkpoint.latest(tmp_path)
    assert found is not None
    assert other.restore(found) == 77
    assert (other.step, other.tally) == (state.step, state.tally)
    before, after = state.tensors(), other.tensors()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
