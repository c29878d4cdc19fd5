"""Hard negatives: close, never the answer, the closest first."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguapress.models.encoder import Encoder
from linguapress.training.negatives import embedded, mine, pool
from linguapress.training.questions import Candidate, Question, answering

GOLD = "Marta Holm built the bridge at Torvik in 1894."


def question(answers=("Marta Holm",), mined=True, gold=GOLD):
    return Question("nq", "Who built the bridge?", (answering("Bridge", gold, answers or [gold]),), tuple(answers), mined)


def found(asked, bodies, closeness=None, most=10, title=""):
    """Bodies mined for one question; without closeness the first are the closest."""
    close = np.arange(len(bodies), 0, -1) if closeness is None else closeness
    vectors = np.stack([np.ones(len(bodies)), np.array(close)], axis=1).astype(np.float16)
    ((*numbers,),) = mine([asked], [Candidate(title, body) for body in bodies], vectors, np.array([[0, 1]], np.float16), most)
    return [bodies[number] for number in numbers]


@pytest.mark.parametrize(
    "body",
    [GOLD, f"{GOLD} It is old.", "the bridge at Torvik", "MARTA\n holm was born here.", "Marta Holm, she baked."],
    ids=["gold", "more than gold", "a part of gold", "another case", "answer elsewhere"],
)
def test_what_answers_is_no_negative(body):
    assert found(question(), [body, "Bread rises."]) == ["Bread rises."]


def test_an_answer_in_the_title_counts_too():
    assert found(question(), ["She was a builder."], title="Marta Holm") == []


def test_a_word_that_only_contains_the_answer_is_no_answer():
    assert found(question(), ["Marta Holmberg baked."]) == ["Marta Holmberg baked."]


def test_a_question_without_known_answers_takes_all_but_its_own_passage():
    others = [f"{GOLD} It is old.", "Bread rises."]
    assert found(question(answers=()), [GOLD, *others]) == others


def test_questions_that_need_their_passage_get_none():
    assert found(question(mined=False), ["Bread rises."]) == []


def test_the_closest_come_first_and_no_more_than_asked_for():
    bodies = [f"body {number}" for number in range(9)]
    close = [3, 9, 1, 7, 5, 8, 2, 6, 4]
    assert found(question(), bodies, close, most=3) == ["body 1", "body 5", "body 3"]


def test_an_empty_pool_has_no_negatives():
    assert found(question(), []) == []


@given(data=st.data(), count=st.integers(0, 150), most=st.integers(0, 80))
def test_all_that_is_close_and_wrong_is_found_in_order(data, count, most):
    close = np.array(data.draw(st.permutations(range(count))))  # exact in float16
    right = set(data.draw(st.lists(st.integers(0, 150), max_size=20)))
    bodies = [f"{GOLD if number in right else 'Bread.'} {number}" for number in range(count)]
    ranked = [bodies[number] for number in np.argsort(-close) if number not in right]
    mined = found(question(), bodies, close, most)
    assert mined == ranked[: len(mined)]
    assert min(most, 64 - len(right), count - len(right)) <= len(mined) <= most


def test_each_question_has_its_own_negatives_in_more_than_one_batch():
    bodies = [Candidate("", f"body {number}") for number in range(3)]
    asked = np.eye(3, dtype=np.float16)[np.arange(1200) % 3]
    mined = mine([question()] * 1200, bodies, np.eye(3, dtype=np.float16), asked, 1)
    assert mined == [(number % 3,) for number in range(1200)]


# Where they are searched

ARTICLE = "Torvik is a town on the river with many old houses. " * 40


@pytest.fixture
def folder(data_sets):
    return data_sets(
        corpus=[{"title": "Elm", "text": "The Elm is a river."}, {"title": "Elm", "text": "The Elm is a river."}],
        articles=[{"title": f"Town {number}", "text": f"Number {number}. {ARTICLE}"} for number in range(12)],
    )


def test_passages_of_questions_like_those_of_a_retriever_are_searched(folder):
    sources = ("nq", "reddit", "labelled-nq", "labelled-news", "wiki", "asked", "multihop-asked")
    found = pool(folder, [Question(source, "q", (Candidate("T", f"of {source}", True),)) for source in sources], 0, 0)
    assert [candidate.body for candidate in found] == [
        *(f"of {source}" for source in ("nq", "labelled-nq", "wiki", "asked", "multihop-asked")), "The Elm is a river."
    ]  # fmt: skip
    assert not any(candidate.relevant for candidate in found)


def test_articles_are_cut_at_sentence_ends_or_after_a_hundred_words(folder):
    found = pool(folder, [], 12, 0)[1:]
    assert {candidate.title for candidate in found} == {f"Town {number}" for number in range(12)}
    assert all(30 < len(candidate.body.split()) <= 100 for candidate in found)
    whole = {title: all(c.body.endswith(".") for c in found if c.title == title) for title in {c.title for c in found}}
    assert set(whole.values()) == {True, False}


def test_the_seed_decides_how_articles_are_cut(folder):
    assert pool(folder, [], 12, 0) == pool(folder, [], 12, 0) != pool(folder, [], 12, 1)


@pytest.mark.parametrize("count", [0, 3, 99])
def test_no_more_articles_are_read_than_asked_for(count, folder):
    assert len({candidate.title for candidate in pool(folder, [], count, 0)} - {"Elm"}) == min(count, 12)


def test_of_an_article_no_more_blocks_are_searched_than_asked_for(folder):
    every, few = (pool(folder, [], 12, 0, most)[1:] for most in (0, 2))
    assert max(Counter(candidate.title for candidate in every).values()) > 2
    assert max(Counter(candidate.title for candidate in few).values()) == 2
    assert pool(folder, [], 12, 0, 99) == pool(folder, [], 12, 0)
    assert pool(folder, [], 12, 0, 2) == pool(folder, [], 12, 0, 2)


def test_texts_become_vectors_of_one_length_and_the_nearest_in_meaning_is_nearest():
    told = []
    texts = ["The car needs petrol.", "She likes cats.", "", "When does the vehicle have to be refuelled?"]
    vectors = embedded(texts, Encoder("mini", "cpu"), lambda done, total: told.append((done, total)))
    assert vectors.dtype == np.float16
    assert np.linalg.norm(vectors.astype(np.float32), axis=1) == pytest.approx([1, 1, 0, 1], abs=1e-2)
    assert np.argmax(vectors[:3] @ vectors[3]) == 0
    assert told == [(4, 4)]
