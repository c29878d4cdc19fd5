"""How well keep probabilities agree with a teacher's compressions."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from linguapress.jsonl import without_nan
from linguapress.scores import Floats
from linguapress.text import Span
from linguapress.training.corpus import Labelled
from linguapress.training.labels import word_spans

WordScorer = Callable[[Labelled, list[Span]], Floats]
Bools = NDArray[np.bool_]


class KeepFigures(TypedDict):
    """Agreement with a teacher on some passages; ``auc`` is None where the teacher kept all words, or none."""

    passages: int
    f1: float
    auc: float | None


def kept_mask(example: Labelled, words: Sequence[Span]) -> Bools:
    """Which words the teacher kept, shape [words]."""
    kept = set(example.kept)
    return np.array([word in kept for word in words], dtype=bool)


def auc(labels: Bools, scores: Floats) -> float:
    """Area under the ROC curve by ranks, ties counted half (Mann-Whitney U); NaN when only one class occurs."""
    positives, total = int(labels.sum()), len(labels)
    if positives in (0, total):
        return float("nan")
    return float((_ranks(scores)[labels].sum() - positives * (positives + 1) / 2) / (positives * (total - positives)))


def _ranks(values: Floats) -> Floats:
    """Ranks from 1 on, equal values share their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return ranks


def rank_correlation(first: Floats, second: Floats) -> float:
    """Spearman's rho, -1..1, equal values at their mean rank; NaN where all values of one side are equal."""
    a, b = _ranks(first), _ranks(second)
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def keep_report(examples: Sequence[Labelled], score: WordScorer) -> dict[str, KeepFigures]:
    """F1 of kept words and AUC, for all examples (key ``all``) and for each source.

    In every passage as many words are kept as the teacher kept there, so precision equals recall and F1 compares rankings.
    """
    hits: dict[str, list[tuple[int, int]]] = defaultdict(list)
    labels: dict[str, list[Bools]] = defaultdict(list)
    scores: dict[str, list[Floats]] = defaultdict(list)
    for example in examples:
        words = word_spans(example.text)
        truth, values = kept_mask(example, words), np.asarray(score(example, words), dtype=np.float32)
        top = np.argsort(-values, kind="stable")[: int(truth.sum())]
        for key in {"all", example.source}:
            hits[key].append((int(truth[top].sum()), int(truth.sum())))
            labels[key].append(truth)
            scores[key].append(values)
    return {
        key: {
            "passages": len(hits[key]),
            "f1": sum(hit for hit, _ in hits[key]) / max(1, sum(n for _, n in hits[key])),
            "auc": without_nan(auc(np.concatenate(labels[key]), np.concatenate(scores[key]))),
        }
        for key in sorted(hits, key=lambda name: (name != "all", name))
    }


def kept_share(examples: Sequence[Labelled]) -> float:
    """Share of all words that the teacher kept, 0..1."""
    return sum(len(example.kept) for example in examples) / max(1, sum(len(word_spans(example.text)) for example in examples))


def rates_report(examples: Sequence[Labelled], score: WordScorer, rate: float) -> dict[str, Any]:
    """What one threshold for all texts keeps of each source: dense texts keep more than chatter.

    The sample-wise rate that follows from a global threshold (LLMLingua-2, arXiv 2403.12968, section 4.2), next to the teacher's.

    Args:
        examples: whose words are kept or dropped.
        score: keep probabilities of words.
        rate: share of all words that is kept, 0..1.

    Returns:
        ``rate``; ``threshold``, the lowest probability that is kept; ``correlation``, Spearman's over passages between the share
        that is kept and the teacher's, None where one of them does not vary; ``sources``: for ``all`` and each source
        ``passages``, ``kept`` and ``teacher``, shares of the words, ``spread`` and ``teacher_spread``, the standard deviation of
        the share over passages.
    """
    masks = [kept_mask(example, word_spans(example.text)) for example in examples]
    chances = [np.asarray(score(example, word_spans(example.text)), dtype=np.float64) for example in examples]
    order = np.argsort(-np.concatenate([np.zeros(0), *chances]), kind="stable")[: round(rate * sum(map(len, masks)))]
    flat = np.zeros(sum(map(len, masks)), dtype=bool)
    flat[order] = True
    kept = np.split(flat, np.cumsum([len(mask) for mask in masks])[:-1]) if masks else []
    rows = [(len(mask), int(mine.sum()), int(mask.sum())) for mine, mask in zip(kept, masks, strict=True)]
    sources: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for example, row in zip(examples, rows, strict=True):
        if row[0]:
            for key in {"all", example.source}:
                sources[key].append(row)
    words, mine, teachers = np.array(sources["all"], dtype=np.float64).reshape(-1, 3).T
    return {
        "rate": rate,
        "threshold": float(np.concatenate(chances)[order[-1]]) if len(order) else 1.0,
        "correlation": without_nan(rank_correlation(mine / words, teachers / words)),
        "sources": {key: _shares(sources[key]) for key in sorted(sources, key=lambda name: (name != "all", name))},
    }


def _shares(rows: Sequence[tuple[int, int, int]]) -> dict[str, float]:
    """Shares of words and their spread, from rows of (words, kept, kept by the teacher)."""
    words, kept, teachers = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return {
        "passages": len(rows),
        "kept": float(kept.sum() / max(1.0, words.sum())),
        "spread": float(np.std(kept / words)) if len(rows) else 0.0,
        "teacher": float(teachers.sum() / max(1.0, words.sum())),
        "teacher_spread": float(np.std(teachers / words)) if len(rows) else 0.0,
    }


def always_keep_f1(examples: Sequence[Labelled]) -> float:
    """F1 of keeping every word."""
    kept = sum(len(example.kept) for example in examples)
    total = sum(len(word_spans(example.text)) for example in examples)
    return 2 * kept / (kept + total)


def random_words(seed: int = 0) -> WordScorer:
    """Baseline: a random number for each word."""
    rng = random.Random(seed)
    return lambda _, words: np.array([rng.random() for _ in words], dtype=np.float32)


def word_table(train: Sequence[Labelled]) -> WordScorer:
    """Baseline: how often each word was kept in training, smoothed towards the overall share."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for example in train:
        words = word_spans(example.text)
        for word, kept in zip(words, kept_mask(example, words), strict=True):
            entry = counts[example.text[word.start : word.end].casefold()]
            entry[0] += int(kept)
            entry[1] += 1
    share = sum(kept for kept, _ in counts.values()) / max(1, sum(n for _, n in counts.values()))

    def score(example: Labelled, words: list[Span]) -> Floats:
        found = [counts.get(example.text[a:b].casefold(), [0, 0]) for a, b in words]
        return np.array([(kept + 2 * share) / (n + 2) for kept, n in found], dtype=np.float32)

    return score
