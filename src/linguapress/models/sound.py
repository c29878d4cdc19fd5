"""Models whose answers are no numbers: they are told of, and nothing is made of what they say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linguapress.errors import BrokenModel


def broken(name: str, kind: str = "language model") -> str:
    """The sentence about a model whose numbers are none."""
    remedy = "fetch the checkpoint again, or use device='cpu'"
    return f"the {kind} {name!r} answers with NaN: its weights are broken or overflow; {remedy}"


def check_numbers(name: str, kind: str, rows: Iterable[NDArray[Any]]) -> None:
    """Raises: BrokenModel: there is a NaN among the numbers."""
    if any(np.isnan(row).any() for row in rows):
        raise BrokenModel(broken(name, kind))
