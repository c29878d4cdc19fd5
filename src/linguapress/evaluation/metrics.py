"""What survived, with its uncertainty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import regex

_PUNCTUATION = regex.compile(r"[\p{P}\p{S}]")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]")
_ARTICLE = regex.compile(r"\b(?:a|an|the)\b")


def normal(text: str) -> str:
    """Lower case, no punctuation, no articles, single blanks, as in SQuAD and in lost-in-the-middle."""
    return " ".join(_ARTICLE.sub(" ", _PUNCTUATION.sub(" ", text.lower())).split())


def answer_survives(text: str, answers: Sequence[str]) -> bool:
    """Whether one of the answers, normalised, stands in the normalised text (as whole words, where words are parted by blanks)."""
    hay = f" {normal(text)} "
    dense = hay.replace(" ", "")
    for needle in filter(None, map(normal, answers)):
        if needle.replace(" ", "") in dense if _UNSPACED.search(needle) else f" {needle} " in hay:
            return True
    return False


def share_kept(sentence: str, kept: str) -> float:
    """Share of the words of ``sentence`` that occur in ``kept``, in order."""
    wanted, position, found = normal(sentence).split(), 0, 0
    have = normal(kept).split()
    for word in wanted:
        try:
            position = have.index(word, position) + 1
            found += 1
        except ValueError:
            continue
    return found / len(wanted) if wanted else 1.0


def interval(values: Sequence[float], seed: int = 0, rounds: int = 2000) -> tuple[float, float]:
    """Bootstrap interval of the mean that holds 95 % of resamples."""
    if not len(values):
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    means = rng.choice(np.asarray(values, dtype=float), (rounds, len(values))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def paired_interval(values: Sequence[float], others: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Bootstrap interval of the mean difference ``values - others``; the two belong together pair by pair, and are drawn so."""
    return interval([value - other for value, other in zip(values, others, strict=True)], seed)


def common_run(words: Sequence[str], others: Sequence[str]) -> int:
    """Length of the longest common subsequence; time grows with the product of the two lengths."""
    if not words or not others:
        return 0
    codes: dict[str, int] = {}
    left, right = (np.array([codes.setdefault(word, len(codes)) for word in row]) for row in (words, others))
    best = np.zeros(len(right) + 1, dtype=np.int64)
    for code in left:
        diagonal = np.where(right == code, best[:-1] + 1, 0)
        best[1:] = np.maximum.accumulate(np.maximum(best[1:], diagonal))
    return int(best[-1])


def tokens_of(text: str) -> list[str]:
    """Normalised words; single characters of scripts that write no blanks."""
    return [word for part in normal(text).split() for word in (list(part) if _UNSPACED.search(part) else [part])]


def f1(said: str, answers: Sequence[str]) -> float:
    """Word F1 of an answer with the best of the true ones, as in SQuAD (arXiv 1606.05250, section 6.1); 0..1."""
    return max((_f1(tokens_of(said), tokens_of(answer)) for answer in answers), default=0.0)


def exact(said: str, answers: Sequence[str]) -> float:
    """1 where an answer, normalised, is one of the true ones, else 0."""
    return float(any(normal(said) == normal(answer) for answer in answers))


def _f1(own: Sequence[str], other: Sequence[str]) -> float:
    if not own or not other:
        return float(own == other)
    common = (Counter(own) & Counter(other)).total()
    return 2 * common / (len(own) + len(other))
