"""Items a few at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in order, ``size`` at a time.

    Raises:
        ValueError: no item at a time.
    """
    if size < 1:
        raise ValueError(f"batch_size is {size}; give at least 1")
    return (items[at : at + size] for at in range(0, len(items), size))


def in_company(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Batches in which every item has another beside it, whose memory is the wrong one; a lone item is all that there is.

    Args:
        items: in order.
        size: of a batch; at least 2 are taken, and a last one that would be alone joins the batch before it.
    """
    size = max(2, size)
    starts = [at for at in range(0, len(items), size) if at == 0 or at < len(items) - 1]
    return (items[at:end] for at, end in pairwise([*starts, len(items)]))
