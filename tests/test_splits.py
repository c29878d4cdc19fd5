"""The held-out tenth: the same in every data set and for ever, since trained models have never seen it."""

import pytest

from linguapress.splits import held_out


def test_a_tenth_is_held_out():
    assert 900 < sum(held_out(f"Who wrote book number {number}?") for number in range(10_000)) < 1100


def test_the_split_is_the_one_that_released_models_were_trained_with():
    assert [number for number in range(60) if held_out(f"question {number}")] == [7, 29, 35, 37, 49]


@pytest.mark.parametrize("same", ["WHO  wrote\tBook\n{}", "  who wrote book {}  ", "Who Wrote\u00a0Book {}"])
def test_case_and_blanks_do_not_matter(same):
    assert all(held_out(same.format(number)) == held_out(f"who wrote book {number}") for number in range(200))


def test_texts_that_no_encoding_takes_have_a_place_too():
    assert {held_out(f"\ud83d{number}") for number in range(100)} == {True, False}
