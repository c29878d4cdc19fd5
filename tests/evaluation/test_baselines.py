"""Plain baselines, and those of other frameworks, under our budgets."""

import builtins
import sys

import numpy as np
import pytest

from linguapress import Budget
from linguapress.evaluation import contenders
from linguapress.evaluation.frameworks import LangChainFilter, LlamaIndexOptimizer, NotInstalled
from linguapress.evaluation.plain import AloneRelevance, Indifferent, RandomTies
from linguapress.scores import Rating
from linguapress.segment import sentences
from linguapress.text import Passage
from linguapress.units import Units

DOCUMENTS = (
    "Trout live in the lake. Fishing is not allowed there. Permits cost twelve euros.",
    "The Eiffel tower opened in 1889. It stands in Paris. Millions of people visit the tower.",
    "Bread is baked in an oven. The dough rises first. It smells good.",
)
QUERY = "When did the Eiffel tower open?"


def parts(*documents):
    passages = [Passage.whole(index, text) for index, text in enumerate(documents)]
    return passages, [Units(sentences(text)) for text in documents]


class Fixed:
    def __init__(self, *rows):
        self.rows = rows

    def rate(self, query, passages, units):
        return Rating([np.array(row, dtype=np.float32) for row in self.rows], None)


def test_ties_are_broken_by_chance_that_the_seed_decides():
    def order(seed, query="q"):
        rating = RandomTies(Fixed([1, 0, 0, 0, 0, 0, 2]), seed).rate(query, *parts("x"))
        return np.argsort(-rating.units[0]).tolist()

    assert order(0) == order(0)
    assert len({tuple(order(seed)) for seed in range(8)}) > 4
    assert order(0) != order(0, "another")
    assert all(order(seed)[:2] == [6, 0] for seed in range(8))


def test_units_without_any_difference_are_drawn():
    rating = RandomTies(Indifferent()).rate("q", *parts(*DOCUMENTS))
    values = np.concatenate(rating.units)
    assert len(set(values)) == len(values) == 9


def test_a_sentence_alone_is_embedded_without_its_neighbours():
    (one,), (two,) = (AloneRelevance().rate(QUERY, *parts(text)).units for text in (DOCUMENTS[1], f"Rain. {DOCUMENTS[1]}"))
    assert one == pytest.approx(two[1:], abs=2e-3)
    assert int(np.argmax(one)) == 0


@pytest.fixture
def langchain():
    pytest.importorskip("langchain_classic")
    if not all(map(contenders.find_spec, contenders.NEEDED[LangChainFilter.name])):
        pytest.skip("langchain-community is not installed")


@pytest.mark.parametrize("name", [LangChainFilter.name, LlamaIndexOptimizer.name])
def test_other_frameworks_keep_the_budget_and_what_answers(name, request):
    request.getfixturevalue("langchain") if name == LangChainFilter.name else pytest.importorskip("llama_index.core")
    press = contenders.contender(name)
    for rate in (0.4, 0.7, 1.0):
        out = press.compress(DOCUMENTS, QUERY, budget=Budget(rate=rate))
        assert out.tokens_after <= out.limit
        assert "1889" in out.text
    assert name in contenders.names()


def test_the_filter_keeps_whole_documents(langchain):
    out = LangChainFilter().compress(DOCUMENTS, QUERY, budget=Budget(rate=0.75))
    assert len(out.passages) == 2
    assert all(passage.text == passage.source for passage in out.passages)


def test_the_optimizer_keeps_sentences_in_their_order_and_none_twice():
    pytest.importorskip("llama_index.core")
    out = LlamaIndexOptimizer().compress(DOCUMENTS, QUERY, budget=Budget(rate=0.6))
    assert out.passages
    for passage in out.passages:
        borders = [start for start, _ in sentences(passage.source)] + [len(passage.source)]
        assert all(start in borders and end in borders for start, end in passage.spans)


@pytest.mark.parametrize(
    ("press", "package"), [(LangChainFilter(), "langchain-community"), (LlamaIndexOptimizer(), "llama-index-core")]
)
def test_what_is_not_installed_is_named(monkeypatch, press, package):
    known = builtins.__import__

    def without(name, *rest):
        if name.split(".")[0] in ("langchain_classic", "langchain_community", "llama_index"):
            raise ImportError(name)
        return known(name, *rest)

    for name in [name for name in sys.modules if name.split(".")[0] in ("langchain_community", "langchain_classic")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(NotInstalled, match=f"which is not installed; run: pip install.*{package}"):
        press.compress(DOCUMENTS, QUERY, budget=Budget(rate=0.5))


def test_without_the_packages_their_baselines_are_left_out(monkeypatch):
    monkeypatch.setattr(contenders, "find_spec", lambda name: None)
    assert not {LangChainFilter.name, LlamaIndexOptimizer.name} & set(contenders.names())
    assert "bm25_sentences" in contenders.names()
