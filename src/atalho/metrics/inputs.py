"""What every metric asks of its logits and labels: a mistake is named, not averaged in."""

import torch
from torch import Tensor

from atalho.errors import DataError, NotFiniteError
from atalho.text import Text


def checked(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """`logits` (N, K) in at least single precision and `labels` (N,), both on the CPU.

    Raises DataError where shapes or labels do not fit, NotFiniteError where a logit is not a finite number.
    """
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise DataError(
            Text(
                "Logits of shape {logits} with labels of shape {labels}: expected (N, K) and (N,).",
                logits=tuple(logits.shape),
                labels=tuple(labels.shape),
            )
        )
    images, classes = logits.shape
    if images == 0 or classes == 0:
        raise DataError(
            Text("There is nothing to measure: {images} images, {classes} classes.", images=images, classes=classes)
        )
    if labels.is_floating_point() or labels.dtype == torch.bool:
        raise DataError(Text("Labels of type {dtype}: expected whole numbers.", dtype=labels.dtype))
    logits = logits.detach().cpu()
    logits = logits if logits.dtype == torch.float64 else logits.float()
    labels = labels.cpu().long()
    if int(labels.min()) < 0 or int(labels.max()) >= classes:
        raise DataError(
            Text(
                "Labels from {low} to {high}: expected 0 to {last}, one for each of the {classes} logits.",
                low=int(labels.min()),
                high=int(labels.max()),
                last=classes - 1,
                classes=classes,
            )
        )
    broken = (~logits.isfinite()).any(dim=1).nonzero().flatten()
    if len(broken):
        raise NotFiniteError(
            Text(
                "The network's output is not a finite number for {count} of {images} images "
                "(first: number {first}). Its weights are damaged or training diverged: "
                "use an earlier checkpoint or a lower learning rate.",
                count=len(broken),
                images=images,
                first=int(broken[0]),
            )
        )
    return logits, labels
