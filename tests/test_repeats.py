"""Sentences said twice: the better rated one stays."""

import time

import numpy as np
import pytest
from fakes import METHODS, count_words
from hypothesis import given
from hypothesis import strategies as st

from linguapress import Budget, Passage, Units
from linguapress.repeats import LAST, unrepeated
from linguapress.segment import sentences
from linguapress.structure.headings import with_headings

SAID = "The bridge was built by Marta Holm in 1894."
OTHER = "Pigeons nest under the green deck every year."


def stay(texts, ratings, parts=True):
    passages = [Passage.whole(number, text) for number, text in enumerate(texts)]
    rows = [np.array(row, dtype=np.float32) for row in ratings]
    return unrepeated(passages, [Units(sentences(text)) for text in texts], rows, parts=parts)[0]


def test_the_better_rated_of_two_equal_sentences_keeps_its_rating():
    assert stay([f"{SAID} {OTHER}", SAID], [[1, 2], [3]]) == [[1], [0]]


def test_of_equally_rated_ones_the_first_does():
    assert stay([SAID, f"{OTHER} {SAID}", SAID], [[1], [1, 1], [1]]) == [[0], [0], []]


@pytest.mark.parametrize("again", [SAID.upper(), f"  {SAID}\n", SAID.replace(" ", "\t", 1), SAID.replace(" ", "  ")])
def test_case_and_blanks_do_not_matter(again):
    assert stay([SAID, again], [[2], [1]]) == [[0], []]


def test_a_sentence_may_be_said_twice_in_one_passage():
    assert stay([f"{SAID} {SAID}"], [[1, 2]]) == [[1]]


def test_short_sentences_may_come_again():
    assert stay(["It never fails.", "It never fails."], [[1], [2]]) == [[0], [0]]


def test_what_differs_in_a_number_is_no_repetition():
    assert stay([SAID, SAID.replace("1894", "1895")], [[1], [2]]) == [[0], [0]]


LONG = f"Before the war, when the town was small and poor, {SAID.lower()}"


@pytest.mark.parametrize("again", [LONG[:-9], LONG[12:], LONG.replace(",", ""), LONG[20:-12], LONG.upper()])
def test_nor_do_a_cut_beginning_or_end_as_chunks_that_overlap_have_them(again):
    assert stay([f"{LONG} {OTHER}", again], [[2, 1], [1]])[1] == []
    assert stay([f"{LONG} {OTHER}", again], [[1, 1], [2]])[1] == [0]


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
    assert stay([LONG, other], [[2], [1]]) == [[0], [0]]


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
    assert stay([better, worse], [[2], [1]]) == [[0], [0]]


def test_signs_alone_may_be_said_once():
    assert stay(["🌉" * 40, "🌉" * 40, "🚢" * 40], [[2], [1], [1]]) == [[0], [], [0]]


def test_what_leaves_a_negation_out_is_no_repetition():
    assert stay([LONG.replace("was built", "was not built"), LONG], [[2], [1]]) == [[0], [0]]


def test_ten_thousand_sentences_of_one_pattern_are_quick():
    text = " ".join(f"The ship number {number} left the port of Leith in the morning." for number in range(10_000))
    start = time.perf_counter()
    stay([text], [list(range(10_000))])
    assert time.perf_counter() - start < 20


def test_what_is_forced_or_needed_stays():
    text = f"{SAID} {SAID} {OTHER}"
    spans = sentences(text)
    for units in (Units(spans, forced=frozenset({0})), Units(spans, needs={2: (0,)})):
        assert unrepeated([Passage.whole(0, text)], [units], [np.array([1, 2, 3])])[0] == [[0, 1, 2]]


def test_a_part_of_a_longer_sentence_that_may_not_fit_comes_last():
    passages = [Passage.whole(number, text) for number, text in enumerate((LONG, SAID.lower(), LONG))]
    units = [Units(sentences(passage.text)) for passage in passages]
    kept, rows = unrepeated(passages, units, [np.array([3.0]), np.array([2.0]), np.array([1.0])])
    assert kept == [[0], [0], []]
    assert [row.tolist() for row in rows] == [[3], [2 - LAST], []]


def test_nan_is_the_lowest_rating():
    assert stay([SAID, SAID], [[np.nan], [0.5]]) == [[], [0]]


def test_a_statement_is_not_lost_to_a_longer_sentence_that_does_not_fit():
    long = f"As every guide of the town tells all who come and listen to him for long enough, {SAID[0].lower()}{SAID[1:]}"
    out = METHODS["sentence_filter"].compress(
        [long, f"{SAID} {OTHER}"], "Who built the bridge?", budget=Budget(tokens=10, count=count_words)
    )
    assert "built" in out.text


@given(picks=st.lists(st.lists(st.tuples(st.sampled_from([SAID, OTHER]), st.integers(0, 3)), min_size=1, max_size=4), max_size=4))
def test_each_sentence_stays_once_where_it_is_rated_best(picks):
    kept = stay([" ".join(text for text, _ in row) for row in picks], [[rating for _, rating in row] for row in picks])
    found = [row[number] for row, numbers in zip(picks, kept, strict=True) for number in numbers]
    for text in (SAID, OTHER):
        ratings = [rating for row in picks for said, rating in row if said == text]
        assert [rating for said, rating in found if said == text] == ([max(ratings)] if ratings else [])


def test_what_stands_under_another_heading_says_something_else():
    text = "# a_mode\nThis setting is deprecated and has no effect.\n\n# b_mode\nThis setting is deprecated and has no effect.\n"
    units = with_headings(text, Units(sentences(text)))
    assert unrepeated([Passage.whole(0, text)], [units], [np.array([0, 2, 0, 1.0])])[0] == [[0, 1, 2, 3]]
    chunks = [text, "# b_mode\nThis setting is deprecated and has no effect.\n", "This setting is deprecated and has no effect.\n"]
    items = [with_headings(chunk, Units(sentences(chunk))) for chunk in chunks]
    rows = [np.array([0, 2, 0, 1.0]), np.array([0, 0.5]), np.array([0.2])]
    passages = [Passage.whole(number, chunk) for number, chunk in enumerate(chunks)]
    assert unrepeated(passages, items, rows)[0] == [[0, 1, 2, 3], [0], []]
