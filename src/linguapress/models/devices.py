"""Where and in which precision a model runs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch

from linguapress.errors import UnknownName


def device_of(name: str) -> torch.device:
    """The device called ``name``; ``"auto"`` takes CUDA, then Apple's MPS, then the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu")
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise UnknownName(f"unknown device {name!r}; use 'auto', 'cpu', 'cuda', 'cuda:0' or 'mps'") from error


def precision_of(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware multiplies it, float32 elsewhere."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    return torch.bfloat16 if device.type == "cpu" and _cpu_has_bf16() else torch.float32


def attention_of(device: torch.device, precision: torch.dtype) -> str | None:
    """The faster attention, None = the default: its fused kernel gains nothing from bfloat16 on a CPU, matrix products do."""
    return "eager" if device.type == "cpu" and precision == torch.bfloat16 else None


@cache
def _cpu_has_bf16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text("ascii", errors="ignore").split("\n\n", 1)[0].split()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
