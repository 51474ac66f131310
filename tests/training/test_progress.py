"""Several listeners hear the same, in order."""

from pathlib import Path

from atalho.training.progress import EpochNumbers, EpochReport, Progress, ProgressList, StepReport


class Ears(Progress):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def note(self, text: str) -> None:
        self.heard.append(text)

    def work(self, label: str, done: int, total: int) -> None:
        self.heard.append((label, done, total))

    def begin(self, run: Path) -> None:
        self.heard.append(run)

    def step(self, report: StepReport) -> None:
        self.heard.append(report)

    def epoch(self, report: EpochReport) -> None:
        self.heard.append(report)

    def end(self) -> None:
        self.heard.append("end")


def test_every_listener_hears_everything() -> None:
    one, other = Ears(), Ears()
    both = ProgressList(one, other)
    step = StepReport(1, 2, 1, 1, 0.5, 10.0, 1.0)
    epoch = EpochReport(1, 1, EpochNumbers(0.5, 0.4, {}, 0.1), 1.0, 10.0)
    both.note("a note")
    both.work("looking", 1, 2)
    both.begin(Path("run"))
    both.step(step)
    both.epoch(epoch)
    both.end()
    assert one.heard == other.heard == ["a note", ("looking", 1, 2), Path("run"), step, epoch, "end"]
