"""Headers and footers of pages are nobody's heading and go before all else; headings that count are left alone."""

import time

import pytest
from fakes import lingua

from linguapress import Budget
from linguapress.segment import sentences
from linguapress.structure.furniture import furniture
from linguapress.structure.headings import with_headings
from linguapress.units import Units

PROSE = "The mill stands on the river, and it has been there for longer than anybody in the village can tell you today. " * 2
FOOTERS = [
    "Torvik Rail plc  Annual Report 2022        {}",
    "Page {} of 12",
    "- {} -",
    "{}  Torvik Rail",
    "Annual Report 2022 | {}",
]


def document(footer, pages=4, prose=PROSE):
    return "".join(f"{footer.format(page)}\n\nPart {'abcdefgh'[page % 8]}\n\n{prose.strip()}\n\n" for page in range(1, pages + 1))


@pytest.mark.parametrize("footer", FOOTERS)
def test_lines_that_count_pages_are_nobodys_heading_and_nothing_by_themselves(footer):
    text = document(footer)
    spans = sentences(text)
    found = furniture(text, spans)
    assert {text[slice(*spans[unit])].strip() for unit in found} == {footer.format(page) for page in range(1, 5)}
    units = with_headings(text, Units(spans))
    assert found <= units.frame
    assert not found & {other for company in units.needs.values() for other in company}


PLAIN = PROSE.strip()


@pytest.mark.parametrize(
    "text",
    [f"{PLAIN}\n\n1\n\n{PLAIN}\n\n2\n\n{PLAIN}\n\n3\n", f"1\n\n{PLAIN[:-20]}\n\n2\n\n{PLAIN}\n\n3\n\n{PLAIN}\n",
     f"1\n\n{PLAIN}\n\f2\n\n{PLAIN}\n\f3\n\n{PLAIN}\n"],
)  # fmt: skip
def test_bare_numbers_count_pages_at_the_end_where_text_runs_on_and_at_page_breaks(text):
    spans = sentences(text)
    assert {text[slice(*spans[unit])].strip() for unit in furniture(text, spans)} == {"1", "2", "3"}


@pytest.mark.parametrize("line", ["{}", "Exercise  {}", "Chapter\t{}"])
def test_bare_numbers_above_parts_are_headings(line):
    text = "The Green Boat\n\n" + document(line)
    assert furniture(text, sentences(text)) == set()


def test_behind_a_running_head_comes_the_title():
    text = f"Soil Letters   101\n\nDeep Roots of Rye\n\nLena Ortiz, Mark Feld\n\n{PLAIN}\n\nSoil Letters   102\n\n{PLAIN}\n\nSoil Letters   103\n\n{PLAIN}\n"
    units = with_headings(text, Units(sentences(text)))
    assert [others for unit, others in units.needs.items() if unit == 2] == [(1,)]
    assert {0, 1} <= units.frame


def test_they_are_not_kept():
    text = document(FOOTERS[0])
    out = lingua().compress([text], query="annual report of Torvik", budget=Budget(rate=0.5))
    assert out.text
    assert "Torvik Rail plc" not in out.text


@pytest.mark.parametrize("line", ["Chapter {}", "Section {}", "Day {}: rain", "Year 202{}", "The {} best mills of the north"])
def test_headings_that_count_are_none(line):
    text = document(line)
    assert furniture(text, sentences(text)) == set()


@pytest.mark.parametrize(
    ("footer", "pages", "prose"), [("Page {}", 2, PROSE), ("{}", 6, "One cell."), ("Torvik Rail plc  2022", 4, PROSE)]
)
def test_two_pages_cells_and_lines_without_a_number_that_grows_are_none(footer, pages, prose):
    text = document(footer, pages, prose)
    assert furniture(text, sentences(text)) == set()


def test_time_grows_with_the_text_and_not_with_its_square():
    text = "".join(f"{'a  ' * 39}{page}\n\n" for page in range(3000))
    start = time.perf_counter()
    furniture(text, sentences(text))
    assert time.perf_counter() - start < 8
