"""The learning rate as a closed form of the step, so that a resume needs nothing but the step."""

import math
from collections.abc import Sequence
from typing import Literal

Shape = Literal["one-cycle", "stable", "cosine", "step"]


def factor(
    step: int,
    steps: int,
    *,
    shape: Shape,
    warmup: float,
    warmup_lr: float = 0.0,
    milestones: Sequence[float] = (0.5, 0.75),
    decay: float = 0.4,
) -> float:
    """The share of the highest learning rate that step `step` of `steps` (from 0) uses.

    `warmup` is the share of the steps in which the rate rises linearly from `warmup_lr`. After it `one-cycle` falls
    linearly to zero (Smith and Topin 2018), `cosine` falls as half a cosine, `stable` is constant and falls linearly to
    zero in the last share `decay` of the steps (Zhai et al. 2021, "Scaling vision transformers", section 3.5), and
    `step` is divided by ten after each of the `milestones`, given as shares of all steps (He et al. 2015, section 4.2).
    """
    rising = warmup * steps
    if step + 1 < rising:
        return warmup_lr + (1 - warmup_lr) * (step + 1) / rising
    if shape == "step":
        return float(0.1 ** sum(step >= share * steps for share in milestones))
    if shape == "stable":
        return min(1.0, (steps - step) / (min(decay, 1 - warmup) * steps + 1))
    left = (steps - step) / (steps - rising + 1)
    share = min(1.0, left)
    return share if shape == "one-cycle" else 0.5 * (1 - math.cos(math.pi * share))
