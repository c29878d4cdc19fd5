"""Sentences said twice: the better rated one counts, the other comes last."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguapress import Passage, Units
from linguapress.repeats import LAST, repeats_last
from linguapress.segment import sentences

SAID = "The bridge was built by Marta Holm in 1894."
OTHER = "Pigeons nest under the green deck every year."


def rated(texts, ratings):
    passages = [Passage.whole(number, text) for number, text in enumerate(texts)]
    rows = repeats_last(passages, [Units(sentences(text)) for text in texts], [np.array(row, dtype=np.float32) for row in ratings])
    return [row.tolist() for row in rows]


def test_the_better_rated_of_two_equal_sentences_keeps_its_rating():
    assert rated([f"{SAID} {OTHER}", SAID], [[1, 2], [3]]) == [[1 - LAST, 2], [3]]


def test_of_equally_rated_ones_the_first_does():
    assert rated([SAID, f"{OTHER} {SAID}", SAID], [[1], [1, 1], [1]]) == [[1], [1, 1 - LAST], [1 - LAST]]


@pytest.mark.parametrize("again", [SAID.upper(), f"  {SAID}\n", SAID.replace(" ", "\t", 1), SAID.replace(" ", "  ")])
def test_case_and_blanks_do_not_matter(again):
    assert rated([SAID, again], [[2], [1]]) == [[2], [1 - LAST]]


def test_a_sentence_may_be_said_twice_in_one_passage():
    assert rated([f"{SAID} {SAID}"], [[1, 2]]) == [[1 - LAST, 2]]


def test_short_sentences_may_come_again():
    assert rated(["It never fails.", "It never fails."], [[1], [2]]) == [[1], [2]]


def test_what_differs_in_a_number_is_no_repetition():
    assert rated([SAID, SAID.replace("1894", "1895")], [[1], [2]]) == [[1], [2]]


LONG = f"Before the war, when the town was small and poor, {SAID.lower()}"


@pytest.mark.parametrize("again", [LONG[:-9], LONG[12:], LONG.replace(",", ""), LONG[20:-12], LONG.upper()])
def test_nor_do_a_cut_beginning_or_end_as_chunks_that_overlap_have_them(again):
    assert rated([f"{LONG} {OTHER}", again], [[2, 1], [1]])[1] == [1 - LAST]
    assert rated([f"{LONG} {OTHER}", again], [[1, 1], [2]])[1] == [2]


@pytest.mark.parametrize(
    "other",
    [
        LONG.replace("marta", "ida"),
        LONG.replace("built by", "built and paid for by"),
        LONG.replace("was built", "was not built"),
        LONG.removesuffix(".") + " for 3 crowns.",
        "The small bridge was poor, when Marta Holm built the town before the war in 1894.",
    ],
)
def test_what_says_something_else_of_the_same_is_no_repetition(other):
    assert rated([LONG, other], [[2], [1]]) == [[2], [1]]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("The best results were those of group A.", "The best results were those of group B."),
        ("The mean of the last January was 5 °C.", "The mean of the last January was -5 °C."),
        ("In that year the price changed by +12%.", "In that year the price changed by -12%."),
        ("A room with a view costs $900 a month.", "A room with a view costs €900 a month."),
        ("A large order is one of > 40 units of it.", "A large order is one of < 40 units of it."),
        ("The whole of that program is written in C++.", "The whole of that program is written in C."),
        ("The whole of that cycle takes 3.5 seconds.", "The whole of that cycle takes 3"),
        ("In the last final Anna defeated Berta.", "In the last final Berta defeated Anna."),
        ("In the last match Lazio beat Torino 3-2.", "In the last match Lazio beat Torino 2-3."),
        ("The drug helps only patients that are young.", "The drug helps patients that are young."),
        ("It is not true that the bridge was built by Marta Holm.", "that the bridge was built by Marta Holm."),
        ("The blood was the best of it, of that of group B and of that of A.", "The blood was the best of it, of that of A."),
    ],
)
def test_nor_is_what_a_word_or_a_sign_makes_another_statement(better, worse):
    assert rated([better, worse], [[2], [1]]) == [[2], [1]]


def test_signs_alone_may_be_said_once():
    assert rated(["🌉" * 40, "🌉" * 40, "🚢" * 40], [[2], [1], [1]]) == [[2], [1 - LAST], [1]]


def test_what_leaves_a_negation_out_is_no_repetition():
    assert rated([LONG.replace("was built", "was not built"), LONG], [[2], [1]]) == [[2], [1]]


def test_ten_thousand_sentences_of_one_pattern_are_quick():
    text = " ".join(f"The ship number {number} left the port of Leith in the morning." for number in range(10_000))
    start = time.perf_counter()
    rated([text], [list(range(10_000))])
    assert time.perf_counter() - start < 20


def test_sentences_that_are_out_of_the_question_stay_so():
    assert rated([SAID, SAID], [[-np.inf], [-np.inf]]) == [[-np.inf], [-np.inf]]


def test_the_ratings_given_are_not_changed():
    given_rows = [np.ones(2)]
    repeats_last([Passage.whole(0, f"{SAID} {SAID}")], [Units(sentences(f"{SAID} {SAID}"))], given_rows)
    assert given_rows[0].tolist() == [1, 1]


@given(picks=st.lists(st.lists(st.tuples(st.sampled_from([SAID, OTHER]), st.integers(0, 3)), min_size=1, max_size=4), max_size=4))
def test_each_sentence_keeps_one_rating_and_that_is_its_best(picks):
    rows = rated([" ".join(text for text, _ in row) for row in picks], [[rating for _, rating in row] for row in picks])
    flat = zip((pick for row in picks for pick in row), (value for row in rows for value in row), strict=True)
    found = [(said, rating, value) for (said, rating), value in flat]
    for text in (SAID, OTHER):
        before, after = ([row[place] for row in found if row[0] == text] for place in (1, 2))
        assert [value for value in after if value >= 0] == ([max(before)] if before else [])
        assert sorted(value % LAST for value in after) == sorted(before)
