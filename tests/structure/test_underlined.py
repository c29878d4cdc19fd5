"""Underlined titles are headings, and go without their line; rules under sentences are none."""

import time

import pytest

from linguapress import Budget, Guard, load
from linguapress.segment import sentences, words
from linguapress.structure.headings import with_headings
from linguapress.structure.underlined import levels, underlined

PAGE = """Widget
======

It turns. It stops.

Setup
-----

Turn the key.

In winter
~~~~~~~~~

Warm it first.

Repair?
-------

Call us.
"""


def bound(text):
    """Sentences with the headings that they bring along."""
    units = with_headings(text, Guard().coarse.units(text, sentences))
    parts = [" ".join(text[start:end].split()) for start, end in units.spans]
    return {parts[unit]: [parts[other] for other in units.company(unit) if other != unit] for unit in range(len(parts))}, units


def titles(text):
    return [text[block.start : block.end] for block in underlined(text, 0, len(text))]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_an_underlined_title_heads_what_follows_without_its_line(ends):
    found, units = bound(PAGE.replace("\n", ends))
    assert found["It stops."] == ["Widget"]
    assert found["Turn the key."] == ["Widget", "Setup"]
    assert found["Warm it first."] == ["Widget", "Setup", "In winter"]
    assert found["Call us."] == ["Widget", "Repair?"]
    assert len(units.frame) == 8


def test_lines_of_titles_go_first():
    out = load("query_select").compress([PAGE * 3], "When is it warmed?", budget=Budget(rate=0.4))
    assert "In winter\nWarm it first." in out.text.replace("\n\n", "\n")
    assert not set("=~") & set(out.text)


def test_levels_go_by_the_mark_that_comes_first():
    text = "A part\n------\n\nIt is red.\n\nA whole\n=======\n\nIt is blue.\n"
    assert list(levels(text, Guard().units(text, sentences).spans).values()) == [1, 2]


def test_a_line_above_the_title_belongs_to_it():
    text = "======\nWidget\n======\n\nUse\n===\n\nIt turns.\n"
    assert titles(text) == ["======\nWidget\n======\n", "Use\n===\n"]
    assert bound(text)[0]["It turns."] == ["Widget", "Use"]


def test_words_of_a_title_are_not_parted():
    units = Guard().units(PAGE, words)
    assert {"In winter\n", "~~~~~~~~~\n\n"} <= {PAGE[start:end] for start, end in units.spans}


@pytest.mark.parametrize(
    "text",
    ["It was late, and nobody came to the door.\n---\nThen it rang.\n", "First line of a paragraph\nthat ends here\n-----\nMore.\n",
     "Name  Price\n-----------\nPear  3\n", "---\ntitle: Widget\n---\nIt turns.\n", "A rule\n\n-----\n\nIt turns.\n",
     "- an item\n---------\n", "| a | b\n-------\n", "Yours,\n-----\nAnna\n", "-----\n-----\n"],
)  # fmt: skip
def test_other_lines_above_rules_are_none(text):
    assert titles(text) == []


@pytest.mark.parametrize("line", ["a\n---\n", "---\n", "=" * 5000 + "\n", "a" * 199 + "\n", "\n---\n\n", " \n", "-=" * 50 + "\n"])
def test_time_grows_with_the_text_and_not_with_its_square(line):
    text = line * (300_000 // len(line))
    start = time.perf_counter()
    list(underlined(text, 0, len(text)))
    assert time.perf_counter() - start < 8


def test_what_is_underlined_stands_above_what_nothing_marks_however_many_marks_there_are():
    rules = [mark * 9 for mark in "=-~^"]
    marked = [
        f"{over}Chapter {number}\n{rule}\n\n"
        for number, (over, rule) in enumerate([("", r) for r in rules] + [(f"{r}\n", r) for r in rules])
    ]
    found, _ = bound("".join(marked) + "Plain words\n\nThis is a line of prose that is longer than its heading.\n")
    assert found["This is a line of prose that is longer than its heading."][-2:] == ["Chapter 7", "Plain words"]
