"""What is a title, and what merely stands first."""

import time

import pytest

from linguapress.segment import sentences
from linguapress.structure.headings import headings, with_headings
from linguapress.units import Units


def of(text):
    return headings(text, sentences(text))


@pytest.mark.parametrize(
    "title",
    ["Marie Curie", "Python: a short history", "Prices | Acme", "C++ programming", "Import duties", "Warschau 1867", "居里夫人"],
)
def test_a_short_first_line_is_the_title_of_what_follows(title):
    assert of(f"{title}\nShe was born in Warsaw. She died in Passy.") == [-1, 0, 0]


@pytest.mark.parametrize(
    "line",
    ["2024-05-01 10:00:01 INFO app.start pid 4711", "import os", "apiVersion: apps/v1", '<?xml version="1.0"?>', "<|system|>", "x = 1",
     "std::vector", "// a comment", "$ pip install acme", "It was late."],
)  # fmt: skip
def test_the_first_line_of_code_markup_or_a_log_is_none(line):
    assert set(of(f"{line}\nShe was born in Warsaw.\nShe died in Passy.")) == {-1}


def test_a_title_right_above_its_text_holds_for_all_of_it():
    assert of(f"Marie Curie\n{PROSE}\n\nDeath\n{PROSE}") == [-1, 0, 0, 2]


def test_time_grows_with_the_text_and_not_with_its_square():
    text = "".join(f"Part {number} of the river\n{PROSE}\n\nIt ends: here\n{PROSE}\n\n" for number in range(1000))
    spans = sentences(text)
    start = time.perf_counter()
    assert max(headings(text, spans)) > 3000
    assert time.perf_counter() - start < 5


PROSE = "She was born in Warsaw, and she moved to Paris when she was a student."


def test_a_short_line_between_a_blank_line_and_prose_is_a_heading_too():
    assert of(f"Report\n\n{PROSE}\n\nEarly life\n\n{PROSE} She won.\n\nDeath\n{PROSE}") == [-1, 0, 0, 2, 2, 0, 5]


def test_a_first_line_that_is_written_like_the_headings_below_is_no_title_of_theirs():
    assert of(f"1 Early life\n\n{PROSE}\n\n2 Death\n\n{PROSE}\n\n2.1 Cause\n\n{PROSE}") == [-1, 0, -1, 2, 2, 4]


@pytest.mark.parametrize(
    "line",
    [
        "- an item",
        "lower case begins it",
        "It ends like a sentence.",
        "x = 1",
        "a) an item",
        "Dear Anna,",
        "B" * 90,
        "SHA: " + "4e" * 20,
        "Text: http://a.b",
    ],
)
def test_other_short_lines_inside_of_a_text_are_none(line):
    assert of(f"{PROSE}\n\n{line}\n\n{PROSE}") == [-1, -1, -1]


def test_lines_of_an_address_or_a_poem_are_none():
    assert set(of("Anna Holm\n\n12 River Street\n\nTorvik\n\nNorway")) <= {-1, 0}


@pytest.mark.parametrize(
    ("line", "tells"),
    [("Deadline 15 March", True), ("Checkout before noon", True), ("Dogs on a leash only", True), ("2 Method", False),
     ("Early life", False), ("History of the Philadelphia Eagles", True), ("Maria Lopez, treasurer", True), ("Treasurer: Maria Lopez", True), ("2.1 Terms of Use", False),
     ("退房时间为中午十二点之前", True), ("公司概况", False)],
)  # fmt: skip
def test_a_heading_that_nothing_marks_can_stand_alone_where_it_says_something(line, tells):
    text = f"{PROSE}\n\n{line}\n{PROSE}"
    units = with_headings(text, Units(sentences(text)))
    assert units.needs == {2: (1,)}
    assert units.frame == (set() if tells else {1})


def test_a_short_line_between_sentences_is_a_heading_without_blank_lines():
    text = f"DH-40 Manual\nThe appliance has modes.\nAuto\n{PROSE}\nNight\nThe fan runs at the lowest speed. It is dark."
    assert of(text) == [-1, 0, 0, 2, 0, 4, 4]


@pytest.mark.parametrize("line", ["1 drain hose, 1.2 m", "2 hose clips", "in the box", "Wed - Sun"])
def test_lines_of_parts_and_tables_between_sentences_are_none(line):
    assert of(f"{PROSE}\nIt comes with this.\n{line}\n10:00 - 17:00\n{PROSE}")[3:] == [-1, -1]
