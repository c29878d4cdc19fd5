"""BM25 as a baseline: which words of the query does a sentence hold, and how rare are they? Extra ``bench``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np

from linguapress.errors import MissingExtra
from linguapress.scores import Floats, Rating
from linguapress.text import Passage
from linguapress.units import Units


@dataclass(frozen=True)
class BM25Relevance:
    """BM25 of each unit among the units of all passages, and of each passage among the passages.

    The library's defaults: Lucene's form with k1 = 1.5 and b = 0.75, lower-case words of two letters or more, no stemming, without
    English stop words. Scripts without blanks are not cut into words, so that only whole runs match there.
    """

    def rate(self, query: str, passages: Sequence[Passage], units: Sequence[Units]) -> Rating:
        """Rates passages and units, 0 or more; 0 where no word of the query occurs."""
        pairs = zip(passages, units, strict=True)
        texts = [passage.text[start:end] for passage, item in pairs for start, end in item.spans]
        ends = np.cumsum([len(item.spans) for item in units])
        rows = np.split(_scores(query, texts), ends[:-1]) if len(ends) else []
        return Rating(rows, _scores(query, [passage.text for passage in passages]))


def _scores(query: str, texts: Sequence[str]) -> Floats:
    """BM25 of each text among the texts, shape [texts]."""
    asked, *words = _words([query, *texts])
    if not asked or not any(words):  # the library has no index without a word
        return np.zeros(len(texts), dtype=np.float32)
    index = _library().BM25()
    index.index(words, show_progress=False)
    return np.asarray(index.get_scores(asked), dtype=np.float32)


def _words(texts: list[str]) -> list[list[str]]:
    found = _library().tokenize(texts, stopwords="english", return_ids=False, show_progress=False)
    return [[word for word in words if word] for words in found]


@cache
def _library() -> ModuleType:
    try:
        import bm25s
    except ImportError as error:
        raise MissingExtra("bm25s", "bench") from error
    return bm25s  # type: ignore[no-any-return]
