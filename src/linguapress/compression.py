"""The result of a compression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from linguapress.draft import Draft, Stage
from linguapress.text import Passage
from linguapress.unit_scores import UnitScores


@dataclass(frozen=True, slots=True)
class Compression:
    """What is kept, what is not, and what it cost.

    Attributes:
        text: the string to send: the passages' texts, joined by the budget's separator.
        passages: documents of which something is kept, in the order of ``text``.
        dropped: documents of which nothing is kept, in their order.
        tokens_before: tokens of all documents joined, by the budget's counter.
        tokens_after: tokens of ``text``, by the same counter.
        limit: tokens that were allowed.
        stages: what each step removed.
        warnings: sentences for the user: a guard that the budget overruled, a language that no model could read.
        scores: what the method thought of the units of each document, by the index of the document; for those who look.
    """

    text: str
    passages: tuple[Passage, ...]
    dropped: tuple[Passage, ...]
    tokens_before: int
    tokens_after: int
    limit: int
    stages: tuple[Stage, ...] = ()
    warnings: tuple[str, ...] = ()
    scores: Mapping[int, UnitScores] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, documents: Sequence[str], draft: Draft, tokens_before: int, limit: int) -> Compression:
        """The result that a finished draft stands for."""
        kept = {passage.index for passage in draft.passages}
        dropped = tuple(Passage(i, source, ()) for i, source in enumerate(documents) if i not in kept)
        facts = tokens_before, draft.tokens, limit, draft.stages, draft.warnings, draft.scores
        return cls(draft.text, draft.passages, dropped, *facts)

    @property
    def rate(self) -> float:
        """Kept / original tokens, 0..1; 1 when there were none."""
        return self.tokens_after / self.tokens_before if self.tokens_before else 1.0

    @property
    def ratio(self) -> float:
        """Original / kept tokens; infinite when nothing is kept."""
        return self.tokens_before / self.tokens_after if self.tokens_after else float("inf" if self.tokens_before else 1)

    def __str__(self) -> str:
        """The text to send."""
        return self.text

    def __repr__(self) -> str:
        """The measurements and the beginning of the text."""
        start = self.text if len(self.text) <= 60 else f"{self.text[:57]}..."
        total = len(self.passages) + len(self.dropped)
        return (
            f"Compression({self.tokens_before} -> {self.tokens_after} tokens, limit {self.limit}, {self.ratio:.1f}x, "
            f"{len(self.passages)} of {total} passages, {start!r})"
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain lists, numbers and strings, ready for JSON; sources are given as kept spans only.

        An infinite ratio, of which JSON has none, is None.
        """
        passages = [
            {"index": p.index, "text": p.text, "spans": [list(span) for span in p.spans], "score": p.score} for p in self.passages
        ]
        return {
            "text": self.text,
            "passages": passages,
            "dropped": [passage.index for passage in self.dropped],
            "tokens_before": self.tokens_before,
            "tokens_after": self.tokens_after,
            "limit": self.limit,
            "rate": self.rate,
            "ratio": self.ratio if self.tokens_after or not self.tokens_before else None,
            "stages": [stage._asdict() for stage in self.stages],
            "warnings": list(self.warnings),
        }

    def _repr_html_(self) -> str:
        """Kept and dropped text for notebooks, with measurements."""
        from linguapress.page import to_html

        return to_html(self)
