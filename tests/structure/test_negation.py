"""Negations and what they negate."""

import pytest

from linguapress import Guard
from linguapress.segment import words
from linguapress.structure.negation import denials


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Do not use if allergic.", ["not use"]),
        ("Items cannot be returned, except when faulty.", ["cannot be returned", "except when faulty"]),
        ("We won't be in the office. No.", ["won't be in the office"]),
        ("It is false that it was withdrawn.", ["false that it was withdrawn"]),
        ("Kein Hund ist im Garten.", ["Kein Hund"]),
        ("Nothing. Not. no, never", []),
        ("No. 5 is alive.", []),
        ("Knots and notes.", []),
        ("not\nhere", []),
        ("不能打开", []),
    ],
)
def test_a_negation_goes_with_the_next_word_that_says_something(text, found):
    assert [text[start:end] for start, end in denials(text)] == found


def test_what_is_negated_is_not_torn_off():
    text = "Do not use this if you are allergic, and it is without any risk."
    parts = [text[start:end].strip() for start, end in Guard().units(text, words).spans]
    assert "not use" in parts
    assert "without any risk." in parts
    assert "not" in [text[start:end].strip() for start, end in Guard(negations=False).units(text, words).spans]


@pytest.mark.parametrize(
    "text", ["Es darf nichts mehr entnommen werden.", "Niemand war da.", "No vino nadie.", "Il ne dit rien de cela."]
)
def test_nothing_and_nobody_deny_as_well(text):
    assert list(denials(text))
