"""Alignment of compressions with their texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguapress.training.labels import align


def kept(text, compressed):
    return [text[start:end] for start, end in align(text, compressed)]


def test_a_repeated_word_is_matched_where_the_phrase_goes_on():
    text = "the cat sat and the cat ran"
    assert align(text, "the cat ran") == align(text, "the cat ran")
    assert [start for start, _ in align(text, "the cat ran")] == [16, 20, 24]


def test_case_and_edge_punctuation_may_differ():
    assert kept("It rained, however, all Day.", "rained all day") == ["rained,", "all", "Day."]


def test_words_that_the_teacher_invented_are_skipped():
    assert kept("He left in 1905 for Rome", "He departed 1905 Rome") == ["He", "1905", "Rome"]


@pytest.mark.parametrize(("text", "compressed"), [("", "a"), ("a", ""), ("", "")])
def test_nothing_aligns_with_nothing(text, compressed):
    assert align(text, compressed) == []


@given(st.lists(st.sampled_from("abcde"), max_size=25), st.data())
def test_every_sub_sequence_is_found_whole(words, data):
    mask = data.draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words)))
    target = [word for word, keep in zip(words, mask, strict=True) if keep]
    assert kept(" ".join(words), " ".join(target)) == target
