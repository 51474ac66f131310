"""Which states of the disk a crash can leave while a run saves, and whether each of them can be resumed from."""

import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch
from simulated_disk import Disk, KilledError, Recorder, Tree, replaced, write_tree

from atalho.storage import atomic, checkpoint
from atalho.storage.log import JsonLines

ROWS = 4


@dataclass
class Story:
    """What a program did: its calls, and from which call on the content of which number is promised to be there."""

    recorder: Recorder
    promised: list[tuple[int, int]] = field(default_factory=list)

    def promise(self, number: int) -> None:
        self.promised.append((len(self.recorder.journal), number))

    def newest(self, calls: int) -> int:
        """The newest number that is promised after so many calls; 0 where nothing is."""
        return max((number for since, number in self.promised if since <= calls), default=0)


def tensors(step: int) -> dict[str, torch.Tensor]:
    """The tensors that are saved at a step."""
    drawn = torch.Generator().manual_seed(step)
    return {"network.w": torch.randn(40, generator=drawn), "momentum.w": torch.full((3,), float(step))}


def rows(step: int) -> bytes:
    """The metrics log up to a step."""
    return b"".join(b'{"row": %d}\n' % row for row in range(ROWS * step))


def save_run(story: Story, run: Path, first: int, last: int, keep: int) -> None:
    """What a run does from step `first` to `last`: rows of the log, then a checkpoint, at every step."""
    with JsonLines(run / "metrics.jsonl", len(rows(first))) as log:
        for step in range(first + 1, last + 1):
            for row in range(ROWS * (step - 1), ROWS * step):
                log.write({"row": row})
            checkpoint.save(run / "checkpoints", step, tensors(step), {"log_offset": log.flush()}, keep=keep)
            story.promise(step)


def resume_run(story: Story, run: Path, steps: int, keep: int) -> None:
    """What a resume does: from the newest checkpoint some steps further; the step itself may be saved again."""
    found = checkpoint.latest(run / "checkpoints")
    step = found.step if found else 0
    if found:
        checkpoint.save(run / "checkpoints", step, tensors(step), found.state, keep=keep)
        story.promise(step)
    save_run(story, run, step, step + steps, keep)


def saves(root: Path, keep: int) -> Story:
    """Four saves in a new run."""
    story = Story(Recorder(root))
    with story.recorder.recording():
        save_run(story, root, 0, 4, keep)
    return story


def saves_killed(root: Path, keep: int, kill_at: int) -> Story:
    """A run that is killed before its call `kill_at` and resumed."""
    story = Story(Recorder(root, kill_at))
    with story.recorder.recording():
        with suppress(KilledError):
            save_run(story, root, 0, 3, keep)
        story.recorder.kill_at = None
        resume_run(story, root, 2, keep)
    return story


def replaces(root: Path) -> Story:
    """A file and a folder that are replaced twice."""
    story = Story(Recorder(root))
    with story.recorder.recording():
        for number in (1, 2, 3):
            for write in (_write_file, _write_folder):
                write(root, number)
            story.promise(number)
    return story


def check_run(run: Path, promised: int) -> None:
    """AssertionError unless a run in this state can go on from a complete checkpoint that is as new as promised."""
    found = checkpoint.latest(run / "checkpoints")
    step = found.step if found else 0
    assert step >= promised, f"step {promised} was saved and {step} is there"
    if found:
        assert found.damaged == (), found.damaged
        assert found.tensors.keys() == tensors(step).keys()
        assert all(torch.equal(found.tensors[name], tensor) for name, tensor in tensors(step).items())
        assert (run / "metrics.jsonl").read_bytes()[: found.state["log_offset"]] == rows(step)
    save_run(Story(Recorder(run)), run, step, step + 1, keep=2)
    again = checkpoint.latest(run / "checkpoints")
    assert again is not None
    assert again.step == step + 1


def check_replaced(root: Path, promised: int) -> None:
    """AssertionError unless file and folder hold the content promised or a newer one, whole."""
    atomic.sweep(root, "file", "folder")
    if promised or (root / "folder").exists():
        numbers = [int(content) for content in atomic.read_folder(root / "folder", ("a", "b")).values()]
        assert len(set(numbers)) == 1
        assert numbers[0] >= promised
    if promised or (root / "file").exists():
        assert int((root / "file").read_bytes()) >= promised
    assert not list(root.glob(".tmp-*"))


def states(stories: Mapping[str, Story], per_call: int, seed: int) -> Iterator[tuple[str, int, Tree]]:
    """Distinct trees that a crash can leave at every call of every story: the story's name, the calls, the tree."""
    seen: set[str] = set()
    for name, story in stories.items():
        for calls in range(len(story.recorder.journal) + 1):
            disk = Disk(story.recorder.journal[:calls])
            chance = random.Random(f"{seed} {name} {calls}")
            for _try in range(per_call):
                tree = disk.crash(chance)
                key = repr((name, story.newest(calls), tree))
                if key not in seen:
                    seen.add(key)
                    yield name, calls, tree


def tell(folder: Path, *, kills: int) -> dict[str, Story]:
    """The stories, told in `folder`; of `kills` the places are spread over the calls of a run."""

    def told(name: str, tell: Callable[[Path], Story]) -> Story:
        (folder / name).mkdir(parents=True)
        return tell(folder / name)

    stories = {f"keep-{keep}": told(f"keep-{keep}", lambda root, keep=keep: saves(root, keep)) for keep in (1, 2)}
    calls = len(stories["keep-1"].recorder.journal) * 3 // 4
    for number in range(kills):
        at, keep = calls * number // kills + 1, 1 + number % 2
        name = f"killed-{at}"
        stories[name] = told(name, lambda root, at=at, keep=keep: saves_killed(root, keep, at))
    return stories | {"replaced": told("replaced", replaces)}


def check_all(folder: Path, *, kills: int, per_call: int, seed: int) -> dict[str, int]:
    """Make every state real in `folder` and check it; how many there were by story. Raises AssertionError."""
    counts: dict[str, int] = {}
    with replaced(flush=lambda _descriptor: None, flush_folder=lambda _folder, _root: None):
        stories = tell(folder / "stories", kills=kills)
        for name, calls, tree in states(stories, per_call, seed):
            place = folder / "state"
            write_tree(place, tree)
            try:
                check = check_replaced if name == "replaced" else check_run
                check(place, stories[name].newest(calls))
            except Exception as error:
                raise AssertionError(f"{name}, after {calls} calls: {error}") from error
            shutil.rmtree(place)
            counts[name.split("-")[0]] = counts.get(name.split("-")[0], 0) + 1
    return counts


def _write_file(root: Path, number: int) -> None:
    atomic.write_file(root / "file", b"%d" % number)


def _write_folder(root: Path, number: int) -> None:
    atomic.write_folder(root / "folder", dict.fromkeys(("a", "b"), b"%d" % number))
