"""What numbers were measured on."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def machine() -> dict[str, Any]:
    """Kind of processor, cores, and what it multiplies."""
    try:
        info = Path("/proc/cpuinfo").read_text("ascii", errors="ignore")
    except OSError:
        info = ""
    model = re.search(r"model name\s*:\s*(.+)", info)
    flags = {flag: flag in info.split() for flag in _FLAGS}
    processor = model.group(1) if model else platform.machine()
    return {"system": platform.system(), "processor": processor, "cores": os.cpu_count(), **flags}


def machine_with_torch() -> dict[str, Any]:
    """:func:`machine`, and how torch computes there in this process."""
    import torch

    from linguapress.models.devices import device_of, precision_of

    device = device_of("auto")
    return machine() | {
        "device": str(device), "precision": str(precision_of(device)).removeprefix("torch."), "threads": torch.get_num_threads(),
        "python": platform.python_version(), "torch": torch.__version__,
    }  # fmt: skip
