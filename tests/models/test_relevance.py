"""Relevance: by letters in every script, by meaning where the embedder can read, and honest where it cannot."""

import numpy as np
import pytest
from fakes import FakeRelevance
from hypothesis import given
from hypothesis import strategies as st
from samples import BRIDGE, CHINESE, OVEN, hostile

from linguapress import Budget, Passage, Units, load
from linguapress.models.embeddings import EmbeddingRelevance
from linguapress.models.lexical import LexicalRelevance
from linguapress.models.relevance import relevance_of
from linguapress.segment import sentences

ARABIC = (
    "بني الجسر عام ١٨٩٤ على يد مارتا هولم. يعبر النهر عند المدينة القديمة. الحمام يعيش تحت الجسر. لون الطلاء أخضر لأنه كان رخيصا."
)
EMBEDDED = EmbeddingRelevance("mini", "cpu")


def rate(relevance, query, *texts):
    passages = [Passage.whole(i, text) for i, text in enumerate(texts)]
    return relevance.rate(query, passages, [Units(sentences(text)) for text in texts])


def best(relevance, query, text):
    start, end = sentences(text)[int(np.argmax(rate(relevance, query, text).units[0]))]
    return text[start:end]


@pytest.mark.parametrize(
    ("query", "text", "answer"),
    [
        ("狮子桥在哪里？托尔维克？", CHINESE, "托尔维克"),
        ("鸽子在哪里筑巢？", CHINESE, "鸽子"),
        ("ما هو لون الطلاء؟", ARABIC, "أخضر"),
        ("أين يعيش الحمام؟", ARABIC, "الحمام"),
        ("When is the loaf done?", OVEN, "hollow"),
        ("Who paid the bequest of Chicago?", BRIDGE, "Chicago"),
    ],
)
@pytest.mark.parametrize("name", ["lexical", "mini"])
def test_the_right_sentence_is_found_in_any_script(name, query, text, answer):
    assert answer in best(relevance_of(name, "cpu"), query, text)


def test_meaning_beats_letters_in_english():
    text = "The vehicle needs petrol every week. She likes cats. The sky was grey."
    assert "petrol" in best(relevance_of("mini", "cpu"), "How often must the car be refuelled?", text)


def test_the_embedder_knows_what_it_cannot_read():
    english, chinese, arabic = rate(EMBEDDED, "Who built the Lion Bridge?", BRIDGE, CHINESE, ARABIC).trust
    assert english > 0.9
    assert max(chinese, arabic) < 0.5


@pytest.mark.parametrize(("query", "text"), [("鸽子在哪里？", CHINESE), ("ما لون الطلاء؟", ARABIC), ("What nests there?", CHINESE)])
def test_a_text_that_cannot_be_read_is_warned_about(query, text):
    out = load(device="cpu").compress([text], query, budget=Budget(rate=0.5))
    assert any("cannot read" in warning for warning in out.warnings)


def test_nothing_is_warned_about_in_english():
    assert not load(device="cpu").compress([BRIDGE, OVEN], "Who built the bridge?", budget=Budget(rate=0.5)).warnings


@pytest.mark.parametrize(
    "relevance", [LexicalRelevance(), EMBEDDED, relevance_of("mini", "cpu"), FakeRelevance()], ids=lambda r: type(r).__name__
)
@given(query=hostile.filter(str.strip), texts=st.lists(hostile, max_size=3))
def test_ratings_are_finite_and_as_many_as_asked_for(relevance, query, texts):
    rating = rate(relevance, query, *texts)
    assert [len(row) for row in rating.units] == [len(sentences(text)) for text in texts]
    assert len(rating.passages) == len(texts)
    assert all(np.isfinite(row).all() for row in (*rating.units, rating.passages))


def test_letters_do_not_care_about_case_or_punctuation():
    first, second = (rate(LexicalRelevance(), query, BRIDGE).units[0] for query in ("Marta Holm", "MARTA, holm!"))
    assert np.array_equal(first, second)


def test_the_relevant_document_comes_first():
    for name in ("lexical", "mini"):
        rating = rate(relevance_of(name, "cpu"), "Who built the Lion Bridge?", OVEN, BRIDGE)
        assert rating.passages[1] > rating.passages[0]
