"""What is asked of the package ``llmlingua``, and the result that its answer stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from linguapress.compression import Compression
from linguapress.draft import Draft, Stage
from linguapress.evaluation.package_spans import Found, located
from linguapress.evaluation.tables import Row
from linguapress.text import Passage


@dataclass(frozen=True, slots=True)
class Rebuilt(Compression):
    """A result of the package; ``text`` and passages are what was found in the documents, ``tokens_after`` those of ``written``.

    Attributes:
        written: the text as the package wrote it.
        words: of what it wrote; a sign of punctuation and a Han or Kana character are words too.
        missing: of them, those that were not found in the documents.
        forward: milliseconds of its model.
        failed: the error that it stopped with, and kept nothing; else empty.
    """

    written: str = ""
    words: int = 0
    missing: int = 0
    forward: float = 0.0
    failed: str = ""

    @property
    def facts(self) -> Row:
        """What a row tells of it beside the figures."""
        return {"words": self.words, "words_missing": self.missing, "failed": self.failed or None}

    @property
    def times(self) -> Row:
        """Milliseconds for a row: the package's own, without those of finding its words; none where it failed."""
        if self.failed:
            return {"ms": None, "forward_ms": None}
        return {"ms": sum(stage.milliseconds for stage in self.stages), "forward_ms": self.forward}


def written(out: Compression) -> str:
    """What a reader is sent."""
    return out.written if isinstance(out, Rebuilt) else out.text


@dataclass(frozen=True)
class Request:
    """Documents to be shortened, and those around them that stay whole.

    Attributes:
        draft: all of them, with the limit for all of them.
        frame: numbers of those that stay whole; they stand before or after all others.
    """

    draft: Draft
    frame: frozenset[int] = frozenset()

    @cached_property
    def inner(self) -> list[Passage]:
        """What is to be shortened."""
        return [passage for passage in self.draft.passages if passage.index not in self.frame]

    @property
    def target(self) -> int:
        """Tokens that the documents around leave of the limit, 1 at least: 0 would tell the package nothing."""
        around = [passage.source for passage in (*self._around(before=True), *self._around(before=False))]
        return max(1, self.draft.limit - (self.draft.count(self.draft.separator.join(["", *around])) if around else 0))

    def whole(self) -> Rebuilt:
        """Everything, which fits, or of which nothing may be shortened."""
        return self._result(self.draft, self.draft.text)

    def failed(self, method: str, reason: str) -> Rebuilt:
        """Nothing, and why."""
        nothing = self.draft.having(()).warning(f"{method} failed and keeps nothing: {reason}")
        return replace(self._result(nothing, ""), failed=reason)

    def rebuilt(self, method: str, answer: Mapping[str, Any]) -> Rebuilt:
        """What an answer of :mod:`~linguapress.evaluation.package_worker` stands for."""
        found = [located(text, [self.inner[number].source for number in numbers]) for numbers, text in answer["pieces"]]
        head, tail = self._around(before=True), self._around(before=False)
        middle = self._narrowed([numbers for numbers, _ in answer["pieces"]], found)
        parts = [*(passage.source for passage in head), answer["text"], *(passage.source for passage in tail)]
        text = self.draft.separator.join(filter(None, parts))
        words, missing = sum(one.words for one in found), sum(one.missing for one in found)
        stage = Stage(method, self.draft.tokens, self.draft.count(text), 1000 * answer["seconds"])
        kept = replace(self.draft.having([*head, *middle, *tail]), stages=(stage,))
        if missing:
            kept = kept.warning(f"{missing} of {words} words that {method} wrote were not found in the documents")
        return replace(self._result(kept, text), words=words, missing=missing, forward=1000 * answer["forward"])

    def _narrowed(self, orders: Iterable[list[int]], found: Iterable[Found]) -> Iterator[Passage]:
        for numbers, one in zip(orders, found, strict=True):
            for number, spans in zip(numbers, one.spans, strict=True):
                yield self.inner[number].keep(spans)

    def _around(self, before: bool) -> list[Passage]:
        first = self.inner[0].index
        return [passage for passage in self.draft.passages if passage.index in self.frame and (passage.index < first) is before]

    def _result(self, kept: Draft, text: str) -> Rebuilt:
        documents = [passage.source for passage in self.draft.passages]
        out = Rebuilt.of(documents, kept, self.draft.tokens, self.draft.limit)
        assert isinstance(out, Rebuilt), "made by its own class"
        return replace(out, written=text, tokens_after=self.draft.count(text))
