"""What a network says of many images, batch by batch, outside of training."""

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn

from atalho.data.images import Images
from atalho.data.manifest import Ids
from atalho.data.on_device import iterate
from atalho.data.order import in_order
from atalho.data.preprocessing import Preprocessing
from atalho.precision import Precision

BATCH: Final = 256
_AT_ONCE: Final = 2**24  # bytes


@torch.inference_mode()
def forward(
    network: nn.Module,
    pixels: Images,
    ids: Ids,
    preprocessing: Preprocessing,
    precision: Precision,
    on_progress: Callable[[int, int], None] | None = None,
    *,
    ask: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """What `network` in eval mode gives (N,…), fp32 on the CPU, for the samples `ids`; `ask` is a method of it.

    On a device it stays there until there is much of it, so that no batch waits for the one before. It is kept once:
    of many classes and images it may be most of the memory that a run needs.
    """
    ask = network if ask is None else ask
    was_training = network.training
    network.eval()
    found: Tensor | None = None
    waiting: list[Tensor] = []
    done = 0
    try:
        for batch, raw in iterate(pixels, in_order(ids, BATCH), precision.device):
            images = precision.arranged(preprocessing.apply(raw))
            with precision.autocast():
                waiting.append(ask(images).float())
            done += len(batch)
            if done == len(ids) or sum(part.nbytes for part in waiting) >= _AT_ONCE:
                part = torch.cat(waiting)
                waiting.clear()
                if found is None:
                    found = torch.empty(len(ids), *part.shape[1:])
                found[done - len(part) : done] = part
            if on_progress is not None:
                on_progress(done, len(ids))
    finally:
        network.train(was_training)
    return torch.empty(0) if found is None else found
