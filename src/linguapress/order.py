"""The order in which kept passages are sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

from linguapress.draft import Draft
from linguapress.errors import UnknownName
from linguapress.text import Passage

Order = Literal["original", "relevance", "ends"]


def checked_order(order: str) -> None:
    """Raises unless ``order`` is one of ``original``, ``relevance`` and ``ends``."""
    if order not in get_args(Order):
        raise UnknownName(f"unknown order {order!r}; choose one of {', '.join(get_args(Order))}")


def arranged(draft: Draft, order: Order) -> Draft:
    """The passages in their own order, best first, or with the best at both ends.

    Readers overlook what stands in the middle of a long context ("lost in the middle", arXiv 2307.03172); ``ends`` puts the best
    passage first, the second best last, and so on inwards.
    """
    if order == "original":
        return draft
    ranked = sorted(draft.passages, key=lambda passage: -(passage.score if passage.score is not None else 0.0))
    return replace(draft, passages=tuple(ranked if order == "relevance" else _ends(ranked)))


def _ends(ranked: Sequence[Passage]) -> list[Passage]:
    return [*ranked[::2], *ranked[1::2][::-1]]
