"""What every method inherits: checking, measuring, the proof of the budget."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from linguapress.beginnings import beginnings
from linguapress.budget import Budget, takes_budget
from linguapress.compression import Compression
from linguapress.counters import remembering
from linguapress.draft import Draft, Stage
from linguapress.errors import InvalidBudget, InvalidDocuments
from linguapress.guard import Guard
from linguapress.notes import Notes, all_notes
from linguapress.prepared import Prepared
from linguapress.recall import forgotten, portions, recalled
from linguapress.repeats import unrepeated
from linguapress.scores import Rating, by_place
from linguapress.segment import sentences, whole, words
from linguapress.select import keep_best
from linguapress.text import Passage, Span
from linguapress.unit_scores import UnitScores
from linguapress.units import Units

_OPEN = Budget()


class Compressor(ABC):
    """Shortens documents to a budget. A method writes :meth:`reduce`; users call :meth:`compress`."""

    name: ClassVar[str] = "compressor"

    @property
    def always(self) -> bool:
        """Whether :meth:`reduce` runs even when everything fits (methods that drop by a threshold, or that reorder)."""
        return False

    def unbudgeted(self) -> Compressor:
        """The compressor that runs when the budget is open; a method that cannot tell how much the query needs has none.

        Raises:
            InvalidBudget: it has none.
        """
        raise InvalidBudget(f"{self.name} needs a budget; write budget=Budget(tokens=500) or budget=Budget(rate=0.3)")

    def spares(self, passage: Passage) -> bool:
        """Whether a blank document does not go first when something has to go; none, unless a caller may ask for it."""
        return False

    def for_demonstrations(self) -> Compressor:
        """The compressor that shortens the worked examples of a prompt: itself, unless it would judge them as evidence."""
        return self

    @property
    def models(self) -> tuple[Any, ...]:
        """What the method measures with; nothing, unless a method says otherwise."""
        return ()

    def units(self, text: str) -> Units:
        """The parts of a text that the models rate; all of it, unless a method says otherwise."""
        return Units(whole(text))

    def notes(self, passages: Sequence[Passage]) -> list[Notes]:
        """What the method's models make of each passage, whatever the query."""
        return all_notes(self.models, passages, [self.units(passage.text) for passage in passages])

    def prepare(self, documents: Sequence[str]) -> list[Prepared]:
        """Records with which :meth:`compress` need not read the documents again, whatever the query.

        They hold for these texts and the models of this compressor. What reads question and passage together cannot be prepared:
        ``query_select`` and ``lingua`` are spared their first look and their words, ``lingua`` with ``effort="low"`` all but the
        question. The records of ``head`` are empty.

        Args:
            documents: texts; never changed.

        Raises:
            InvalidDocuments: ``documents`` is no sequence of strings.
        """
        _check_documents(documents)
        rows = (row for part in portions(documents) for row in self.notes([Passage.whole(*pair) for pair in enumerate(part)]))
        return [Prepared.of(text, row) for text, row in zip(documents, rows, strict=True)]

    @takes_budget
    def compress(
        self, documents: Sequence[str], query: str | None = None, *, budget: Budget = _OPEN,
        prepared: Sequence[Prepared | None] | None = None,
    ) -> Compression:  # fmt: skip
        """Shortens ``documents`` so that the string made of what is kept fits the budget.

        Args:
            documents: texts; never changed.
            query: what the reader will be asked. Blank = None.
            budget: how much may remain; none = as much as the query needs, for methods that can tell.
            prepared: for each document what :meth:`prepare` gave, or None. The result is the same, only sooner. A record of another
                text, model or version is ignored, with a warning.

        Returns:
            What is kept, as spans of the documents, with the measurements. Everything, when everything fits (a method with a
            threshold drops what does not reach it all the same); else blank documents go before anything else does.

        Raises:
            InvalidDocuments: ``documents`` is no sequence of strings.
            InvalidBudget: ``budget`` is no :class:`Budget`, or the method needs one.
            InvalidRecord: ``prepared`` is not one record or None for each document.
            TypeError: ``query`` is no string.
        """
        return self.compress_batch([documents], [query], budget=budget, prepared=[prepared])[0]

    @takes_budget
    def compress_batch(
        self, documents: Sequence[Sequence[str]], queries: Sequence[str | None] | None = None, *, budget: Budget = _OPEN,
        prepared: Sequence[Sequence[Prepared | None] | None] | None = None,
    ) -> list[Compression]:  # fmt: skip
        """:meth:`compress` for several requests at once.

        ``llmlingua`` and ``longllmlingua`` read the segments of all requests side by side, which may save time; other methods take
        one request after another. Results are the same but for what rounding in a batch does to a model's numbers (in bfloat16 a
        few words change places).

        Args:
            documents: the documents of each request.
            queries: the query of each request; None = no queries.
            budget: for each request.
            prepared: the records of each request; None = no records.

        Raises:
            InvalidDocuments: ``documents`` is no sequence of sequences of strings.
            ValueError: queries or records are not one for each request.
            InvalidBudget, InvalidRecord, TypeError: as :meth:`compress`.
        """
        _check_batch(documents, queries, prepared)
        if not isinstance(budget, Budget):
            raise InvalidBudget(f"budget must be a Budget, got {budget!r}; write Budget(tokens=500) or Budget(rate=0.3)")
        asked, records = queries or [None] * len(documents), prepared or [None] * len(documents)
        bare = [draft_of(request, query, budget) for request, query in zip(documents, asked, strict=True)]
        press = self.unbudgeted() if budget.open else self
        before = [draft.tokens for draft in bare]
        limits = [budget.limit(tokens) for tokens in before]
        drafts = [
            recalled(replace(draft, limit=min(limit, tokens)), own, press.models)
            for draft, limit, tokens, own in zip(bare, limits, before, records, strict=True)
        ]
        sizes = zip(drafts, before, limits, strict=True)
        drafts = [_without_blanks(draft, press.spares) if tokens > limit else draft for draft, tokens, limit in sizes]
        long = [number for number, draft in enumerate(drafts) if draft.tokens > limits[number] or press.always]
        for number, draft in zip(long, press.traced_batch([drafts[number] for number in long]), strict=True):
            drafts[number] = _proved(draft.allowing(drafts[number].limit))
        rows = zip(documents, map(forgotten, drafts), before, limits, strict=True)
        return [Compression.of(*row) for row in rows]

    @abstractmethod
    def reduce(self, draft: Draft) -> Draft:
        """A draft that fits ``draft.limit``; the only thing a method must write."""

    def reduce_batch(self, drafts: Sequence[Draft]) -> list[Draft]:
        """:meth:`reduce` for several drafts; one after another, unless a method has a quicker way."""
        return [self.reduce(draft) for draft in drafts]

    def traced_batch(self, drafts: Sequence[Draft]) -> list[Draft]:
        """:meth:`reduce_batch`, with records of what it removed; each draft takes an equal share of the time."""
        before, start = [draft.tokens for draft in drafts], time.perf_counter()
        reduced = self.reduce_batch(drafts)
        milliseconds = (time.perf_counter() - start) * 1000 / max(1, len(drafts))
        stages = [Stage(self.name, tokens, draft.tokens, milliseconds) for tokens, draft in zip(before, reduced, strict=True)]
        return [replace(draft, stages=(*draft.stages, stage)) for draft, stage in zip(reduced, stages, strict=True)]


