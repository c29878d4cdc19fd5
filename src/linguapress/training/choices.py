"""What settings of several trainings may be called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from linguapress.errors import UnknownName

PRECISIONS = ("auto", "bf16", "fp32")
DTYPES = ("float16", "bfloat16", "float32")
OPTIMIZERS = ("muon", "adamw")


def check_choices(settings: Any, known: Mapping[str, tuple[str, ...]]) -> None:
    """Raises: UnknownName: a setting has none of the names that are known for it."""
    for name, choices in known.items():
        if getattr(settings, name) not in choices:
            raise UnknownName(f"unknown {name.replace('_', ' ')} {getattr(settings, name)!r}; choose one of {', '.join(choices)}")


def check_ranges(settings: Any, ranges: Iterable[tuple[str, float, float]]) -> None:
    """Raises: ValueError: a number lies outside its range, both ends of which belong to it."""
    for name, low, high in ranges:
        if not low <= getattr(settings, name) <= high:
            told = "learning rate" if name == "rate" else name
            raise ValueError(f"{told} is {getattr(settings, name):g}; it lies between {low:g} and {high:g}")
