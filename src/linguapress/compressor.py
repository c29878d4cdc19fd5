"""What every method inherits: checking, measuring, the proof of the budget; and chains."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from linguapress.budget import Budget
from linguapress.compression import Compression
from linguapress.counters import remembering
from linguapress.draft import Draft, Stage
from linguapress.errors import InvalidBudget, InvalidDocuments
from linguapress.guard import Guard
from linguapress.notes import Notes, all_notes, joined
from linguapress.prepared import Prepared
from linguapress.recall import forgotten, portions, recalled
from linguapress.scores import Rating, by_place, unit_of
from linguapress.segment import sentences, whole, words
from linguapress.select import Rows, keep_best
from linguapress.text import Passage, Span
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
            threshold drops what does not reach it all the same).

        Raises:
            InvalidDocuments: ``documents`` is no sequence of strings.
            InvalidBudget: ``budget`` is no :class:`Budget`, or the method needs one.
            InvalidRecord: ``prepared`` is not one record or None for each document.
            TypeError: ``query`` is no string.
        """
        bare = _draft(documents, query, budget)
        press = self.unbudgeted() if budget.open else self
        before = bare.tokens
        limit = budget.limit(before)
        draft = recalled(replace(bare, limit=min(limit, before)), prepared, press.models)
        if before > limit or press.always:
            draft = _proved(press.traced(draft).allowing(draft.limit))
        return Compression.of(documents, forgotten(draft), before, limit)

    @abstractmethod
    def reduce(self, draft: Draft) -> Draft:
        """A draft that fits ``draft.limit``; the only thing a method must write."""

    def traced(self, draft: Draft) -> Draft:
        """:meth:`reduce`, with a record of what it removed."""
        before, start = draft.tokens, time.perf_counter()
        reduced = self.reduce(draft)
        stage = Stage(self.name, before, reduced.tokens, (time.perf_counter() - start) * 1000)
        return replace(reduced, stages=(*reduced.stages, stage))


class UnitCompressor(Compressor):
    """A method that only ranks units: it splits, scores, and keeps the best."""

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
        known = rated(draft, rating).warning(*rating.warnings)
        reduced = keep_best(known, units, rating.units)
        if not reduced.text and draft.limit > 0:
            reduced = beginnings(known, units, rating.units)
        return self.guarded.reported(known, reduced)


def rated(draft: Draft, rating: Rating) -> Draft:
    """The draft, its passages carrying their relevance."""
    if rating.passages is None:
        return draft
    pairs = zip(draft.passages, rating.passages, strict=True)
    return replace(draft, passages=tuple(replace(passage, score=float(score)) for passage, score in pairs))


def beginnings(draft: Draft, units: Sequence[Units], scores: Rows) -> Draft:
    """Words of the best units, when no whole unit fits."""
    finer = [words(passage.text) for passage in draft.passages]
    owners = [unit_of(np.array(spans, dtype=np.int64).reshape(-1, 2), item.spans) for spans, item in zip(finer, units, strict=True)]
    values = [np.asarray([*row, -np.inf])[owner] for row, owner in zip(scores, owners, strict=True)]
    cut = keep_best(draft, finer, values)
    return cut.warning(f"no whole unit fits {draft.limit} tokens; the beginning of the best one was kept") if cut.text else cut


@dataclass(frozen=True)
class Chain(Compressor):
    """Compressors one after another; each but the last gets more room than the limit.

    Attributes:
        steps: compressors, coarse to fine.
        slack: for each step, how many times the limit it may leave; the last must be 1. Empty = 1 for each.
    """

    name: ClassVar[str] = "chain"
    steps: tuple[Compressor, ...]
    slack: tuple[float, ...] = field(default=())

    def __init__(self, *steps: Compressor, slack: Sequence[float] = ()) -> None:
        """Chains ``steps``; a chain is a compressor itself."""
        if not steps:
            raise ValueError("a chain needs at least one compressor as a step")
        if slack and (len(slack) != len(steps) or slack[-1] != 1 or min(slack) < 1):
            raise ValueError(f"slack needs one number of 1 or more for each of {len(steps)} steps, the last 1; got {tuple(slack)}")
        object.__setattr__(self, "steps", tuple(steps))
        object.__setattr__(self, "slack", tuple(slack) or (1.0,) * len(steps))

    @property
    def models(self) -> tuple[Any, ...]:
        """Those of all steps."""
        return tuple(model for step in self.steps for model in step.models)

    def notes(self, passages: Sequence[Passage]) -> list[Notes]:
        """Those of all steps."""
        return joined([step.notes(passages) for step in self.steps])

    def reduce(self, draft: Draft) -> Draft:
        """Reduces in turn; a step is skipped when the draft already fits its room."""
        limit = draft.limit
        for step, slack in zip(self.steps, self.slack, strict=True):
            room = draft.allowing(int(limit * slack))
            draft = step.traced(room).allowing(limit) if step.always or room.tokens > room.limit else draft
        return draft

    def traced(self, draft: Draft) -> Draft:
        """The steps keep records of their own."""
        return self.reduce(draft)


def _check_documents(documents: Sequence[str]) -> None:
    if isinstance(documents, str | bytes) or not isinstance(documents, Sequence):
        raise InvalidDocuments(f"documents must be a list of strings, got {type(documents).__name__}; wrap a single text in a list")
    for index, document in enumerate(documents):
        if not isinstance(document, str):
            raise InvalidDocuments(f"documents must be strings, number {index} is {type(document).__name__}")


def _draft(documents: Sequence[str], query: str | None, budget: Budget) -> Draft:
    _check_documents(documents)
    if not isinstance(budget, Budget):
        raise InvalidBudget(f"budget must be a Budget, got {budget!r}; write Budget(tokens=500) or Budget(rate=0.3)")
    if not isinstance(query, str | None):
        raise TypeError(f"query must be a string or None, got {query!r}")
    passages = tuple(Passage.whole(index, source) for index, source in enumerate(documents))
    asked = query if query and query.strip() else None
    return Draft(passages, asked, 0, remembering(budget.counter), budget.separator)


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
