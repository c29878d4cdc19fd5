"""What our side keeps of a case: with slips of the reference switched on, or as it is shipped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate
from typing import NamedTuple, TypeAlias

import numpy as np

from linguapress.budget import Budget
from linguapress.draft import Draft
from linguapress.evaluation.parity_documents import Case, chosen, counted, rates_of, ratings
from linguapress.evaluation.parity_models import ExactLM, Surprisal
from linguapress.evaluation.parity_slips import Slip, Slips
from linguapress.evaluation.parity_tokens import Ids, Score, Text, kept_tokens, segments_of
from linguapress.guard import Guard
from linguapress.methods.itpc import Plan
from linguapress.methods.likelihood import BREAK
from linguapress.methods.llmlingua import LLMLingua
from linguapress.methods.longllmlingua import LongLLMLingua
from linguapress.scores import Floats, Offsets
from linguapress.segment import words
from linguapress.text import Span

Kept: TypeAlias = frozenset[tuple[int, int]]  # document, and last character in it, of each kept token


class Found(NamedTuple):
    """What one side makes of a case.

    Attributes:
        order: indexes of the documents that are kept, as they are read.
        tokens: of their text.
        kept: tokens of documents; those between two documents are left out.
    """

    order: tuple[int, ...]
    tokens: tuple[int, ...]
    kept: Kept


class Ours:
    """Our methods on one language model."""

    def __init__(self, model: ExactLM) -> None:
        """Takes a model."""
        self.model = model
        self._ratings = cache(self._rated)
        self._count = cache(model.count)
        self._known: dict[tuple[bytes, bytes, bytes], Floats] = {}

    def ratings(self, case: Case, slips: Slips) -> Floats:
        """Relevance of each document, larger = better, shape [documents]."""
        return self._ratings(case, Slip.RANKING in slips)

    def _rated(self, case: Case, slipped: bool) -> Floats:
        slips = {Slip.RANKING} if slipped else frozenset[Slip]()
        return ratings(case, self.model, Surprisal(self.model.loaded), self.model.encode, slips)

    def found(self, case: Case, slips: Slips) -> Found:
        """What the thresholds keep, before the last selection fills the budget."""
        draft = chosen(case, self.ratings(case, slips), self._count, slips)
        starts = starts_of(draft)
        tokens, offsets, score = self._read(draft, slips)
        text = Text.of(tokens, offsets, plan_of(draft, starts, slips), slips)
        places = offsets[:, 1] - 1
        rated = counted(draft, starts, places, rates_of(draft, case, slips), slips)
        mask = kept_tokens(score, text, segments_of(text, case.size, rated, slips), case.size, slips)
        kept = located(draft, places[mask].tolist())
        return Found(tuple(passage.index for passage in draft.passages), tuple(tokens.tolist()), kept)

    def offsets(self, draft: Draft, slips: Slips) -> Offsets:
        """Characters of the tokens of a draft, shape [tokens, 2]."""
        return self._read(draft, slips)[1]

    def _read(self, draft: Draft, slips: Slips) -> tuple[Ids, Offsets, Score]:
        """Tokens of the draft, their characters, and what they are judged by."""
        start = self.model.loaded.start[: Slip.START not in slips]
        tokens, offsets = self.model.cut(draft.text)
        alone = self._surprisal(start)
        if draft.query is None:
            return tokens, offsets, alone
        prefix = self.model.encode(draft.query + BREAK)
        if Slip.GLUED in slips:
            prefix, tokens, offsets = self._glued(draft.query + BREAK, draft.text)
        given = self._surprisal(np.concatenate([start, prefix]))
        return tokens, offsets, lambda context, part: alone(context, part) - given(context, part)

    def _surprisal(self, head: Ids) -> Score:
        """Surprisals behind a head; what was read once is remembered, since most slips leave the first pass as it is."""
        plain, known = Surprisal(self.model.loaded, head), self._known

        def score(context: Ids, tokens: Ids) -> Floats:
            key = (head.tobytes(), context.tobytes(), tokens.tobytes())
            if key not in known:
                known[key] = plain(context, tokens)
            return known[key]

        return score

    def _glued(self, prefix: str, text: str) -> tuple[Ids, Ids, Offsets]:
        tokens, offsets = self.model.cut(prefix + text)
        own = int((offsets[:, 1] <= len(prefix)).sum())
        return tokens[:own], tokens[own:], offsets[own:] - len(prefix)

    def shipped(self, case: Case) -> Kept:
        """What the method itself keeps, in tokens of each document."""
        method = LongLLMLingua(self.model) if case.question else LLMLingua(self.model)
        budget = Budget(tokens=case.target, count=self._count)
        out = method.compress(case.documents, case.question or None, budget=budget)
        kept = []
        for passage in out.passages:
            places = (self.model.cut(passage.source)[1][:, 1] - 1).tolist()
            kept += [(passage.index, at) for at in places if any(start <= at < end for start, end in passage.spans)]
        return frozenset(kept)


def starts_of(draft: Draft) -> list[int]:
    """Where the passages begin in the text of a draft."""
    lengths = (len(passage.text) + len(draft.separator) for passage in draft.passages)
    return list(accumulate(lengths, initial=0))[:-1]


def plan_of(draft: Draft, starts: Sequence[int], slips: Slips) -> Plan:
    """Words of a draft, and which of them are protected."""
    guard = Guard.off() if Slip.GUARD in slips else Guard()
    spans: list[Span] = []
    first: list[bool] = []
    for passage, start in zip(draft.passages, starts, strict=True):
        units = guard.units(passage.text, words)
        spans += [Span(start + a, start + b) for a, b in units.spans]
        first += [number in units.vital for number in range(len(units.spans))]
    return Plan(draft.text, spans, np.ones(len(spans)), np.array(first, dtype=np.bool_))


def located(draft: Draft, places: Iterable[int]) -> Kept:
    """Characters of the text of a draft by document; those between two documents are left out."""
    starts = starts_of(draft)
    found = []
    for at in places:
        number = int(np.searchsorted(starts, at, side="right")) - 1
        passage = draft.passages[number]
        if at - starts[number] < len(passage.text):
            found.append((passage.index, at - starts[number]))
    return frozenset(found)
