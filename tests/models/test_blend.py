"""Of many sections only those that letters find promising are embedded."""

import random
from dataclasses import replace

import numpy as np
import pytest
from fakes import FakeRelevance
from samples import BRIDGE, OVEN, TABLE

from linguapress import Passage, Units
from linguapress.models.blend import BlendedRelevance
from linguapress.models.embeddings import EmbeddingRelevance
from linguapress.models.encoder import Encoder
from linguapress.models.relevance import relevance_of
from linguapress.models.selector import selector_of
from linguapress.segment import sentences
from linguapress.structure.sections import with_sections

CHANCE = random.Random(7)
WORDS = f"{OVEN} {TABLE} When was this done? It is on a hill. Wells and bridges are rebuilt.".split()
TOWNS = [f"Town {number} has {number * 13} wells. {' '.join(CHANCE.sample(WORDS, 12))}." for number in range(80)]
QUERY = "When was the Lion Bridge built?"
TEXTS = [*TOWNS, BRIDGE]
QUICK = BlendedRelevance(EmbeddingRelevance("mini", "cpu"), least=8, share=0.0)


def rate(relevance, query, texts):
    return relevance.rate(
        query,
        [Passage.whole(i, text) for i, text in enumerate(texts)],
        [with_sections(text, Units(sentences(text))) for text in texts],
    )


@pytest.fixture
def embedded(monkeypatch):
    """Texts of which something is read, in the order in which they are."""
    seen, read = [], Encoder.read

    def noting(self, texts, parts=None):
        seen.extend(text for text, spans in zip(texts, parts or [None] * len(texts), strict=True) if spans is None or len(spans))
        return read(self, texts, parts)

    monkeypatch.setattr(Encoder, "read", noting)
    return seen


def test_the_most_promising_are_rated_as_if_all_were(embedded):
    some = rate(QUICK, QUERY, TEXTS)
    read = [number for number, text in enumerate(TEXTS) if text in embedded]
    every = rate(replace(QUICK, share=1.0), QUERY, TEXTS)
    assert 8 <= len(read) < 40
    assert int(np.argmax(some.passages)) == len(TEXTS) - 1 in read
    assert np.array_equal(some.passages[read], every.passages[read])
    for number in read:
        assert np.array_equal(some.units[number], every.units[number])


def test_the_others_are_not_read_and_come_after_them(embedded):
    letters = rate(QUICK.lexical, QUERY, TEXTS).passages
    found = rate(QUICK, QUERY, TEXTS).passages
    read = [number for number, text in enumerate(TEXTS) if text in embedded]
    rest = [number for number in range(len(TEXTS)) if number not in read]
    assert letters[rest].max() < letters[read].min()
    assert found[rest].max() < found[read].min()


def test_where_letters_tell_nothing_everything_is_read(embedded):
    rate(QUICK, "?!", TEXTS)
    assert set(TEXTS) <= set(embedded)


def test_few_sections_are_all_read(embedded):
    rate(BlendedRelevance(EmbeddingRelevance("mini", "cpu")), QUERY, TEXTS[:40])
    assert set(TEXTS[:40]) <= set(embedded)


def test_a_long_text_is_read_where_it_promises_something():
    text = "\n\n".join([*TOWNS, OVEN, BRIDGE, *(CHANCE.choice(TOWNS).replace("wells", f"wells, {n}") for n in range(200))])
    some, every = rate(QUICK, QUERY, [text]), rate(replace(QUICK, share=1.0), QUERY, [text])
    unit = int(np.argmax(every.units[0]))
    start, end = sentences(text)[unit]
    assert "built" in text[start:end]
    assert int(np.argmax(some.units[0])) == unit
    assert some.units[0][unit] == every.units[0][unit]
    assert (some.units[0] != every.units[0]).mean() > 0.5


def test_another_embedding_reads_everything():
    found = rate(BlendedRelevance(FakeRelevance(), share=0.0, least=1), QUERY, TEXTS)
    assert np.array_equal(found.passages, rate(BlendedRelevance(FakeRelevance(), share=1.0), QUERY, TEXTS).passages)


def test_only_the_embedded_model_goes_by_letters_first():
    assert relevance_of("mini").share < 1
    assert relevance_of("some/embedder", runtime="onnx").share == 1


@pytest.mark.parametrize(("most", "least"), [(20, 96), (200, 200)])
def test_what_is_read_with_the_question_is_embedded(most, least):
    assert selector_of(most=most).first.least == least
