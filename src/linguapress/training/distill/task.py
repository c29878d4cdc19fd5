"""What a teacher is asked to do with each text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """The words around a text, and how long an answer to expect.

    Attributes:
        version: part of every key in the ledger; another word in the question, another version. No two tasks share one.
        system: the message that comes first.
        request: the message about a text.
        answer_share: tokens of an answer for each token of the text.
        answer_tokens: tokens of an answer, whatever the text.
    """

    version: str
    system: str
    request: Callable[[str], str]
    answer_share: float = 0.0
    answer_tokens: int = 0
