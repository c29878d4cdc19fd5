"""Texts in the words of the package ``llmlingua``, and what our ``llmlingua2`` keeps of them under its settings."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from linguapress.budget import Budget
from linguapress.draft import Draft
from linguapress.guard import Guard
from linguapress.methods.llmlingua2 import LLMLingua2
from linguapress.models.windows import ROUND, past_blanks
from linguapress.scores import TokenScores
from linguapress.segment import tile
from linguapress.select import keep_best
from linguapress.text import Span

if TYPE_CHECKING:
    from linguapress.models.weights import Weights

MODELS = ("xlm-roberta-large", "bert-base-multilingual-cased")  # by these parts of a name the reference knows what it reads
_MARK = 0xE000

Kept = NDArray[np.bool_]


class Word(NamedTuple):
    """A word as the reference cuts it.

    Attributes:
        start: its first character in the text.
        spelling: its pieces of the vocabulary, joined.
        scores: keep probabilities of its tokens, 0..1.
        unknown: the same of characters outside the vocabulary that follow before the next word.
    """

    start: int
    spelling: str
    scores: tuple[float, ...]
    unknown: tuple[float, ...] = ()


@dataclass(frozen=True)
class Reading:
    """Float32 weights of a model, and texts in the words of the reference.

    Attributes:
        weights: of a token classifier.
        sentencepiece: whether pieces carry the blank before a word; otherwise "##" marks the inside of one.
    """

    weights: Weights
    sentencepiece: bool

    @classmethod
    def of(cls, folder: Path, slip: bool = False) -> Reading:
        """Loads a model.

        Args:
            folder: its name tells what it reads, as the reference wants it.
            slip: whether texts are framed with unknown tokens.
        """
        from linguapress.models.weights import load_weights

        weights = load_weights(str(folder), "cpu", None, exact=True)
        if slip:
            weights.prefix, weights.suffix = (np.full_like(frame, weights.unknown) for frame in (weights.prefix, weights.suffix))
        return cls(weights, MODELS[0] in folder.name)

    def words(self, text: str) -> list[Word]:
        """A text of one chunk in words of the reference, with probabilities that are not rounded as those of records are."""
        encoding = self.weights.tokenizer.encode(text, add_special_tokens=False)
        starts = past_blanks(text, np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2))[:, 0].tolist()
        found: list[Word] = []
        for token, number, start, score in zip(encoding.tokens, encoding.ids, starts, self._keep(encoding.ids), strict=True):
            word = found[-1] if found else None
            if word and number == self.weights.unknown:
                found[-1] = word._replace(unknown=(*word.unknown, score))
            elif word and not self._begins(token):
                spelling = word.spelling + token.lstrip("▁" if self.sentencepiece else "#")
                found[-1] = word._replace(spelling=spelling, scores=(*word.scores, score))
            else:
                found.append(Word(start, token, (score,)))
        return found

    def _keep(self, ids: Sequence[int]) -> list[float]:
        length = -(-(len(ids) + self.weights.special) // ROUND) * ROUND
        _, keep = self.weights.forward([np.array(ids, dtype=np.int64)], min(length, self.weights.longest))
        return [] if keep is None else [float(value) for value in keep[0][: len(ids)]]

    def _begins(self, token: str) -> bool:
        if self.sentencepiece:
            return token.startswith("▁") or token in string.punctuation
        return not token.startswith("##")


@dataclass(frozen=True)
class Fixed:
    """Keep probabilities that are known beforehand, of one text."""

    scores: TokenScores

    def keep_probabilities(self, texts: Sequence[str], parts: Sequence[Sequence[Span]] | None = None) -> list[TokenScores]:
        """The same for each text."""
        return [self.scores for _ in texts]


class AtMarks(LLMLingua2):
    """Our method on words that are marked, each by a private-use character of its own before it."""

    def split(self, text: str) -> list[Span]:
        """Cuts at the marks."""
        return tile(_places(text), len(text))

    def reduce(self, draft: Draft) -> Draft:
        """Uses the budget to its last token, where the method itself stops at 99 % of it."""
        units = [self.units(passage.text) for passage in draft.passages]
        return keep_best(draft, units, self.score(draft.passages, units, None).units, full=1.0)


def _number(character: str) -> int | None:
    """Which word a mark stands for; None for what is no mark."""
    return ord(character) - _MARK if _MARK <= ord(character) < 0xF900 else None


def _numbers(text: str) -> list[int]:
    return [number for number in map(_number, text) if number is not None]


def limit_of(tokens: int, rate: float) -> int:
    """Tokens that can lie above the reference's threshold: the percentile ``int(100 * (1 - rate) + 1)`` of one number a token."""
    percent = int(100 * max(0, 1 - rate) + 1)
    return tokens - 1 - int((tokens - 1) * percent / 100)


def kept_by_ours(text: str, words: Sequence[Word], tokens: Sequence[int], rate: float) -> Kept:
    """Which words ours keeps, shape [words].

    Args:
        text: without private-use characters.
        words: of it.
        tokens: that the reference counts for each.
        rate: of them to keep, 0..1.
    """
    bounds = [0, *(word.start for word in words[1:]), len(text)]
    marked = "".join(chr(_MARK + number) + text[slice(*ends)] for number, ends in enumerate(pairwise(bounds)))
    scores = [(place, score) for word, place in zip(words, _places(marked), strict=True) for score in (*word.scores, *word.unknown)]
    offsets = np.array([(place, place + 1) for place, _ in scores], dtype=np.int64)
    keep = Fixed(TokenScores(offsets, np.array([score for _, score in scores])))
    budget = Budget(tokens=limit_of(sum(tokens), rate), count=lambda part: sum(tokens[number] for number in _numbers(part)))
    out = AtMarks(keep, guard=Guard.off()).compress([marked], budget=budget)
    return np.isin(np.arange(len(words)), _numbers(out.text))


def _places(marked: str) -> list[int]:
    return [place for place, character in enumerate(marked) if _number(character) is not None]
