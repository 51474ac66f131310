"""A loss of power while a network is trained: it ends at a step, without any chance to save."""

from pathlib import Path

from atalho.training.progress import Progress, StepReport


class PowerCutError(Exception):
    """The power is gone."""


class PowerCut(Progress):
    """Cuts the power at a step of the run, not of what is measured before it."""

    def __init__(self, step: int) -> None:
        self.wanted, self.begun = step, False

    def begin(self, run: Path) -> None:
        self.begun = True

    def step(self, report: StepReport) -> None:
        if self.begun and report.step == self.wanted:
            raise PowerCutError
