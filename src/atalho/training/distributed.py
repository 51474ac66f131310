"""Several processes that train one network together: who each is, what they tell each other, how they end.

`torchrun` starts them and says in the environment which rank each has. Rank 0 reads, prints and writes; the others
compute. torch is imported when there is somebody to talk to, so that a mistake on a command line is told at once.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from atalho.data import order
from atalho.data.manifest import Ids
from atalho.errors import AtalhoError, ConfigError, RankLostError, ReportedElsewhereError, StoppedError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.distributed.distributed_c10d import Store

# Rank 0 may decode a large data set, or evaluate, while the others wait. A process that died is noticed by its
# connection and by torchrun, not by this clock.
_PATIENCE: Final = timedelta(days=1)
_ECHO_SECONDS: Final = 5.0
_FAILED, _EXIT_CODE = "failed", "exit code"
_groups = itertools.count()


@dataclass(frozen=True)
class Ranks:
    """This process among the `world` that train together. Alone, every method returns at once what it was given.

    `local` is its number on its machine. `restarts` counts how often torchrun has restarted the group, of
    `most_restarts`; `echo` is how long, in seconds, a second signal may be the launcher's copy of the first.
    """

    rank: int = 0
    world: int = 1
    local: int = 0
    restarts: int = 0
    most_restarts: int = 0
    echo: float = 0.0

    @property
    def is_main(self) -> bool:
        """Whether this is the one that prints and writes."""
        return self.rank == 0

    def share(self, ids: Ids) -> Ids:
        """The part of a batch that falls to this rank."""
        return order.share(ids, self.rank, self.world)

    def refuse_small(self, smallest_batch: int) -> None:
        """Raises ConfigError where a rank would see fewer than two images of a batch of `smallest_batch`.

        In a share of one image the norms would have nothing to compare it with.
        """
        if self.world > 1 and smallest_batch < 2 * self.world:
            raise ConfigError(
                "The smallest batch has {images} images, too few for {world} processes with at least two images "
                "each. Increase --batch-size, or start fewer processes with --nproc-per-node.",
                images=smallest_batch,
                world=self.world,
            )

    def refuse_company(self) -> None:
        """Raises ConfigError where several processes were started for what one does."""
        if self.world > 1:
            raise ConfigError("Only atalho train runs in several processes. Run this command without torchrun.")

    def tell(self, value: Callable[[], Any]) -> None:
        """On rank 0: hand what `value` gives to the others, which `hear` it."""
        if self.world > 1:
            _broadcast(value())

    def hear(self) -> Any:
        """On the others: what rank 0 tells, as soon as it does."""
        return _broadcast(None)

    def wait(self) -> None:
        """Return when every rank is here."""
        self._agreed(0, "SUM")

    def agree(self, signal_number: int | None) -> int | None:
        """The signal that any rank received, so that all stop after the same step."""
        return self._agreed(signal_number or 0, "MAX") or None

    def lowest(self, wanted: bool) -> int:
        """The lowest rank that says True; 0 where none does."""
        return self._agreed(self.rank if wanted else self.world, "MIN") % self.world

    def _agreed(self, value: int, operation: str) -> int:
        if self.world == 1:
            return value
        import torch

        number = torch.tensor(value)
        all_reduce(number, operation)
        return int(number)


def from_environment(environment: Mapping[str, str] | None = None) -> Ranks:
    """Who this process is, as torchrun says; a process that nobody started so is alone.

    Raises ConfigError where only a part of what torchrun says is there.
    """
    told = os.environ if environment is None else environment
    world = int(told.get("WORLD_SIZE", "1"))
    missing = [name for name in ("RANK", "MASTER_ADDR", "MASTER_PORT") if name not in told]
    if world > 1 and missing:
        raise ConfigError(
            "WORLD_SIZE is {world} in the environment, but {missing} is missing. Start several processes "
            "with torchrun, or unset WORLD_SIZE.",
            world=world,
            missing=", ".join(missing),
        )
    launched = "TORCHELASTIC_RUN_ID" in told
    return Ranks(
        rank=int(told["RANK"]) if world > 1 else 0,
        world=world,
        local=int(told.get("LOCAL_RANK", "0")),
        restarts=int(told.get("TORCHELASTIC_RESTART_COUNT", "0")) if launched else 0,
        most_restarts=int(told.get("TORCHELASTIC_MAX_RESTARTS", "0")) if launched else 0,
        echo=_ECHO_SECONDS if launched else 0.0,
    )


@contextmanager
def joined() -> Iterator[Ranks]:
    """This process among the others while entered; within itself it changes nothing.

    An error on any rank ends all of them: the first to fail tells it, the others leave with a ReportedElsewhereError.
    """
    ranks = from_environment()
    if ranks.world == 1:
        yield ranks
        return
    import torch.distributed as dist

    if dist.is_initialized():
        yield ranks
        return
    store = _connect(ranks)
    try:
        yield ranks
    except (Exception, KeyboardInterrupt) as error:
        code = _exit_code_of_another(store, ranks, error)
        if code is None:
            raise
        raise ReportedElsewhereError(code) from error
    finally:
        dist.destroy_process_group()


def all_reduce(values: Tensor, operation: str = "SUM") -> None:
    """Replace `values` on every rank by their sum, or another operation, over all ranks: the same bits everywhere."""
    import torch.distributed as dist

    with _talking():
        dist.all_reduce(values, getattr(dist.ReduceOp, operation))


def _broadcast(value: Any) -> Any:
    import torch
    import torch.distributed as dist

    box = [value]
    with _talking():
        dist.broadcast_object_list(box, src=0, device=torch.device("cpu"))
    return box[0]


def _connect(ranks: Ranks) -> Store:
    import torch
    import torch.distributed as dist
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    cuda = torch.cuda.is_available() and dist.is_nccl_available()
    if cuda and ranks.local < torch.cuda.device_count():
        torch.cuda.set_device(ranks.local)
    with _talking():
        store: Store
        store, rank, world = next(rendezvous("env://", timeout=_PATIENCE))
        # torchrun keeps one store over its restarts. What an earlier group wrote there, above all where its ranks could
        # be reached, is not read again: a rank that believed it would wait for a dead one for ever.
        store = PrefixStore(f"atalho/{ranks.restarts}/{world}/{next(_groups)}", store)
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if cuda else "gloo", store=store, rank=rank, world_size=world, timeout=_PATIENCE
        )
    return store


@contextmanager
def _talking() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # torch has no class of its own for a peer that went away
        raise RankLostError(
            "Another process of this run ended or cannot be reached. The same command with --continue "
            "resumes from the latest checkpoint."
        ) from error


def _exit_code_of_another(store: Store, ranks: Ranks, error: BaseException) -> int | None:
    """The exit code of the rank that tells what happened; None where it falls to this one."""
    if isinstance(error, ReportedElsewhereError):
        return error.exit_code
    own = error.exit_code if isinstance(error, AtalhoError) else 130 if isinstance(error, KeyboardInterrupt) else 1
    if isinstance(error, StoppedError):  # all stop at once, at the same step
        return None if ranks.is_main else own
    with suppress(RuntimeError):  # whoever held the store may be gone too
        if store.add(_FAILED, 1) == 1:
            store.set(_EXIT_CODE, str(own))
            return None
        return int(store.get(_EXIT_CODE))
    return own
