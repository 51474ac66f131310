"""What training watches for."""

import os
import signal
import subprocess
import sys
import threading

import pytest
import torch

from atalho import networks
from atalho.errors import NotFiniteError, StoppedError
from atalho.precision import choose
from atalho.training.watch import StopSignals, check_finite

FP32 = choose("cpu", "fp32")
IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def _network_with_gradients() -> networks.Network:
    network = networks.create("resnet20")
    network(IMAGES).sum().backward()
    return network


def test_finite_numbers_pass() -> None:
    check_finite(torch.tensor(1.0), _network_with_gradients(), IMAGES, FP32, 3, ["a.png"])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_bad_loss_names_step_and_files(value: float) -> None:
    with pytest.raises(NotFiniteError, match=r"Step 7: the loss is .*first in the loss.*a\.png, b\.png"):
        check_finite(torch.tensor(value), _network_with_gradients(), IMAGES, FP32, 7, ["a.png", "b.png"])


def test_of_bad_gradients_the_one_next_to_the_loss_is_named() -> None:
    network = _network_with_gradients()
    for name, parameter in network.named_parameters():
        if name in ("stages.1.0.residual.conv1.weight", "stages.2.0.residual.conv1.weight"):
            assert parameter.grad is not None
            parameter.grad[0, 0, 0, 0] = float("nan")
    with pytest.raises(NotFiniteError, match=r"first in stages\.2\.0\.residual\.conv1\.weight"):
        check_finite(torch.tensor(1.0), network, IMAGES, FP32, 0, ["a.png"])


def _weight(network: networks.Network, name: str) -> torch.Tensor:
    return network.get_parameter(f"stages.1.0.residual.{name}.weight")


def test_a_bad_weight_and_a_bad_image_are_named() -> None:
    network = _network_with_gradients()
    with torch.no_grad():
        _weight(network, "conv1")[0, 0, 0, 0] = float("inf")
    with pytest.raises(NotFiniteError, match=r"first in stages\.1\.0\.residual\.conv1\.weight"):
        check_finite(torch.tensor(float("nan")), network, IMAGES, FP32, 0, ["a.png"])
    with pytest.raises(NotFiniteError, match="first in the images"):
        check_finite(torch.tensor(float("nan")), network, IMAGES * float("nan"), FP32, 0, ["a.png"])


def test_a_layer_that_overflows_is_named() -> None:
    network = _network_with_gradients()
    with torch.no_grad():
        _weight(network, "conv2").fill_(3e38)
    with pytest.raises(NotFiniteError, match=r"first in stages\.1\.0\.residual\.conv2"):
        check_finite(torch.tensor(float("nan")), network, IMAGES, FP32, 0, ["a.png"])


def test_many_files_are_cut_short() -> None:
    with pytest.raises(NotFiniteError) as caught:
        names = [f"{i}.png" for i in range(128)]
        check_finite(torch.tensor(float("nan")), _network_with_gradients(), IMAGES, FP32, 0, names)
    assert "7.png, …" in str(caught.value)
    assert "8.png" not in str(caught.value)


def test_the_first_signal_is_remembered_and_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(StoppedError), StopSignals() as signals:
        assert signals.received is None
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.received == signal.SIGTERM
        raise StoppedError("stopped", signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_nobody_looked_at_is_not_lost() -> None:
    with pytest.raises(KeyboardInterrupt), StopSignals():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_signal_ends_the_process_at_once() -> None:
    script = (
        "import os, signal\nfrom atalho.training.watch import StopSignals\n"
        "with StopSignals():\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    raise SystemExit(0)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 143


def test_another_thread_may_train() -> None:
    received: list[int | None] = []

    def work() -> None:
        with StopSignals() as signals:
            received.append(signals.received)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert received == [None]
