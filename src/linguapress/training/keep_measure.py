"""How well a checkpoint keeps, on the dev parts of data sets; any keep model will do, whoever trained it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from linguapress.errors import ModelNotFound
from linguapress.models.encoder import Encoder
from linguapress.scores import Floats, TokenScores
from linguapress.text import Span
from linguapress.training.corpus import Labelled
from linguapress.training.labels import word_spans
from linguapress.training.metrics import WordScorer, keep_report, kept_share, rates_report

_AT_ONCE = 64  # texts; their hidden states lie in memory until their words are pooled


def word_chances(model: str, texts: Sequence[str], device: str = "auto", empty: float = 0.0) -> list[Floats]:
    """Keep probability of each word of each text, 0..1; ``empty`` for a word without tokens.

    Raises:
        ModelNotFound: the model cannot be loaded, or has no label that means keep.
    """
    encoder = Encoder(model, device)
    if encoder.loaded.keep is None:
        raise ModelNotFound(f"{model!r} is no token classifier; name a folder that `linguapress train keep` has written")
    result: list[Floats] = []
    for at in range(0, len(texts), _AT_ONCE):
        batch = texts[at : at + _AT_ONCE]
        readings = encoder.read(batch)
        encoder.forget()
        result += [TokenScores(r.offsets, r.keep).pool(word_spans(text), empty) for r, text in zip(readings, batch, strict=True)]
    return result


def scorer(model: str, examples: Sequence[Labelled], device: str = "auto") -> WordScorer:
    """Scores the words of the given examples, which are read once, now."""
    texts = list(dict.fromkeys(example.text for example in examples))
    known = dict(zip(texts, word_chances(model, texts, device), strict=True))

    def score(example: Labelled, words: list[Span]) -> Floats:
        return known[example.text]

    return score


def measure(sets: Mapping[str, Sequence[Labelled]], score: WordScorer, rate: float | None = None) -> dict[str, Any]:
    """F1 and AUC on all sets (``dev``), on each (``sets``), and what one threshold keeps of each source (``rates``).

    Args:
        sets: dev examples by the name of their set.
        score: keep probabilities of words.
        rate: share of all words that the threshold keeps, 0..1; None = the teacher's own.
    """
    every = [example for examples in sets.values() for example in examples]
    return {
        "dev": keep_report(every, score),
        "sets": {name: keep_report(examples, score) for name, examples in sets.items()},
        "rates": rates_report(every, score, kept_share(every) if rate is None else rate),
    }
