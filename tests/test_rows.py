"""Rows of tables, of CSV and of logs, told apart by the words of a question."""

import time
from dataclasses import replace

import numpy as np
import pytest

from linguapress import Budget, load
from linguapress.rows import Rows
from linguapress.text import Passage

PLACES = [f"{city} {room}" for city in ("Dublin", "Cork", "Sligo", "Ennis") for room in ("lobby", "bar", "spa", "gym")]
TABLE = "| place | serial | cups |\n| --- | --- | --- |\n" + "".join(
    f"| {place} | S-{n}7 | {n}031 |\n" for n, place in enumerate(PLACES, 10)
)
CSV = "place,serial,cups\n" + "".join(f"{place},S-{n}7,{n}031\n" for n, place in enumerate(PLACES, 10))
LOG = "".join(f"2026-03-{n} 08:{n}:00 INFO {place} code={n}31\n" for n, place in enumerate(PLACES, 10))
COLUMNS = "PLACE          SERIAL   CUPS\n" + "".join(f"{place:14} S-{n}7   {n}031\n" for n, place in enumerate(PLACES, 10))
EVERY = pytest.mark.parametrize("text", [TABLE, CSV, LOG, COLUMNS], ids=["table", "csv", "log", "columns"])
ASKED = "How many cups were made in the Sligo spa?"


def found(query, *texts):
    """Rows of texts, and their units."""
    press = load("lingua")
    units = [press.units(text) for text in texts]
    passages = load("head").compress(list(texts), budget=Budget(tokens=10**6)).passages
    return Rows.of(query, passages, units), units


@EVERY
def test_the_row_that_holds_the_words_is_the_one(text):
    rows, (units,) = found(ASKED, text)
    number, unit = rows.places[int(np.argmax(rows.shares))]
    assert "Sligo spa" in text[slice(*units.spans[unit])]
    assert sorted(rows.shares)[-2] < rows.shares.max() == pytest.approx(1)
    assert len(rows.places) == len(PLACES)
    assert number == 0


def test_chunks_of_a_table_are_compared_as_one():
    lines = TABLE.splitlines(keepends=True)
    rows, _ = found(ASKED, "".join(lines[:8]), "".join(lines[8:]))
    whole, _ = found(ASKED, TABLE)
    assert {number for number, _ in rows.places} == {0, 1}
    assert rows.shares == pytest.approx(whole.shares)


def test_the_best_of_a_row_stays_what_it_was_and_prose_is_left_alone():
    rows = Rows([(0, 1), (0, 2), (1, 0)], np.array([0.25, 1.0, 0.0]))
    first, second = rows.behind([np.array([9.0, 3.0, 1.0]), np.array([2.0])], 4.0)
    assert first.tolist() == [9.0, 2.0, 3.0]
    assert second.tolist() == [0.0]


def test_rows_are_needed_as_far_as_they_hold_the_words():
    rows = Rows([(0, 1), (0, 2), (0, 3)], np.array([0.5, 1.0, 0.0]))
    assert rows.needed([np.array([0.9, 0.8, 0.1, 0.6])])[0].tolist() == [0.9, 0.4, 0.8, 0.0]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("Which one is the cheapest of all?", TABLE),
        ("", TABLE),
        ("Sligo spa", "The Sligo spa is new. The Cork bar is old. The Ennis gym is closed."),
        ("Sligo spa", "| Sligo | spa | 1 |\n| Cork | bar | 2 |\n"),
        ("斯莱戈的水疗中心", TABLE),
    ],
    ids=["no word", "blank", "prose", "few", "other script"],
)
def test_otherwise_nothing_changes(query, text):
    rows, (units,) = found(query, text)
    values = [np.linspace(-1, 1, len(units.spans))]
    assert not rows.places
    assert rows.behind(values, 1.0)[0].tolist() == values[0].tolist()
    assert rows.needed(values)[0].tolist() == values[0].tolist()


@EVERY
@pytest.mark.parametrize("method", ["lingua", "query_select", "sentence_filter"])
def test_the_row_survives_a_small_budget_with_its_header(text, method):
    for place in ("Cork bar", "Ennis lobby", "Dublin gym"):
        out = load(method).compress([text], query=f"How many cups were made in the {place}?", budget=Budget(rate=0.3))
        assert any(place in line and line in text for line in out.text.splitlines())
        assert text is LOG or out.text.startswith(text.splitlines()[0])


def test_without_a_budget_the_row_stays_and_most_others_go():
    out = load("query_select").compress([CSV], query=ASKED)
    assert "Sligo spa,S-207,20031" in out.text
    assert len(out.text.splitlines()) <= 8


def test_passages_of_another_kind_keep_their_ratings():
    texts = ["The Sligo spa made 512 cups in June, said the manager. It is the busiest place of all.", TABLE]
    press = load("sentence_filter")
    passages, units = [Passage.whole(number, text) for number, text in enumerate(texts)], [press.units(text) for text in texts]
    prose, rows = press.relevance.rate(ASKED, passages, units).units
    plain, before = replace(press.relevance, row_weight=0.0).rate(ASKED, passages, units).units
    assert prose.tolist() == plain.tolist()
    assert rows.tolist() != before.tolist()


@pytest.mark.parametrize("line", ["a,b,c\n", "| a | b |\n", "10:00:00 INFO a=1\n", "a  b  c\n"])
def test_time_grows_with_the_text(line):
    text = line * (300_000 // len(line))
    units = load("lingua").units(text)
    start = time.perf_counter()
    Rows.of("What is a of b?", [Passage.whole(0, text)], [units])
    assert time.perf_counter() - start < 10
