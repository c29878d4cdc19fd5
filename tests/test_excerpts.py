"""Sections as texts, and the way from there to the source."""

import numpy as np

from linguapress import Passage, Span, Units
from linguapress.excerpts import excerpts, tokens_of, united
from linguapress.scores import TokenScores

TEXT = "Title\nOne is red. Two is blue. Three is green."
SPANS = [Span(0, 6), Span(6, 18), Span(18, 31), Span(31, 46)]
UNITS = Units(SPANS, needs={1: (0,), 2: (0,), 3: (0,)}, frame=frozenset({0}), sections=(2,))


def words(text):
    ends = np.cumsum([len(word) + 1 for word in text.split()])
    starts = np.array([0, *ends[:-1]])
    return TokenScores(np.stack([starts, ends - 1], axis=1), starts.astype(float))


def test_a_section_is_read_with_the_heading_above_it():
    first, second = excerpts([Passage.whole(0, TEXT)], [UNITS])
    assert first.passage.text == "Title\nOne is red. "
    assert second.passage.text == second.passage.source == "Title\nTwo is blue. Three is green."
    assert [second.passage.text[start:end] for start, end in second.units.spans] == ["Title\n", "Two is blue. ", "Three is green."]
    assert second.units.needs == {1: (0,), 2: (0,)}
    assert second.units.frame == {0}


def test_a_passage_of_one_section_is_read_as_it_is():
    passage, units = Passage.whole(0, "One."), Units([Span(0, 4)])
    (only,) = excerpts([passage], [units])
    assert (only.passage, only.units, only.kept) == (passage, units, passage)


def test_what_was_read_can_be_chosen():
    assert [part.section.own for part in excerpts([Passage.whole(0, TEXT)], [UNITS], [1])] == [range(2, 4)]


def test_numbers_of_units_come_back_to_their_places_and_those_of_the_heading_once():
    parts = excerpts([Passage.whole(0, TEXT)], [UNITS], [1])
    assert united(parts, [np.array([9.0, 2.0, 3.0])], [UNITS])[0].tolist() == [0, 0, 2, 3]


def test_tokens_come_back_to_the_characters_of_the_source():
    passage = Passage.whole(1, "Skip. " + TEXT).narrow([(6, 6 + len(TEXT))])
    parts = excerpts([passage], [UNITS])
    (scores,) = tokens_of(parts, [words(part.passage.text) for part in parts], 1)
    assert [passage.source[start:end] for start, end in scores.offsets] == TEXT.split()
    assert len(tokens_of([], [], 2)[1].values) == 0
