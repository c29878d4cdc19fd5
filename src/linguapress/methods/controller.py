"""The budget controller of LLMLingua (arXiv 2310.05736, section 4.1, Algorithm 1): what each part of a prompt may take.

Tokens here are those of the reader, who pays for them. Departure: equation 3 gives instruction and question all of what whole
documents leave of k times their budget. Of that only the k-th part is real, since the documents that did stay are still to be
shortened to a k-th; so that much is given, and the sum is the budget.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace

from linguapress.draft import Draft
from linguapress.guard import Guard
from linguapress.language import LanguageModel
from linguapress.methods.likelihood import Perplexity
from linguapress.segment import sentences, whole
from linguapress.select import keep_best


@dataclass(frozen=True, slots=True)
class Portions:
    """What the parts of a prompt may take.

    Attributes:
        limit: tokens of all of it.
        own: by index, the rates of passages that are no documents, such as an instruction (tau_ins, tau_que).
        documents: tokens that remain for the documents (tau_dems times L_dems, equation 2).
        granularity: k, how many times as much whole documents may take; None = all of them stay.
    """

    limit: int
    own: Mapping[int, float]
    documents: float
    granularity: float | None

    @classmethod
    def of(cls, draft: Draft, wanted: Mapping[int, float], granularity: float | None) -> Portions:
        """Divides the limit of a draft; a part that comes first in ``wanted`` is served first when there is not enough.

        What stands between two parts is paid by the later one, so that all are untouched only where they fit together.
        """
        sizes = _sizes(draft, wanted)
        joints = draft.having(p for p in draft.passages if p.index in sizes).tokens - sum(sizes.values())
        room, own = float(draft.limit), {}
        for number, (index, tokens) in enumerate(sizes.items()):
            room = max(0.0, room - max(0, joints) / (len(sizes) - 1)) if number else room
            taken = min(wanted[index] * tokens, room)
            own[index] = min(1.0, taken / tokens)
            room -= taken
        return cls(draft.limit, own, room, granularity)

    def short(self, wanted: Mapping[int, float]) -> bool:
        """Whether some part got less than was wanted."""
        return any(rate < wanted[index] - 1e-9 for index, rate in self.own.items())

    def rates(self, draft: Draft) -> dict[int, float]:
        """The rate of each passage that is left, once what documents leave over has gone to the other parts (equation 3)."""
        sizes = _sizes(draft, self.own)
        documents = max(1, draft.tokens - sum(sizes.values()))
        planned = min(documents, self.documents) if self.granularity is None else documents / self.granularity
        more = max(0.0, self.documents - planned) / max(1, sum(sizes.values()))
        own = {index: min(1.0, rate + more) if rate > 0 else 0.0 for index, rate in self.own.items()}
        left = self.limit - sum(own[index] * tokens for index, tokens in sizes.items())
        rate = min(1.0, max(0.0, left / documents))
        return {passage.index: own.get(passage.index, rate) for passage in draft.passages}


def _sizes(draft: Draft, indexes: Mapping[int, float]) -> dict[int, int]:
    """Tokens of the passages of these indexes, in the order of the indexes."""
    texts = {passage.index: passage.text for passage in draft.passages}
    return {index: max(1, draft.count(texts[index])) for index in indexes if index in texts}


def best_whole(documents: Draft, portions: Portions, guard: Guard) -> Draft:
    """The best whole documents that fit k times their budget, and further ones while less than the budget is used.

    Those that hold what the caller's patterns force come before all others.
    """
    forcing = replace(guard.coarse, structure=False)
    units = [forcing.units(passage.text, whole) for passage in documents.passages]
    scores = [[passage.score or 0.0] * len(item.spans) for passage, item in zip(documents.passages, units, strict=True)]
    room = documents.allowing(int(portions.documents * (portions.granularity or 1)))
    kept = {p.index for p in keep_best(room, units, scores).passages}
    best = iter(sorted((p for p in documents.passages if p.index not in kept), key=lambda p: -(p.score or 0.0)))
    while _only(documents, kept).tokens < portions.documents and (more := next(best, None)):
        kept.add(more.index)
    return _only(documents, kept)


def _only(draft: Draft, indexes: set[int]) -> Draft:
    return draft.having(passage for passage in draft.passages if passage.index in indexes)


def best_sentences(documents: Draft, language_model: LanguageModel, guard: Guard, room: int) -> Draft:
    """The most perplexing sentences that fit the room; all documents as they were when none does."""
    units = [guard.coarse.units(passage.text, sentences) for passage in documents.passages]
    rating = Perplexity(language_model).rate("", documents.passages, units)
    kept = keep_best(documents.allowing(room), units, rating.units).allowing(documents.limit)
    return kept if kept.text else documents


def reunited(draft: Draft, documents: Draft, own: Container[int]) -> Draft:
    """The documents between the parts of the draft that stood before and behind them."""
    first = min((p.index for p in draft.passages if p.index not in own), default=0)
    before = [p for p in draft.passages if p.index in own and p.index < first]
    after = [p for p in draft.passages if p.index in own and p.index >= first]
    return replace(documents, passages=(*before, *documents.passages, *after))
