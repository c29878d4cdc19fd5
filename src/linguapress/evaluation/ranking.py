"""Where a method's own rating puts the gold passage."""

from __future__ import annotations

import numpy as np

from linguapress.compressor import Compressor
from linguapress.evaluation.tasks import Example
from linguapress.methods.llmlingua import LLMLingua
from linguapress.scores import Floats
from linguapress.segment import whole
from linguapress.text import Passage
from linguapress.units import Units


def place(compressor: Compressor, example: Example) -> int | None:
    """Place of the best gold passage among all documents, 1 = first; None where a method rates no passages, or none is gold.

    Ties count against it.
    """
    values = ratings(compressor, example)
    if values is None or not example.gold:
        return None
    gold = list(example.gold)
    others = np.delete(values, gold)
    return 1 + int((others >= values[gold].max()).sum())


def ratings(compressor: Compressor, example: Example) -> Floats | None:
    """What a method's relevance says of each document, larger = more, shape [documents]; None for a method without one."""
    relevance = getattr(compressor, "relevance", None)
    if relevance is None:
        return None
    passages = [Passage.whole(index, document) for index, document in enumerate(example.documents)]
    values = relevance.rate(example.question, passages, [_units(compressor, passage.text) for passage in passages]).passages
    return None if values is None else np.where(np.isnan(values), -np.inf, values)


def _units(compressor: Compressor, text: str) -> Units:
    """What the method has rated, since some relevances rate a passage by its units."""
    return Units(whole(text)) if isinstance(compressor, LLMLingua) else compressor.units(text)
