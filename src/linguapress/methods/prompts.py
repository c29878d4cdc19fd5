"""Prompts made of an instruction, demonstrations and a question, shortened under one budget (LLMLingua, section 4.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from linguapress.budget import Budget
from linguapress.compression import Compression
from linguapress.compressor import Compressor
from linguapress.draft import Draft
from linguapress.errors import InvalidDocuments
from linguapress.methods.llmlingua import LLMLingua
from linguapress.methods.segmented import Segmented
from linguapress.segments import Segment
from linguapress.text import Passage


@dataclass(frozen=True, slots=True)
class PromptCompression:
    """What is left of a prompt.

    Attributes:
        instruction: what is kept of it.
        demonstrations: what is kept of those of which something is, in their order in the text.
        question: what is kept of it.
        compression: all of it, with spans and measurements; its documents are the parts of the prompt that are not empty, in order.
    """

    instruction: str
    demonstrations: tuple[str, ...]
    question: str
    compression: Compression

    @property
    def text(self) -> str:
        """The prompt to send."""
        return self.compression.text

    def __str__(self) -> str:
        """The prompt to send."""
        return self.text


def compress_prompt(
    press: Compressor, instruction: str = "", demonstrations: Sequence[str] = (), question: str = "", *, budget: Budget,
    instruction_rate: float = 1.0, question_rate: float = 1.0,
) -> PromptCompression:  # fmt: skip
    """Shortens a prompt so that instruction, demonstrations and question, joined by the budget's separator, fit the budget.

    With ``llmlingua`` and ``longllmlingua`` the parts are read as one text, and what whole demonstrations leave over goes to
    instruction and question; with other methods those two are shortened by themselves.

    Args:
        press: any method.
        instruction: what to do; may be empty.
        demonstrations: worked examples, or documents.
        question: what is asked last; may be empty. It is the query of methods that take one.
        budget: for all of it together.
        instruction_rate: share of the instruction to keep, 0..1; 1 = untouched (0.85 in the paper).
        question_rate: share of the question to keep, 0..1; 1 = untouched (0.9 in the paper).

    Raises:
        InvalidDocuments: ``demonstrations`` is no sequence of strings.
        InvalidBudget: the budget is none, and the method needs one.
        TypeError: instruction or question is no string.
        ValueError: a rate out of range.
    """
    _check(instruction, demonstrations, question, instruction_rate, question_rate)
    parts = [part for part in (instruction, *demonstrations, question) if part]
    rates = {len(parts) - 1: question_rate} if question else {}
    rates |= {0: instruction_rate} if instruction else {}
    own = _Prompted(press, rates) if isinstance(press, LLMLingua) else Segmented(press, lambda p: _whole(p, rates))
    out = own.compress(parts, question, budget=budget)
    kept = {passage.index: passage.text for passage in out.passages}
    middle = tuple(passage.text for passage in out.passages if passage.index not in rates)
    last = kept.get(len(parts) - 1, "") if question else ""
    return PromptCompression(kept.get(0, "") if instruction else "", middle, last, out)


@dataclass(frozen=True)
class _Prompted(Compressor):
    """LLMLingua over documents of which some are no documents, but parts of a prompt with rates of their own."""

    name: ClassVar[str] = "prompt"
    press: LLMLingua
    rates: Mapping[int, float]

    @property
    def models(self) -> tuple[Any, ...]:
        """Those of the method."""
        return self.press.models

    def reduce(self, draft: Draft) -> Draft:
        """All parts under one budget."""
        return self.press.shorten(draft, self.rates)

    @property
    def always(self) -> bool:
        """Demonstrations are put in order even when all of them fit."""
        return self.press.always


def _whole(passage: Passage, rates: Mapping[int, float]) -> Sequence[Segment]:
    rate = rates.get(passage.index)
    if rate is None or not passage.source:
        return ()
    own = Segment(0, len(passage.source))
    return (replace(own, whole=True) if rate == 1 else replace(own, rate=rate),)


def _check(instruction: str, demonstrations: Sequence[str], question: str, instruction_rate: float, question_rate: float) -> None:
    for name, part in (("instruction", instruction), ("question", question)):
        if not isinstance(part, str):
            raise TypeError(f'{name} must be a string, got {part!r}; write "" for none')
    if isinstance(demonstrations, str | bytes) or not all(isinstance(part, str) for part in demonstrations):
        raise InvalidDocuments(f"demonstrations must be a list of strings, got {demonstrations!r:.60}")
    for name, rate in (("instruction_rate", instruction_rate), ("question_rate", question_rate)):
        if not 0 <= rate <= 1:
            raise ValueError(f"{name} is the share of its tokens to keep, between 0 and 1, got {rate!r}")
