"""Numbers that are not finite: seen on the device without waiting for it, and explained when one was seen."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from atalho.errors import NotFiniteError
from atalho.precision import Precision
from atalho.text import Text
from atalho.text.numbers import significant

_SHOWN = 8


def all_finite(loss: Tensor, network: nn.Module) -> Tensor:
    """Whether the loss and every gradient are finite: a boolean scalar, where the gradients lie."""
    if loss.device.type == "cuda":
        return all_finite_at_once(loss, network)
    # A sum is not finite where one number is not, and takes less time than a norm.
    sums = [parameter.grad.sum() for parameter in network.parameters() if parameter.grad is not None]
    return torch.isfinite(torch.stack([loss.detach(), *sums])).all()


def all_finite_at_once(loss: Tensor, network: nn.Module) -> Tensor:
    """In one operation for all gradients, by what looks for numbers that overflowed when losses are scaled."""
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    found, scale = torch.zeros((), device=loss.device), torch.ones((), device=loss.device)
    torch._amp_foreach_non_finite_check_and_unscale_(gradients, found, scale)
    return torch.isfinite(loss.detach()) & (found == 0)


def explain(
    loss: float, network: nn.Module, images: Tensor, precision: Precision, step: int, names: Sequence[str]
) -> NotFiniteError:
    """The error that names the step, where its numbers first went wrong, and the files of the batch.

    `images` (N,C,H,W) are those of the batch, `names` their files; the gradients must still be those of the step.
    """
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    return NotFiniteError(
        "Step {step}: the loss is {loss} and there are non-finite values, first in {place}. No weight "
        "was updated. The batch was: {files}. Try a lower --training.lr, or --training.precision fp32.",
        step=step,
        loss=significant(loss, 6),
        place=_first_bad(network, images, precision),
        files=shown,
    )


def _first_bad(network: nn.Module, images: Tensor, precision: Precision) -> str | Text:
    """Where numbers first stop being finite: among the images, the weights, the forward pass, then the backward one."""
    if not torch.isfinite(images).all():
        return Text("the images")
    for name, tensor in network.state_dict().items():
        if not torch.isfinite(tensor).all():
            return name
    forward: list[str] = []

    def look(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def hook(module: nn.Module, inputs: object, output: Tensor) -> None:
            if not torch.isfinite(output).all():
                forward.append(name)

        return hook

    layers = [(name, module) for name, module in network.named_modules() if not any(module.children())]
    hooks = [module.register_forward_hook(look(name)) for name, module in layers]
    with torch.no_grad(), precision.autocast():
        network(images)
    for handle in hooks:
        handle.remove()
    # Gradients flow from the loss back to the images: the last bad layer of the forward order was the first to go.
    backward = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is not None and not torch.isfinite(parameter.grad).all()
    ]
    return next(iter([*forward, *reversed(backward)]), Text("the loss"))
