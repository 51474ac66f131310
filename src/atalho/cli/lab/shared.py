"""What the experiments' commands share: options, and how a result is printed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from cyclopts import Parameter

from atalho import lab
from atalho.cli import options, terminal
from atalho.errors import ConfigError
from atalho.text import N_, _

if TYPE_CHECKING:
    from atalho.lab.shared.result import Result


Data = Annotated[str, Parameter(help=N_("folder with one folder per class, CSV, Parquet, IDX files or CIFAR batches"))]
MeasuredOn = Annotated[str | None, Parameter(help=N_("images to measure on; default: the run's own"))]
Beside = Annotated[Path | None, Parameter(help=N_("run or model folder to compare with, such as the plain twin's"))]
Seeds = Annotated[options.Whole, Parameter(help=N_("number of seeds, starting at 0; an interval needs at least two"))]
Images = Annotated[
    options.Whole | None, Parameter(help=N_("number of training images, balanced over the classes; default: all"))
]
Rate = Annotated[float, Parameter(help=N_("peak learning rate"))]
Precision = Annotated[
    Literal["fp32", "bf16"] | None,
    Parameter(help=N_("what the networks are measured in; default: as the experiment began, fp32 in a new one")),
]
Out = Annotated[
    Path | None,
    Parameter(help=N_("folder of the experiment; default: lab/NAME, beside the run that it looks at")),
]


@dataclass(frozen=True)
class Training:
    """The options of experiments that train networks, in the order of their help."""

    images: Images = None
    epochs: Annotated[options.Whole, Parameter(help=N_("number of passes over the training images"))] = 6
    lr: Rate = 0.1
    batch_size: Annotated[options.Whole, Parameter(help=N_("images per step"))] = 128
    size: Annotated[
        options.Whole | None, Parameter(help=N_("side of the images in pixels; default: chosen from the images"))
    ] = None
    skip_bad: Annotated[
        bool, Parameter(help=N_("skip images that cannot be read instead of stopping"), negative="")
    ] = False

    def recipe(self) -> "lab.Recipe":
        """As the experiments take them. Raises ConfigError for numbers that nothing can be trained with."""
        return lab.Recipe(self.epochs, self.images, self.lr, self.batch_size, self.size, self.skip_bad)


@dataclass(frozen=True)
class SessionOptions:
    """The options of every experiment: its time, its place and how its result is printed."""

    budget: Annotated[
        float | None,
        Parameter(help=N_("minutes after which no new measurement starts; run the same command again to continue")),
    ] = None
    precision: Precision = None
    out: Out = None
    json: options.JSON = False

    def show(self, run: Callable[..., "Result"]) -> int:
        """Run an experiment and print its result; the command's exit code."""
        with terminal.TerminalProgress() as progress:
            result = run(
                budget_minutes=self.budget,
                precision=self.precision,
                out=self.out,
                command=options.command(),
                progress=progress,
            )
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
    terminal.say(result.headline(), result.measured_in)
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
            "{flag} {given} is not accepted: give whole numbers separated by commas, such as 20,26,56.",
            flag=flag,
            given=given,
        ) from None
