"""BM25 as a baseline."""

import sys

import numpy as np
import pytest

from linguapress import Budget, MissingExtra, Passage
from linguapress.evaluation import bm25
from linguapress.evaluation.contenders import contender
from linguapress.segment import sentences
from linguapress.units import Units

DOCUMENTS = ["The tower opened in 1889. Many people visit it.", "", "It rained a lot. The town has a tower.", "..."]


def rate(query, documents=DOCUMENTS):
    passages = [Passage.whole(index, text) for index, text in enumerate(documents)]
    return bm25.BM25Relevance().rate(query, passages, [Units(sentences(passage.text)) for passage in passages])


def test_rare_words_of_the_query_count_most(capfd):
    rating = rate("When was the tower opened?")
    assert [len(row) for row in rating.units] == [2, 0, 2, 1]
    assert rating.units[0][0] > rating.units[2][1] > rating.units[0][1] == 0
    assert np.argmax(rating.passages) == 0
    assert rating.passages[1] == rating.passages[3] == 0
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("query", "documents"), [("the of", DOCUMENTS), ("tower", ["", "."]), ("tower", []), ("zebra", DOCUMENTS)])
def test_nothing_to_go_by_is_no_error(query, documents):
    rating = rate(query, documents)
    assert len(rating.units) == len(documents)
    assert not np.concatenate([np.empty(0), *rating.units, rating.passages]).any()


def test_the_baseline_keeps_the_sentence_that_is_asked_for():
    out = contender("bm25_sentences").compress(DOCUMENTS, "when was the tower opened", budget=Budget(tokens=8))
    assert out.text.strip() == "The tower opened in 1889."


def test_a_missing_library_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "bm25s", None)
    bm25._library.cache_clear()
    with pytest.raises(MissingExtra, match=r"linguapress\[bench\]"):
        rate("tower")
    bm25._library.cache_clear()
