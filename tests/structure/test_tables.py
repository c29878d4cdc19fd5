"""Tables drawn with pipes."""

import time

import pytest

from linguapress import Budget, load
from linguapress.structure.blocks import blocks
from linguapress.structure.tables import drawn, tables

ROWS = "| Dublin | 3.4.1 | 18751 |\n| Cork | 3.4.2 | 8458 |\n| Sligo | 3.3.9 | 1028 |\n"
GRID = "+----+------+\n| id | name |\n+----+------+\n| 1  | Ann  |\n| 2  | Ben  |\n+----+------+\n"
CELLS = "+----+------+\n| id | name |\n+====+======+\n| 1  | Ann  |\n|    | Lee  |\n+----+------+\n| 2  | Ben  |\n+----+------+\n"


def units(text):
    """Units of the only block, and those that each needs."""
    (block,) = blocks(text)
    spans = dict(zip(block.cuts, block.cuts[1:], strict=False))
    return [text[a:b] for a, b in spans.items()], {
        text[a : spans[a]]: [text[b : spans[b]] for b in need] for a, need in block.needs.items()
    }


@pytest.mark.parametrize("before", ["", "Some prose stands above.\n\n"])
def test_rows_without_a_header_stay_whole(before):
    assert units(before + ROWS) == (ROWS.splitlines(keepends=True), {})


def test_rows_of_another_width_are_of_another_table():
    assert len(blocks(ROWS + "| a | b |\n| c | d |\n")) == 2


@pytest.mark.parametrize("text", ["| one | row |\n", "a | b\nc | d\n", "|x| is not\n|y| at all\n", "p || q\n"])
def test_a_pipe_makes_no_row(text):
    assert not list(drawn(text, 0, len(text)))


def test_rows_of_a_grid_bring_its_header():
    header, first, last = GRID[:42], "| 1  | Ann  |\n", "| 2  | Ben  |\n+----+------+\n"
    assert units(GRID) == ([header, first, last], {first: [header], last: [header]})


def test_a_row_of_a_grid_has_the_lines_between_two_rules():
    header, first, last = CELLS[:42], "| 1  | Ann  |\n|    | Lee  |\n+----+------+\n", "| 2  | Ben  |\n+----+------+\n"
    assert units(CELLS) == ([header, first, last], {first: [header], last: [header]})


def test_a_header_above_a_ruler_is_not_taken_for_a_row():
    text = "| id | name |\n| --- | --- |\n| 1 | Ann |\n| 2 | Ben |\n"
    assert list(blocks(text)) == list(tables(text))


@pytest.mark.parametrize("method", ["lingua", "query_select", "llmlingua2"])
@pytest.mark.parametrize("table", [ROWS * 4, GRID + CELLS])
def test_no_row_is_torn(method, table):
    out = load(method).compress([table], query="Which firmware has Cork?", budget=Budget(rate=0.5))
    assert out.text
    assert set(out.text.splitlines()) <= set(table.splitlines())


@pytest.mark.parametrize("line", ["| a | b |\n", "+--+--+\n", "+--+\n| a | b |\n", "|", "| a ", "+-", "| a | b |\n\n"])
def test_time_grows_with_the_text(line):
    text = line * (400_000 // len(line))
    start = time.perf_counter()
    for _ in drawn(text, 0, len(text)):
        pass
    assert time.perf_counter() - start < 10
