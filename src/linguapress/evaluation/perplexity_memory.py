"""What another process holds in memory, at most, beyond what it held at first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linguapress.evaluation.reference import Side

_RESET = "5"  # what the kernel takes for: forget the peak


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of a process on a CPU, memory of the graphics processor where it works on one.

    Attributes:
        process: its number.
        loaded: MiB held when its model was loaded and had read a few words.
        on_device: whether it works on a graphics processor.
    """

    process: int
    loaded: float
    on_device: bool

    @classmethod
    def of(cls, one: Side) -> Memory:
        """That of a side which has just been started."""
        on_device = not one.about["device"].startswith("cpu")
        loaded = one.about["device_mib"][0] if on_device else resident(one.process.pid, "VmRSS")
        return cls(one.process.pid, loaded, on_device)

    def reset(self) -> None:
        """Forgets the peak so far, where the system lets it; a worker on a graphics processor does so itself."""
        file = Path(f"/proc/{self.process}/clear_refs")
        if not self.on_device and file.exists():
            file.write_text(_RESET, "ascii")

    def peak(self, answer: Mapping[str, Any]) -> float:
        """Most MiB since the reset; 0 where the system does not tell."""
        return float(answer["device_mib"][1]) if self.on_device else resident(self.process, "VmHWM")


def resident(process: int, which: str) -> float:
    """``VmRSS`` (now) or ``VmHWM`` (at most) of a process, MiB; 0 where the system does not tell."""
    file = Path(f"/proc/{process}/status")
    found = re.search(rf"{which}:\s*(\d+) kB", file.read_text("ascii", "ignore")) if file.exists() else None
    return int(found.group(1)) / 1024 if found else 0.0
