"""What a selector sees in a step: a question with passages that answer it and passages that seem to, as tensors.

Passages are cropped at random places to one length a group, right and wrong ones alike, so that the way in which a source cuts its
passages tells nothing.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import regex
import torch
from torch import Tensor

from linguapress.scores import unit_of
from linguapress.text import Span
from linguapress.training.questions import Candidate, Question

_WORD = regex.compile(r"\S+\s*")
ALONE = frozenset(("labelled", "reddit", "amazon"))  # sources whose questions come with one passage each
MIX: Mapping[str, float] = MappingProxyType({
    "asked": 0.30, "nq": 0.224, "wiki": 0.21, "covid": 0.035, "multihop": 0.035, "meetings": 0.028, "pubmed": 0.028,
    "labelled": 0.112, "reddit": 0.014, "amazon": 0.014,
})  # fmt: skip


Mined = tuple[Question, Sequence[Candidate]]  # a question with its mined negatives, the closest first


@dataclass(frozen=True, slots=True)
class Pair:
    """A question with one candidate."""

    question: str
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Group:
    """Pairs that are read in one go.

    Attributes:
        pairs: the pairs.
        ranked: whether they share a question, and are ranked against each other.
        spare: wrong pairs too many; those that the model finds least relevant go.
    """

    pairs: tuple[Pair, ...]
    ranked: bool
    spare: int = 0

    def hardest(self, relevance: Sequence[float]) -> Group:
        """The group without its spare pairs, the least relevant of the wrong ones.

        Args:
            relevance: of each pair.
        """
        wrong = [place for place, pair in enumerate(self.pairs) if not pair.candidate.relevant]
        easiest = sorted(wrong, key=lambda place: relevance[place])[: self.spare]
        return Group(tuple(pair for place, pair in enumerate(self.pairs) if place not in easiest), self.ranked)


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of a group, padded: [pairs, tokens].

    Attributes:
        ranked: as in :class:`Group`.
        ids: token ids.
        mask: 1 for tokens, 0 for padding.
        types: token types.
        inside: true for tokens of the passage.
        relevant: which pairs are relevant, [pairs].
        need: 1 for tokens of needed sentences.
        weight: how much each token's need counts.
        answer: true for tokens of answers.
    """

    ranked: bool
    ids: Tensor
    mask: Tensor
    types: Tensor
    inside: Tensor
    relevant: Tensor
    need: Tensor
    weight: Tensor
    answer: Tensor


@dataclass(frozen=True, slots=True)
class Draws:
    """Draws groups at random. What a step draws depends on the seed and the step alone, so a run can go on anywhere.

    Attributes:
        questions: by source.
        mix: share of the groups by source.
        groups: groups a step.
        width: passages in a group.
        hardness: how soon the chance of a mined negative falls with its place.
        seed: of the draws.
        spare: how many times as many negatives are drawn as have room in a group; see :class:`Group`.
    """

    questions: Mapping[str, Sequence[Mined]]
    mix: Mapping[str, float]
    groups: int
    width: int
    hardness: float
    seed: int
    spare: float = 1.0

    def of_step(self, step: int) -> list[Group]:
        """The groups of a step."""
        rng = random.Random(f"{self.seed}:{step}")
        sources = [source for source in self.mix if self.questions.get(source)]
        drawn = rng.choices(sources, [self.mix[source] for source in sources], k=self.groups)
        return [self._alone(source, rng) if source in ALONE else self._ranked(source, rng) for source in drawn]

    def _alone(self, source: str, rng: random.Random) -> Group:
        drawn = [rng.choice(self.questions[source])[0] for _ in range(self.width)]
        return Group(tuple(Pair(q.text, _varied(q.candidates[0], None, rng)) for q in drawn), ranked=False)

    def _ranked(self, source: str, rng: random.Random) -> Group:
        question, mined = rng.choice(self.questions[source])
        relevant = [c for c in question.candidates if c.relevant]
        wrong = [c for c in question.candidates if not c.relevant]
        taken = rng.sample(relevant, min(len(relevant), 2))
        room = round(self.spare * (self.width - len(taken)))
        near = rng.sample(wrong, min(room, len(wrong)))
        near += _harder(mined, room - len(near), self.hardness, rng)
        if not any(c.needed for c in taken):  # otherwise such questions would teach that nothing is ever needed
            near = [replace(c, certain=False) for c in near]
        text = question.text.rstrip(" ?") if rng.random() < 0.5 else question.text
        size = rng.randint(40, 110) if rng.random() < 0.8 else None
        pairs = tuple(Pair(text, _varied(c, size, rng)) for c in (*taken, *near))
        return Group(pairs, ranked=True, spare=max(0, len(pairs) - self.width))


