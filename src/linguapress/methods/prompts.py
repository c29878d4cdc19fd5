"""Prompts made of an instruction, demonstrations and a question, shortened under one budget (LLMLingua, section 4.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from linguapress.budget import Budget, takes_budget
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


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt before it is shortened.

    Attributes:
        instruction: what to do; may be empty.
        demonstrations: worked examples; evidence for the question belongs into ``compress``.
        question: what is asked last; may be empty. It is the query of methods that take one.
    """

    instruction: str = ""
    demonstrations: Sequence[str] = ()
    question: str = ""

    def __post_init__(self) -> None:
        """Refuses what is no text.

        Raises:
            InvalidDocuments: ``demonstrations`` is no sequence of strings.
            TypeError: instruction or question is no string.
        """
        for name, part in (("instruction", self.instruction), ("question", self.question)):
            if not isinstance(part, str):
                raise TypeError(f'{name} must be a string, got {part!r}; write "" for none')
        shots = self.demonstrations
        if isinstance(shots, str | bytes) or not (isinstance(shots, Sequence) and all(isinstance(part, str) for part in shots)):
            raise InvalidDocuments(f"demonstrations must be a list of strings, got {shots!r:.60}")

    @property
    def parts(self) -> list[str]:
        """Its parts that are not empty, in order."""
        return [part for part in (self.instruction, *self.demonstrations, self.question) if part]

    def rates(self, instruction: float, question: float) -> dict[int, float]:
        """The rates of the parts that are no demonstrations, by their number in :attr:`parts`; the question first."""
        last = {len(self.parts) - 1: question} if self.question else {}
        return last | ({0: instruction} if self.instruction else {})

    def left(self, compression: Compression) -> PromptCompression:
        """What a compression of the parts leaves of it."""
        own = self.rates(1, 1)
        kept = {passage.index: passage.text for passage in compression.passages}
        middle = tuple(passage.text for passage in compression.passages if passage.index not in own)
        last = kept.get(len(self.parts) - 1, "") if self.question else ""
        return PromptCompression(kept.get(0, "") if self.instruction else "", middle, last, compression)


@takes_budget
def compress_prompt(
    press: Compressor, instruction: str = "", demonstrations: Sequence[str] = (), question: str = "", *, budget: Budget,
    instruction_rate: float = 1.0, question_rate: float = 1.0,
) -> PromptCompression:  # fmt: skip
    """Shortens a prompt so that instruction, demonstrations and question, joined by the budget's separator, fit the budget.

    With ``llmlingua`` and ``longllmlingua`` the parts are read as one text, and what whole demonstrations leave over goes to
    instruction and question; with other methods those two are shortened by themselves. ``lingua`` drops words of demonstrations
    whatever the question, as ``llmlingua2`` does: they show how, and are no evidence.

    Args:
        press: any method.
        instruction: what to do; may be empty.
        demonstrations: worked examples; evidence for the question belongs into ``compress``.
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
    prompt = Prompt(instruction, demonstrations, question)
    return compress_prompts(press, [prompt], budget=budget, instruction_rate=instruction_rate, question_rate=question_rate)[0]


@takes_budget
def compress_prompts(
    press: Compressor, prompts: Sequence[Prompt], *, budget: Budget, instruction_rate: float = 1.0, question_rate: float = 1.0
) -> list[PromptCompression]:
    """:func:`compress_prompt` for several prompts at once.

    ``llmlingua`` and ``longllmlingua`` read them side by side; see :meth:`~linguapress.Compressor.compress_batch`.

    Args:
        press: any method.
        prompts: what to shorten.
        budget: for each prompt.
        instruction_rate: as for one.
        question_rate: as for one.

    Raises:
        InvalidBudget: the budget is none, and the method needs one.
        ValueError: a rate out of range.
    """
    for name, rate in (("instruction_rate", instruction_rate), ("question_rate", question_rate)):
        if not 0 <= rate <= 1:
            raise ValueError(f"{name} is the share of its tokens to keep, between 0 and 1, got {rate!r}")
    rates = [prompt.rates(instruction_rate, question_rate) for prompt in prompts]
    parts, questions = [prompt.parts for prompt in prompts], [prompt.question for prompt in prompts]
    if isinstance(press, LLMLingua):
        found = _Prompted(press, rates).compress_batch(parts, questions, budget=budget)
    else:
        rows, own_way = zip(parts, questions, rates, strict=True), press.for_demonstrations()
        found = [Segmented(own_way, partial(_whole, rates=own)).compress(row, asked, budget=budget) for row, asked, own in rows]
    return [prompt.left(compression) for prompt, compression in zip(prompts, found, strict=True)]


@dataclass(frozen=True)
class _Prompted(Compressor):
    """LLMLingua over documents of which some are no documents, but parts of a prompt with rates of their own."""

    name: ClassVar[str] = "prompt"
    press: LLMLingua
    rates: Sequence[Mapping[int, float]]

    def spares(self, passage: Passage) -> bool:
        """Any: it may be the instruction or the question."""
        return True

    @property
    def models(self) -> tuple[Any, ...]:
        """Those of the method."""
        return self.press.models

    @property
    def always(self) -> bool:
        """Drafts go together with rates, so none is left out."""
        return True

    def reduce(self, draft: Draft) -> Draft:
        """All parts of one prompt under its budget."""
        return self.reduce_batch([draft])[0]

    def reduce_batch(self, drafts: Sequence[Draft]) -> list[Draft]:
        """The same for all prompts."""
        return self.press.shorten(drafts, self.rates)


def _whole(passage: Passage, rates: Mapping[int, float]) -> Sequence[Segment]:
    rate = rates.get(passage.index)
    if rate is None or not passage.source:
        return ()
    own = Segment(0, len(passage.source))
    return (replace(own, whole=True) if rate == 1 else replace(own, rate=rate),)
