"""Spans and passages: every kept character has an address in its source."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import hostile

from linguapress import Passage, Span
from linguapress.text import complement, merge


@st.composite
def spans_of(draw, length):
    """Ascending, disjoint, non-empty spans within ``length`` characters."""
    cuts = sorted(draw(st.sets(st.integers(0, length), max_size=8)))
    return [Span(start, end) for start, end in zip(cuts[::2], cuts[1::2], strict=False)]


@st.composite
def passages_of(draw):
    source = draw(hostile)
    return Passage(3, source, tuple(draw(spans_of(len(source)))))


@given(passages_of(), st.data())
def test_narrowing_keeps_the_characters_it_is_told_to(passage, data):
    spans = data.draw(spans_of(len(passage.text)))
    narrow = passage.narrow(spans)
    assert narrow.text == "".join(passage.text[start:end] for start, end in spans)
    assert narrow.text == "".join(passage.source[start:end] for start, end in narrow.spans)
    assert (narrow.source, narrow.index) == (passage.source, passage.index)


@given(passages_of())
def test_a_located_character_is_the_same_character(passage):
    places = passage.locate(range(len(passage.text)))
    assert "".join(passage.source[place] for place in places) == passage.text
    assert places == sorted(set(places))


@given(passages_of())
def test_narrowing_to_everything_changes_nothing_but_joins(passage):
    again = passage.narrow([Span(0, len(passage.text))])
    assert again.text == passage.text
    assert again.spans == merge(passage.spans)


@given(passages_of())
def test_kept_and_dropped_tile_the_source(passage):
    parts = sorted([*passage.spans, *passage.dropped])
    assert "".join(passage.source[start:end] for start, end in parts) == passage.source
    assert sum(end - start for start, end in parts) == len(passage.source)


def test_the_end_of_the_text_is_where_its_last_span_ends():
    assert Passage(0, "one two three", (Span(0, 3), Span(8, 13))).locate([0, 3, 8]) == [0, 8, 13]


def test_nothing_can_be_located_in_a_passage_that_keeps_nothing():
    assert Passage(0, "text", ()).locate([]) == []
    assert Passage.whole(0, "").spans == ()


@pytest.mark.parametrize("spans", [[(2, 1)], [(0, 5)], [(-1, 1)], [(1, 3), (2, 4)], [(3, 4), (0, 1)], [(1, 1)]], ids=str)
def test_spans_out_of_order_or_out_of_the_source_are_refused(spans):
    with pytest.raises(ValueError, match="spans must be ascending"):
        Passage(0, "text", tuple(Span(*span) for span in spans))


@pytest.mark.parametrize("span", [(0, 4), (-1, 1), (2, 1)], ids=str)
def test_narrowing_outside_the_kept_text_is_refused(span):
    with pytest.raises(ValueError, match="outside the text"):
        Passage(0, "abcdef", (Span(0, 3),)).narrow([Span(*span)])


def test_passages_are_values():
    passage = Passage.whole(1, "abc")
    with pytest.raises(AttributeError):
        passage.index = 2
    assert passage == Passage(1, "abc", (Span(0, 3),))
    assert passage.keep([Span(0, 1), Span(1, 2)], score=0.5) == Passage(1, "abc", (Span(0, 2),), 0.5)


def test_touching_spans_join_and_empty_ones_go():
    assert merge([Span(0, 2), Span(2, 4), Span(5, 5), Span(6, 8), Span(7, 9)]) == (Span(0, 4), Span(6, 9))
    assert complement([Span(0, 2), Span(4, 5)], 7) == (Span(2, 4), Span(5, 7))
