"""What the processes that answer in a comparison share; imports nothing of linguapress, since one of them runs where it is not.

Such a process answers each line on standard input with one JSON line on standard output, after one that says what it is.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

PACKAGES = ("llmlingua", "linguapress", "torch", "transformers", "tokenizers", "numpy")


@contextmanager
def own_output(before: Callable[[], None] = lambda: None) -> Iterator[Callable[..., None]]:
    """Standard output for answers alone: what packages print goes to standard error, and they log nothing.

    Args:
        before: done before each answer.
    """
    logging.disable(logging.WARNING)
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)

        def say(**values: Any) -> None:
            before()
            answers.write(json.dumps(values) + "\n")
            answers.flush()

        yield say


def write_cases(path: Path, cases: list[dict[str, Any]]) -> None:
    """Writes down what will be asked by ``name``."""
    path.write_text("".join(json.dumps(case) + "\n" for case in cases), "utf-8")


def read_cases(path: Path) -> dict[str, dict[str, Any]]:
    """What is asked, by name."""
    return {case["name"]: case for case in map(json.loads, path.read_text("utf-8").splitlines())}


def versions() -> dict[str, str]:
    """Versions of what takes part, by package."""
    found = {"python": sys.version.split()[0]}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


class Clocks(NamedTuple):
    """Seconds on the wall and of the processor."""

    wall: float
    processor: float

    @classmethod
    def now(cls) -> Clocks:
        """What they show when everything that was begun is done."""
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available():
            torch.cuda.synchronize()
        return cls(time.perf_counter(), time.process_time())

    def passed(self) -> list[float]:
        """Both since then."""
        return [after - before for before, after in zip(self, Clocks.now(), strict=True)]


def device_mib() -> list[float]:
    """MiB of a graphics processor that are held, and the most since this was last asked; zeros without one."""
    import torch

    if not torch.cuda.is_available():
        return [0.0, 0.0]
    found = [torch.cuda.memory_allocated() / 2**20, torch.cuda.max_memory_allocated() / 2**20]
    torch.cuda.reset_peak_memory_stats()
    return found


def peak_megabytes() -> float:
    """Most resident memory that this process has held, MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would carry over the peak of the process that started this one
        line = next(line for line in status.read_text("ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def give_back() -> None:
    """Memory that was freed goes back to the system, so that the next peak is that of the next call."""
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):  # glibc
        library.malloc_trim(0)
