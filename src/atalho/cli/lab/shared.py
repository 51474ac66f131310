"""What the experiments' commands share: options, and how a result is printed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

from cyclopts import Parameter

from atalho import lab
from atalho.cli import options, terminal
from atalho.errors import ConfigError
from atalho.text import N_, Text, _

if TYPE_CHECKING:
    from atalho.lab.shared.result import Result

R = TypeVar("R", bound="Result")

Data = Annotated[str, Parameter(help=N_("folder of class folders, CSV, IDX files or CIFAR batches"))]
MeasuredOn = Annotated[str | None, Parameter(help=N_("images to measure on; the run's own if not given"))]
Beside = Annotated[
    Path | None, Parameter(help=N_("run or model folder to compare with, such as that of the plain twin"))
]
Seeds = Annotated[int, Parameter(help=N_("how many seeds, from 0; an interval needs two or more"))]
Images = Annotated[int | None, Parameter(help=N_("training images, chosen class by class; all if not given"))]
Rate = Annotated[float, Parameter(help=N_("highest learning rate"))]
Out = Annotated[Path | None, Parameter(help=N_("the experiment's folder; lab/NAME if not given"))]


@dataclass(frozen=True)
class Training:
    """The options of experiments that train networks, in the order of their help."""

    images: Images = None
    epochs: Annotated[int, Parameter(help=N_("passes over the training images"))] = 6
    lr: Rate = 0.1
    batch_size: Annotated[int, Parameter(help=N_("images per step"))] = 128
    size: Annotated[int | None, Parameter(help=N_("side of the images in pixels; by the images if not given"))] = None
    skip_bad: Annotated[
        bool, Parameter(help=N_("leave out images that cannot be read instead of refusing"), negative="")
    ] = False

    def recipe(self) -> "lab.Recipe":
        """As the experiments take them. Raises ConfigError for numbers that nothing can be trained with."""
        return lab.Recipe(self.epochs, self.images, self.lr, self.batch_size, self.size, self.skip_bad)


@dataclass(frozen=True)
class SessionOptions:
    """The options of every experiment: its time, its place and how its result is printed."""

    budget: Annotated[
        float | None,
        Parameter(
            help=N_("minutes after which no further cell is begun; the same command again goes on with the rest")
        ),
    ] = None
    out: Out = None
    json: options.JSON = False

    def measure(self, run: Callable[..., R]) -> R:
        """The result of an experiment, which is given what all experiments accept."""
        with terminal.TerminalProgress() as progress:
            return run(budget_minutes=self.budget, out=self.out, command=options.command(), progress=progress)

    def show(self, run: Callable[..., "Result"]) -> int:
        """Run an experiment and print its result; the command's exit code."""
        result = self.measure(run)
        if self.json:
            terminal.print_json({"folder": str(result.path), **result.to_dict()})
        else:
            print_result(result)
        return 0


Trained = Annotated[Training, Parameter(name="*")]
USUAL: Final = Training()
Session = Annotated[SessionOptions, Parameter(name="*")]
SESSION: Final = SessionOptions()


def print_result(result: "Result") -> None:
    """Print the first table, the verdict with its reasons, and where the page is."""
    table = result.table()
    terminal.print_table(table.head, table.rows, numbers=range(table.numbers_from, len(table.head)))
    terminal.say("")
    terminal.say(result.headline())
    for sentence in (*result.reasons(), *result.remarks()):
        terminal.say(f"  {sentence}")
    terminal.say(_("report: {path}").format(path=result.report))


def names(given: str) -> list[str]:
    """`20,26,56` as its parts."""
    return [part.strip() for part in given.split(",") if part.strip()]


def whole_numbers(flag: str, given: str) -> list[int]:
    """`20,26,56` as numbers. Raises ConfigError for anything else."""
    try:
        return [int(part) for part in names(given)]
    except ValueError:
        raise ConfigError(
            Text(
                "{flag} {given} is not accepted: give whole numbers with commas between them, such as 20,26,56.",
                flag=flag,
                given=given,
            )
        ) from None
