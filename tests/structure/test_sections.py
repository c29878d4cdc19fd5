"""Where long documents are cut for reading, and what goes along."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguapress import Rating, Span, Units
from linguapress.section_ratings import around, by_passage, sectioned, sections, spread
from linguapress.segment import sentences
from linguapress.structure.headings import with_headings
from linguapress.structure.sections import with_sections

PARAGRAPH = "The bridge carries many cars every day. " * 12  # 480 characters


def cut(text, units=None):
    found = with_sections(text, units or with_headings(text, Units(sentences(text))))
    starts = [found.spans[unit].start for unit in (0, *found.sections)]
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def test_what_is_no_longer_than_a_passage_is_one_section():
    assert cut(PARAGRAPH * 3) == [PARAGRAPH * 3]
    assert with_sections("", Units([])).sections == ()


def test_paragraphs_are_not_torn_and_stand_together_while_they_are_short():
    text = "\n\n".join([PARAGRAPH.strip()] * 7)
    found = cut(text)
    assert [part.count("\n\n") for part in found[:-1]] == [2] * (len(found) - 1)
    assert all(len(part) <= 1000 for part in found)


def test_a_paragraph_that_is_too_long_is_cut_at_a_line_or_a_sentence():
    assert {len(part) for part in cut(PARAGRAPH * 8)[:-1]} == {1000}
    lined = (PARAGRAPH[:-1] + "\n" + PARAGRAPH * 2) * 3
    assert cut(lined)[0] == PARAGRAPH[:-1] + "\n"


def test_bytes_count_since_other_scripts_say_more_in_a_character():
    found = cut("这座桥每天有很多汽车经过。" * 100)
    assert len(found) > 3
    assert all(len(part.encode()) <= 1000 for part in found)


def test_headings_begin_sections_and_are_read_with_those_below_them():
    text = f"# Report\n\n{PARAGRAPH}\n\n## Costs\n\n{PARAGRAPH * 3}\n\n## Dates\n\n{PARAGRAPH}"
    units = with_sections(text, with_headings(text, Units(sentences(text))))
    read = ["".join(text[slice(*units.spans[unit])] for unit in part.members) for part in sections([units])]
    assert [part.startswith("# Report\n") for part in read] == [True] * 3
    assert ["## Costs" in part for part in read] == [False, True, True]
    assert ["## Dates" in part for part in read] == [False, False, True]
    assert cut(text)[1].startswith("## Costs")


def test_headings_that_may_stand_alone_begin_sections_too():
    title = "What the bridge will cost us"
    text = f"Report\n\n{PARAGRAPH}\n\n{title}\n\n{PARAGRAPH * 3}\n\nDates\n\n{PARAGRAPH}"
    units = with_sections(text, with_headings(text, Units(sentences(text))))
    assert title not in {text[slice(*units.spans[unit])].strip() for unit in units.frame}
    assert cut(text)[1].startswith(title)
    read = ["".join(text[slice(*units.spans[unit])] for unit in part.members) for part in sections([units])]
    assert [title in part for part in read] == [False, True, True]


def test_tables_are_cut_only_where_nothing_else_ends():
    rows = "".join(f"| {number} | {'x' * 40} |\n" for number in range(12))
    text = f"{PARAGRAPH}\n\n| a | b |\n| --- | --- |\n{rows}\n{PARAGRAPH}"
    from linguapress.guard import Guard

    found = cut(text, Guard().units(text, sentences))
    assert sum("| 3 |" in part and "| 9 |" in part for part in found) == 1


@given(st.lists(st.text(max_size=300), max_size=20).map("\n\n".join))
def test_every_unit_is_in_one_section(text):
    units = [with_sections(text, with_headings(text, Units(sentences(text)))), Units([])]
    found = sections(units)
    assert [unit for part in found if part.passage == 0 for unit in part.own] == list(range(len(units[0].spans)))
    assert sum(part.passage == 1 for part in found) == 1
    for part in found:
        assert set(part.own) <= set(part.members)
        assert list(part.members[part.inner]) == list(part.own)
    values = by_passage(np.arange(len(found)), units)
    assert [len(row) for row in spread(values, units)] == [len(item.spans) for item in units]


def test_a_passage_is_as_relevant_as_its_best_section():
    units = [Units([(0, 1), (1, 2), (2, 3)], sections=(2,)), Units([(0, 1)])]
    rating = sectioned([np.zeros(3), np.zeros(1)], np.array([0.2, 0.7, 0.4]), units)
    assert rating.passages.tolist() == [0.7, 0.4]
    assert [row.tolist() for row in around(rating, units)] == [[0.2, 0.2, 0.7], [0.4]]


@pytest.mark.parametrize(("passages", "expected"), [(None, [[0, 0, 0], [0]]), (np.array([2.0, 3.0]), [[2, 2, 2], [3]])])
def test_what_nothing_has_measured_by_section_counts_by_passage(passages, expected):
    units = [Units([(0, 1), (1, 2), (2, 3)], sections=(2,)), Units([(0, 1)])]
    assert [row.tolist() for row in around(Rating([], passages), units)] == expected


def test_what_a_section_is_read_with_is_short_however_much_it_needs():
    spans = [Span(10 * number, 10 * number + 10) for number in range(1000)]
    needs = {number: (number - 1, 0) for number in range(1, 1000)}
    chain = Units(spans, needs, frame=frozenset({0}), sections=(100, 300))
    assert [part.members[:2] for part in sections([chain])] == [(0, 1), (0, 100), (0, 300)]
    framed = Units(spans, needs, frame=frozenset(range(1000)), sections=(100, 300))
    assert all(len(part.members) <= len(part.own) + 40 for part in sections([framed]))