class UnitCompressor(Compressor):
    """A method that only ranks units: it splits, scores, and keeps the best.

    Attributes:
        distinct: whether units that a better rated one says as well are dropped, as overlapping chunks have them.
    """

    distinct: ClassVar[bool] = False

    def split(self, text: str) -> list[Span]:
        """Units of a text, tiling it: words, unless a method says otherwise."""
        return words(text)

    def units(self, text: str) -> Units:
        """Units of a text that tear nothing guarded."""
        return self.guarded.units(text, self.split)

    @property
    def guarded(self) -> Guard:
        """What selection may not tear; nothing, unless a method says otherwise."""
        return Guard.off()

    @abstractmethod
    def score(self, passages: Sequence[Passage], units: Sequence[Units], query: str | None) -> Rating:
        """One number for each unit of each passage, larger = keep; ``inf`` forces.

        Units are ranges of ``passage.text``; ``passage.source`` is there for context.
        """

    def reduce(self, draft: Draft) -> Draft:
        """Keeps the best units that fit; of the best one its beginning, when none fits."""
        units = [self.units(passage.text) for passage in draft.passages]
        rating = self.score(draft.passages, units, draft.query)
        known, rows = rated(draft, rating, units).warning(*rating.warnings), rating.units
        if self.distinct:
            stay, rows = unrepeated(draft.passages, units, rows)
            units = [item.only(numbers) for item, numbers in zip(units, stay, strict=True)]
        reduced = keep_best(known, units, rows)
        if not reduced.text and draft.limit > 0:
            reduced = beginnings(known, units, rows)
        return self.guarded.reported(known, reduced)