def by_source(questions: Sequence[Question], mined: Sequence[Sequence[Candidate]]) -> dict[str, list[Mined]]:
    """Questions with their negatives by the first part of the name of their source."""
    found: dict[str, list[Mined]] = {}
    for question, negatives in zip(questions, mined, strict=True):
        found.setdefault(question.source.split("-")[0], []).append((question, negatives))
    return found


def _harder(mined: Sequence[Candidate], count: int, hardness: float, rng: random.Random) -> list[Candidate]:
    """A sample without repetition; the candidate in place k weighs ``exp(-hardness * k)``."""
    keys = [np.log(-np.log(rng.random())) + hardness * place for place in range(len(mined))]  # Efraimidis & Spirakis, 2006
    return [mined[place] for place in sorted(range(len(mined)), key=keys.__getitem__)[:count]]


def _varied(candidate: Candidate, size: int | None, rng: random.Random) -> Candidate:
    if size is not None:
        candidate = cropped(candidate, size, rng)
    return replace(candidate, title="") if candidate.title and rng.random() < 0.1 else candidate


def cropped(candidate: Candidate, size: int, rng: random.Random) -> Candidate:
    """A run of ``size`` words of a passage, cut anywhere, that holds its answer; the passage, where that cannot be."""
    words = [Span(*match.span()) for match in _WORD.finditer(candidate.body)]
    spots = [spot for spot in candidate.answers[:1] or candidate.needed if candidate.body[spot.start : spot.end].strip()]
    if len(words) <= size or (candidate.relevant and not spots):
        return candidate
    low, high = 0, len(words) - size
    if spots:
        first = next(i for i, word in enumerate(words) if word.end > spots[0].start)
        last = max(i for i, word in enumerate(words) if word.start < spots[-1].end)
        low, high = max(low, last - size + 1), min(high, first)
    if low > high:
        return candidate
    start = rng.randint(low, high)
    begin, end = words[start].start, words[start + size - 1].end
    return replace(
        candidate, body=candidate.body[begin:end], needed=_shifted(candidate.needed, begin, end),
        answers=_shifted(candidate.answers, begin, end),
    )  # fmt: skip


def _shifted(spans: Sequence[Span], begin: int, end: int) -> tuple[Span, ...]:
    return tuple(Span(max(a, begin) - begin, min(b, end) - begin) for a, b in spans if a < end and b > begin)


def collate(group: Group, tokenizer: Any, window: int, device: str) -> Batch:
    """Tensors of a group; passages are cut so that a pair has at most ``window`` tokens."""
    encoded = tokenizer(
        [pair.question for pair in group.pairs], [pair.candidate.text for pair in group.pairs], truncation=True,
        max_length=window, padding=True, pad_to_multiple_of=8, return_offsets_mapping=True, return_token_type_ids=True,
    )  # fmt: skip
    offsets = np.array(encoded["offset_mapping"])
    inside = np.array([[part == 1 for part in encoded.sequence_ids(row)] for row in range(len(group.pairs))])
    inside &= offsets[..., 1] > offsets[..., 0]
    rows = [_targets(pair.candidate, offsets[i], inside[i], group.ranked) for i, pair in enumerate(group.pairs)]
    arrays = (
        *(np.array(encoded[key]) for key in ("input_ids", "attention_mask", "token_type_ids")), inside,
        np.array([pair.candidate.relevant for pair in group.pairs]), *(np.stack(column) for column in zip(*rows, strict=True)),
    )  # fmt: skip
    return Batch(group.ranked, *(torch.from_numpy(array).to(device) for array in arrays))


def _targets(candidate: Candidate, offsets: Any, inside: Any, ranked: bool) -> tuple[Any, Any, Any]:
    """Need, its weight and answer of each token; the title is part of no sentence."""
    shift = len(candidate.text) - len(candidate.body)
    body = inside & (offsets[:, 0] >= shift)
    places = np.where(body[:, None], offsets - shift, 0)
    need = body & (unit_of(places, candidate.needed) >= 0)
    answer = body & (unit_of(places, candidate.answers) >= 0)
    doubtful = 0.2 if candidate.needed else 0.0  # whoever marked the answer did not say that nothing else is needed
    others = (0.4 if ranked else 1.0) if candidate.certain else doubtful
    weight = np.where(need, 1.0, others) * body
    return need.astype(np.float32), weight.astype(np.float32), answer
