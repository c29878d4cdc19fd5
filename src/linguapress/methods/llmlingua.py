"""LLMLingua (arXiv 2310.05736): a budget controller, then the surprising words of each segment given what was kept before it.

The controller (Algorithm 1, :mod:`~linguapress.methods.controller`) takes documents, most perplexing first, up to k times their
budget. Algorithm 2 (:mod:`~linguapress.methods.itpc`) then reads what is left, once, and says of every word how far the rates may
fall before its segment's threshold passes it. The query conditions nothing here; it does in ``longllmlingua``.

Departures. A token is judged by its own surprisal, as the paper says (the reference keeps the token *before* a surprising one), and
by the threshold of its own segment. The last selection moves the thresholds of all segments by one common factor until the string
itself, counted by the reader's tokenizer, fills the budget: that costs counts, no further pass of the model. The words are those
that Algorithm 2 keeps, but for the few by which its tokens differ from the reader's. Where the paper's controller stops at the
first document that does not fit, later ones that do still get in. Numbers, negations and structure obey the guard.

Whole words are kept by default. A word counts as much as its most surprising token: it is kept when the paper would keep any of its
tokens, so that a rare name is not lost for its predictable ending, nor a word for the full stop behind it. ``pool="mean"`` is the
other choice: information per token spent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar, get_args

import numpy as np

from linguapress.beginnings import beginnings
from linguapress.compressor import Compressor, rated
from linguapress.draft import Draft
from linguapress.errors import UnknownName
from linguapress.guard import Guard
from linguapress.language import LanguageModel, Reader
from linguapress.methods.controller import Portions, best_sentences, best_whole, reunited
from linguapress.methods.likelihood import Perplexity, ratings_of
from linguapress.methods.surprisal import Pool, checked_pool
from linguapress.methods.surprising_words import Level, Shares, SurprisingWords
from linguapress.order import Order, arranged, checked_order
from linguapress.scores import Rating, Relevance, by_place
from linguapress.segment import whole, words
from linguapress.units import Units

NO_RATES: Mapping[int, float] = MappingProxyType({})


@dataclass(frozen=True)
class LLMLingua(Compressor):
    """Drops what a causal language model foresees.

    Attributes:
        language_model: tells the surprisal of tokens.
        relevance: ranks documents; None = the method's own, which is perplexity.
        guard: what is not torn.
        order: order of the passages in the result.
        level: what is kept or dropped: whole words, or the tokens of the language model (never half a character or number).
        documents: k, how many times their budget whole documents may take before words are dropped; None = all of them.
        sentences: how many times their budget sentences may take after that, the most perplexing first; None = no such stage.
        segment: most tokens in a segment (M).
        pool: what a word's tokens come down to.
    """

    name: ClassVar[str] = "llmlingua"
    language_model: LanguageModel
    relevance: Relevance | None = None
    guard: Guard = field(default_factory=Guard)
    order: Order = "original"
    level: Level = "words"
    documents: float | None = 2.0
    sentences: float | None = None
    segment: int = 100
    pool: Pool = "max"

    def __post_init__(self) -> None:
        """Refuses unknown names, and sizes that leave no room."""
        checked_order(self.order)
        checked_pool(self.pool)
        if self.level not in get_args(Level):
            raise UnknownName(f"unknown level {self.level!r}; choose one of {', '.join(get_args(Level))}")
        if not self.segment >= 1:
            raise ValueError(f"segment is the most tokens read at once, 1 or more, got {self.segment!r}")
        for name, slack in (("documents", self.documents), ("sentences", self.sentences)):
            if slack is not None and not 1 <= slack < math.inf:
                raise ValueError(f"{name} is how many times the budget they may take, 1 or more, or None, got {slack!r}")

    @property
    def always(self) -> bool:
        """Passages are put in order even when all of them fit."""
        return self.order != "original"

    @property
    def models(self) -> tuple[Any, ...]:
        """The language model, and what ranks documents."""
        return (self.language_model, *(() if self.relevance is None else (self.relevance,)))

    def units(self, text: str) -> Units:
        """Words."""
        return self.guard.units(text, words)

    def reduce(self, draft: Draft) -> Draft:
        """All passages are documents."""
        return self.reduce_batch([draft])[0]

    def reduce_batch(self, drafts: Sequence[Draft]) -> list[Draft]:
        """The same for several drafts, whose segments are read side by side."""
        return self.shorten(drafts, [NO_RATES] * len(drafts))

    def shorten(self, drafts: Sequence[Draft], wanted: Sequence[Mapping[int, float]]) -> list[Draft]:
        """Documents by relevance, then words.

        Args:
            drafts: what to shorten.
            wanted: for each draft, and in it for the index of a passage that is no document (an instruction, a question), the
                share of it to keep, 0..1, 1 = untouched; the most important one first.
        """
        coarse = [self._coarse(draft, rates) for draft, rates in zip(drafts, wanted, strict=True)]
        long = [number for number, (draft, _) in enumerate(coarse) if draft.text and draft.tokens > draft.limit]
        done = [draft for draft, _ in coarse]
        for number, fine in zip(long, self._fine([coarse[number] for number in long]), strict=True):
            done[number] = fine
        return done

    def _coarse(self, draft: Draft, wanted: Mapping[int, float]) -> tuple[Draft, Portions]:
        """What whole documents leave, and what its parts may take."""
        draft = draft.having(draft.passages)
        portions = Portions.of(draft, wanted, self.documents)
        if not draft.text or (draft.limit <= 0 and draft.tokens > 0):
            return draft.having(()), portions
        if draft.tokens > draft.limit and portions.short(wanted):
            draft = draft.warning(f"the parts around the documents do not fit {draft.limit} tokens; they were shortened")
        return self.guard.coarse.reported(draft, self._documents(draft, portions)), portions

    def _documents(self, draft: Draft, portions: Portions) -> Draft:
        """The best documents that fit k times their budget, in their final order."""
        documents = draft.having(passage for passage in draft.passages if passage.index not in portions.own)
        tight = draft.tokens > draft.limit
        cut = tight and self.documents is not None and documents.tokens > portions.documents * self.documents
        if not documents.passages or not (cut or self.ranks(tight)):
            kept = documents
        else:
            ranked = self._ranked(documents)
            kept = best_whole(ranked, portions, self.guard) if cut else ranked
        if tight and self.sentences is not None:
            kept = best_sentences(kept, self.language_model, self.guard, int(portions.documents * self.sentences))
        return reunited(draft, arranged(kept, self.order), portions.own)

    def ranks(self, tight: bool) -> bool:
        """Whether documents are ranked even when all of them stay; ``tight`` = words will be dropped."""
        return self.order != "original"

    def _ranked(self, documents: Draft) -> Draft:
        """Documents with their relevance; without a query, one that asks for it takes them in their order."""
        relevance = self.relevance or self.own_relevance(documents.query)
        if documents.query is None and not isinstance(relevance, Perplexity):
            return rated(documents, Rating((), -np.arange(len(documents.passages), dtype=np.float64)))
        rating = relevance.rate(documents.query or "", documents.passages, [Units(whole(p.text)) for p in documents.passages])
        known = replace(rating, passages=ratings_of(rating, len(documents.passages)))
        return rated(documents, known).warning(*rating.warnings)

    def own_relevance(self, query: str | None) -> Relevance:
        """What ranks documents when the caller has named nothing."""
        return Perplexity(self.language_model)

    def _fine(self, rows: Sequence[tuple[Draft, Portions]]) -> list[Draft]:
        """The words that fit; of the first document its beginning, when none does."""
        if not rows:
            return []
        drafts = [draft for draft, _ in rows]
        reader = self.reader([draft.text for draft in drafts], [draft.query for draft in drafts])
        stage = SurprisingWords(self.guard, self.level, self.segment, self.pool)
        shares = [Shares(self._rates(draft, portions), tuple(portions.own)) for draft, portions in rows]
        found = stage.reduce(drafts, reader, shares)
        return [self._never_empty(draft, fine) for draft, fine in zip(drafts, found, strict=True)]

    def _rates(self, draft: Draft, portions: Portions) -> Mapping[int, float]:
        """The rate of every passage."""
        rates = portions.rates(draft)
        documents = draft.having(passage for passage in draft.passages if passage.index not in portions.own)
        return {**rates, **self.rates(documents, rates)}

    def _never_empty(self, draft: Draft, fine: Draft) -> Draft:
        if not fine.text:
            pieces = [self.guard.coarse.units(passage.text, whole) for passage in draft.passages]
            fine = beginnings(draft, pieces, by_place(pieces))
        return self.guard.reported(draft, fine)

    def rates(self, documents: Draft, rates: Mapping[int, float]) -> Mapping[int, float]:
        """The rate of each document, from those that the controller gave; here the same for all."""
        return rates

    def reader(self, texts: Sequence[str], queries: Sequence[str | None]) -> Reader:
        """A reader that tells what a token is worth: its surprisal."""
        return self.language_model.reader(texts)