def rated(draft: Draft, rating: Rating, units: Sequence[Units] = ()) -> Draft:
    """The draft, its passages carrying their relevance; the scores of ``units``, where given, go along for those who look."""
    if units:
        rows = zip(draft.passages, units, rating.units, strict=True)
        scores = {passage.index: UnitScores.of(passage, item, row) for passage, item, row in rows}
        draft = replace(draft, scores={**draft.scores, **scores})
    if rating.passages is None:
        return draft
    pairs = zip(draft.passages, rating.passages, strict=True)
    return replace(draft, passages=tuple(replace(passage, score=float(score)) for passage, score in pairs))


def _check_documents(documents: Sequence[str]) -> None:
    if isinstance(documents, str | bytes) or not isinstance(documents, Sequence):
        raise InvalidDocuments(f"documents must be a list of strings, got {_kind(documents)}")
    for index, document in enumerate(documents):
        if not isinstance(document, str):
            raise InvalidDocuments(f"documents must be strings, number {index} is {type(document).__name__}")


def _check_batch(documents: Sequence[Sequence[str]], queries: Sequence[Any] | None, prepared: Sequence[Any] | None) -> None:
    if isinstance(documents, str | bytes) or not isinstance(documents, Sequence):
        raise InvalidDocuments(f"a batch must be a list of lists of strings, got {_kind(documents)}")
    for name, row in (("queries", queries), ("prepared", prepared)):
        if row is not None and (isinstance(row, str) or not isinstance(row, Sequence) or len(row) != len(documents)):
            raise ValueError(f"{name} must be a list with one for each of {len(documents)} requests, or None, got {row!r:.60}")


def _kind(given: object) -> str:
    """What was given in place of a list, and how it becomes one."""
    single = isinstance(given, str | bytes) or not isinstance(given, Iterable)
    return f"{type(given).__name__}; {'wrap a single text in a list' if single else 'write list(...)'}"


def draft_of(documents: Sequence[str], query: str | None, budget: Budget) -> Draft:
    """Documents of which everything is kept; the limit is not known yet.

    Raises:
        InvalidDocuments: what is no list of strings.
        TypeError: a query that is no string.
    """
    _check_documents(documents)
    if not isinstance(query, str | None):
        raise TypeError(f"query must be a string or None, got {query!r}")
    passages = tuple(Passage.whole(index, source) for index, source in enumerate(documents))
    asked = query if query and query.strip() else None
    return Draft(passages, asked, 0, remembering(budget.counter), budget.separator)


def _without_blanks(draft: Draft, spared: Callable[[Passage], bool]) -> Draft:
    """The draft without blank documents, but for those that are spared, with a record of what that saves."""
    kept = draft.having(passage for passage in draft.passages if passage.text.strip() or spared(passage))
    saved = (Stage("blanks", draft.tokens, kept.tokens, 0.0),) if kept.tokens < draft.tokens else ()
    return replace(kept, stages=(*kept.stages, *saved))


def _proved(draft: Draft) -> Draft:
    """The draft if it fits; otherwise its head, sentence by sentence and word by word, and a warning."""
    if draft.tokens <= draft.limit:
        return draft
    for split in (sentences, words):
        units = [Units(split(passage.text)) for passage in draft.passages]
        cut = keep_best(draft, units, by_place(units))
        if cut.tokens <= cut.limit and cut.text:
            return cut.warning("the method overshot the budget; its result was cut")
    return draft.having(()).warning("nothing fits the budget")
