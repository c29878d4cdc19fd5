"""How well keep probabilities agree with a teacher's compressions."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from linguapress.scores import Floats
from linguapress.text import Span
from linguapress.training.corpus import Labelled
from linguapress.training.labels import word_spans

WordScorer = Callable[[Labelled, list[Span]], Floats]


def kept_mask(example: Labelled, words: Sequence[Span]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which words the teacher kept, shape [words]."""
    kept = set(example.kept)
    return np.array([word in kept for word in words], dtype=bool)


def auc(labels: np.ndarray[tuple[int], np.dtype[np.bool_]], scores: Floats) -> float:
    """Area under the ROC curve by ranks, ties counted half (Mann-Whitney U); NaN when only one class occurs."""
    positives, total = int(labels.sum()), len(labels)
    if positives in (0, total):
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * (total - positives)))


def keep_report(examples: Sequence[Labelled], score: WordScorer) -> dict[str, dict[str, float]]:
    """F1 of kept words and AUC, for all examples (key ``all``) and for each source.

    In every passage as many words are kept as the teacher kept there, so precision equals recall and F1 compares rankings.
    """
    hits: dict[str, list[tuple[int, int]]] = defaultdict(list)
    labels: dict[str, list[np.ndarray[tuple[int], np.dtype[np.bool_]]]] = defaultdict(list)
    scores: dict[str, list[Floats]] = defaultdict(list)
    for example in examples:
        words = word_spans(example.text)
        truth, values = kept_mask(example, words), np.asarray(score(example, words), dtype=np.float32)
        top = np.argsort(-values, kind="stable")[: int(truth.sum())]
        for key in ("all", example.source):
            hits[key].append((int(truth[top].sum()), int(truth.sum())))
            labels[key].append(truth)
            scores[key].append(values)
    return {
        key: {
            "passages": len(hits[key]),
            "f1": sum(hit for hit, _ in hits[key]) / max(1, sum(n for _, n in hits[key])),
            "auc": auc(np.concatenate(labels[key]), np.concatenate(scores[key])),
        }
        for key in sorted(hits, key=lambda name: (name != "all", name))
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
