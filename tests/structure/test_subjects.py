"""Sentences that open with a pronoun bring the sentence that names whom they speak of."""

from dataclasses import replace

import pytest
from hypothesis import given
from samples import hostile

from linguapress import Units
from linguapress.segment import sentences
from linguapress.structure.headings import with_headings
from linguapress.structure.subjects import with_subjects


def bound(text):
    return with_subjects(text, Units(sentences(text)))


@pytest.mark.parametrize(
    "opening",
    ["She built it.", "It's old.", "Their roof leaks.", '"This is green."', "(Those fell.", "The latter burnt down.", "However, it stands.",
     "But they stayed.", "As a result, its price fell.", "Such bridges last.", "Both were sold."],
)  # fmt: skip
def test_a_pronoun_needs_the_sentence_before(opening):
    assert bound(f"Marta Holm was born in 1860. {opening}").needs == {1: (0,)}


@pytest.mark.parametrize(
    "opening", ["Item 3 is new.", "Heat rises.", "Thistles grow.", "she left.", "The bridge is old.", "But the roof leaks."]
)
def test_other_openings_stand_alone(opening):
    assert not bound(f"Marta Holm was born in 1860. {opening}").needs


def test_the_latter_of_two_needs_the_sentence_that_names_them_even_under_a_heading():
    text = "Damages\n\nThe loss is the difference between £24,950 and £2,310. Holm is entitled to the latter sum, with interest.\n"
    units = with_headings(text, Units(sentences(text)))
    assert with_subjects(text, units).needs == {1: (0,), 2: (0, 1)}


@pytest.mark.parametrize(
    "whole",
    [
        "Of iron and steel the latter is harder.",
        "Iron, not the latter, rusts.",
        "In the latter half of May it rained.",
        "The latterly ill left.",
    ],
)
def test_a_sentence_that_names_both_or_means_a_part_stands_alone(whole):
    assert not bound(f"Marta Holm was born in 1860. {whole}").needs


def test_the_first_sentence_has_none_before_it():
    assert not bound("It rained. Bread rose.").needs


def test_a_chain_of_pronouns_goes_back_to_the_name():
    assert bound("Marta Holm was a builder. She lived here. It was cold. They left.").company(3) == [0, 1, 2, 3]


@pytest.mark.parametrize(("first", "later"), [("He", "But his"), ("She", "Her"), ("It", "Its"), ("They", "However, they")])
def test_a_run_of_one_pronoun_goes_straight_back_to_the_name(first, later):
    units = bound(f"Holm was a builder. {first} lived here. {later} roof leaked. {later} wall stood. This helped. {first} left.")
    assert units.needs == {1: (0,), 2: (0,), 3: (0,), 4: (3,), 5: (4,)}
    assert units.company(3) == [0, 3]


def test_a_run_that_opens_the_passage_has_nobody_to_name():
    assert not bound("She was a builder. She lived here. Her roof leaked.").needs


def test_under_a_heading_that_names_the_subject_nothing_else_is_needed():
    text = "Marta Holm\nShe was a builder. She lived here."
    units = with_headings(text, Units(sentences(text)))
    assert with_subjects(text, units) == units


def test_a_unit_that_is_kept_only_for_others_is_no_subject():
    text = "Marta Holm was born. She lived."
    units = Units(sentences(text), frame=frozenset({0}))
    assert not with_subjects(text, units).needs


def test_what_units_needed_already_stays():
    text = "One. Two. He came. She went."
    units = Units(sentences(text), needs={2: (0,)}, forced=frozenset({1}))
    assert with_subjects(text, units) == replace(units, needs={2: (0,), 3: (2,)})
    assert units.needs == {2: (0,)}


@given(text=hostile)
def test_any_text_needs_one_sentence_that_stands_before(text):
    assert all(len(needed) == 1 and 0 <= needed[0] < unit for unit, needed in bound(text).needs.items())
