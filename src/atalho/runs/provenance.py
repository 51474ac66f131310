"""Where a result came from: command, versions, machine and settings, so that somebody else can make it again."""

import hashlib
import os
import platform
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Final

import torch

from atalho import system
from atalho.precision import Precision, accelerator, accelerator_name
from atalho.storage.run_records import Fingerprint, Provenance

VERSION: Final = metadata.version("atalho")
_LIBRARIES = ("torch", "numpy", "pillow", "safetensors")


def gather(command: str, seed: int | None, precision: Precision) -> Provenance:
    """What is known when a run starts."""
    return Provenance(
        atalho=VERSION,
        command=command,
        seed=seed,
        precision=str(precision),
        threads=torch.get_num_threads(),
        versions={"python": platform.python_version()} | {name: metadata.version(name) for name in _LIBRARIES},
        machine=machine(),
        started=now(),
    )


def machine() -> dict[str, str | int | float | None]:
    """This machine in a few words: processor, cores, memory in GB, operating system, GPU where there is one."""
    gpu = accelerator()
    memory = system.memory()
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": None if memory is None else round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "gpu": accelerator_name(gpu) if gpu else None,
    }


def fingerprint(precision: Precision, ranks: int = 1) -> Fingerprint:
    """That of this process, as one of `ranks` that train together."""
    return Fingerprint(
        torch=torch.__version__,
        threads=torch.get_num_threads(),
        precision=str(precision),
        instructions=torch.backends.cpu.get_cpu_capability(),
        processor=_processor(),
        ranks=ranks,
    )


def digest(content: bytes) -> str:
    """By which a file is known again."""
    return hashlib.sha256(content).hexdigest()


def now() -> str:
    """The present in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def called_from_python(function: str) -> str:
    """The command to record where a script, not the command line, asked."""
    return f"{function} (Python, {Path(sys.argv[0]).name or 'interactive'})"


def _processor() -> str:
    capabilities = torch.cpu.get_capabilities()
    name = capabilities.get("cpu_name") or platform.processor() or platform.machine()
    extras = [label for key, label in (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512-BF16")) if capabilities.get(key)]
    return f"{name} ({', '.join(extras)})" if extras else str(name)
