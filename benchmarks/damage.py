"""Flipped bits and lost ends in the files of the newest checkpoint: seen, and the one before is used."""

import random
import shutil
from pathlib import Path

import torch
from crash_states import Story, save_run, tensors
from simulated_disk import Recorder, replaced

from atalho.storage import checkpoint

KINDS = ("flipped bit", "flipped byte", "lost end", "zeros at the end")


def check_all(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Damage the newest of two checkpoints in `count` ways; how many of each. AssertionError where one is not seen."""
    whole, run = folder / "whole", folder / "run"
    whole.mkdir(parents=True)
    counts: dict[str, int] = {}
    with replaced(flush=lambda _descriptor: None, flush_folder=lambda _folder, _root: None):
        save_run(Story(Recorder(whole)), whole, 0, 2, keep=2)
        for number in range(count):
            shutil.copytree(whole, run)
            chance = random.Random(f"{seed} {number}")
            kind = KINDS[number % len(KINDS)]
            file = chance.choice(sorted((run / "checkpoints" / "step-000000002").iterdir()))
            content = file.read_bytes()
            file.write_bytes(_damaged(content, kind, chance))
            assert file.read_bytes() != content
            found = checkpoint.latest(run / "checkpoints")
            assert found is not None
            assert (found.step, len(found.damaged)) == (1, 1), f"{kind} in {file.name} of trial {number} was not seen"
            assert all(torch.equal(found.tensors[name], tensor) for name, tensor in tensors(1).items())
            counts[f"{kind}: {file.name}"] = counts.get(f"{kind}: {file.name}", 0) + 1
            shutil.rmtree(run)
    return dict(sorted(counts.items()))


def _damaged(content: bytes, kind: str, chance: random.Random) -> bytes:
    place = chance.randrange(len(content))
    if kind == "lost end":
        return content[:place]
    if kind == "zeros at the end":
        tail = bytes(len(content) - place)
        return content[:place] + (tail if content[place:] != tail else b"")
    changed = content[place] ^ (1 << chance.randrange(8) if kind == "flipped bit" else chance.randrange(1, 256))
    return content[:place] + bytes([changed]) + content[place + 1 :]
