"""Plain-text tables with columns parted by blanks: rows are units and bring their header; nothing else is touched."""

import time

import pytest
from fakes import count_bytes, lingua

from linguapress import Budget, Guard
from linguapress.segment import sentences
from linguapress.structure.aligned import aligned
from linguapress.structure.blocks import blocks
from linguapress.structure.headings import with_headings

SUMMARY = """Three-year summary         2022     2021     2020
Revenue (£m)              482.6    406.4    294.2
Profit per share (p)       21.4     (9.3)   (24.8)
Dividend per share (p)      9.0      nil      nil
"""
PAY = """                Salary  Bonus  Total 2022
                  £000   £000        £000
Mira Olsen         540    378         918
Sir Hugh Bell      210      -         210
"""
HARVEST = """Variable             Control     +1.8 K     +3.4 K
Seed yield (t/ha)    1.62 a      1.49 b     1.15 c
Insect visits        17.4 a      17.9 a     14.2 b
"""
PLANS = """Benefit            Provider         From        Value
Dental plan        BrightSmile      month 7     £180 a year
Gym membership     Leith Club       day 1       £32 a month
"""
RULED = """=======  =======  ======
Fruit    Colour   Origin
=======  =======  ======
Apple    red      Torvik
Pear     green    Halle
=======  =======  ======
"""


def rows(text):
    """Each unit of tables with the units that it needs and whether it is nothing by itself, all by their first words."""
    found = []
    for block in aligned(text, 0, len(text)):
        starts = block.cuts[:-1]
        names = {a: " ".join(text[a:b].split()[:2]) for a, b in zip(starts, block.cuts[1:], strict=True)}
        found += [(names[at], {names[other] for other in block.needs.get(at, ())}, at in block.frame) for at in starts]
    return found


@pytest.mark.parametrize(
    ("table", "headers"),
    [(SUMMARY, ["Three-year summary"]), (PAY, ["Salary Bonus", "£000 £000"]), (HARVEST, ["Variable Control"]),
     (PLANS, ["Benefit Provider"]), (RULED, ["======= =======", "Fruit Colour", "======= ======="])],
)  # fmt: skip
@pytest.mark.parametrize("around", ["", "The figures of the year follow.\n"])
def test_rows_are_units_that_need_their_header(table, headers, around):
    found = rows(around + table)
    assert [name for name, _, frame in found if frame] == headers
    body = [(name, needs) for name, needs, frame in found if not frame]
    assert len(body) >= 2
    assert all(needs == set(headers) for _, needs in body)


@pytest.mark.parametrize(
    "table",
    ["Parameter           Symbol  Min   Max  Unit\nSupply voltage      VCC     -0.3  6.0  V\nStorage temp.       TSTG    -65   150  °C\n"
     "ESD                 VESD          2    kV\nDrop height         H             900  mm\n",
     "Name          Town      Mark   Unit\nAnna Weber    Bonn      12.5   V\nBert Hall     Torvik       7   kV\n"
     "Cara Lind     Halle        9   kV\nDora Moss     Hagen       11   kV\n"],
)  # fmt: skip
def test_the_first_rows_are_no_header(table):
    found = rows(table)
    header = found[0][0]
    assert [name for name, _, frame in found if frame] == [header]
    assert all(needs == {header} for _, needs, _ in found[1:])


def test_a_cell_goes_on_below():
    table = (
        "Pos  Description                Qty    Price\n1    Vacuum pump                  2   640.00\n2    Seal kit                     2    38.50\n"
        "     (incl. two O-rings)\n3    Pressure sensor              4   212.75\n"
    )
    found = rows(table)
    assert [name for name, _, _ in found] == ["Pos Description", "1 Vacuum", "2 Seal", "3 Pressure"]


def test_conditions_in_cells_are_no_code():
    table = (
        "Parameter        Conditions     Min   Typ   Unit\nOffset           TA = 25 °C     0.1   0.5   mV\nGain             G = 1          0.2   0.9   dB\n"
        "Bandwidth        CL = 20 pF     8     10    MHz\n"
    )
    assert [name for name, _, _ in rows(table)] == ["Parameter Conditions", "Offset TA", "Gain G", "Bandwidth CL"]
    assert not rows("a = 1    b = 2\nc = 3    d = 4\ne = 5    f = 6\n")


CAPTIONS = """Price list

Tickets are sold at the desk of the station from nine in the morning.

Children

Zone A      1.20     3.10    22.00
Zone B      1.60     4.10    29.00
Zone C      1.90     5.10    39.00

Adults

Zone A      2.40     6.20    61.00
Zone B      3.20     8.20    79.00
Zone C      3.90     9.20    99.00

Dogs go free in all of the zones, if somebody who has a ticket looks after them.
"""


def test_a_line_above_a_table_is_the_heading_of_that_table_alone():
    units = with_headings(CAPTIONS, Guard().coarse.units(CAPTIONS, sentences))
    names = [" ".join(CAPTIONS[start:end].split()[:2]) for start, end in units.spans]
    above = {names[unit] + str(unit): [names[other] for other in needs] for unit, needs in units.needs.items()}
    assert above["Zone B4"] == ["Children"]
    assert above["Zone B8"] == ["Adults"]
    assert above["Dogs go10"] == ["Price list"]
    assert {names[unit] for unit in units.frame} == {"Price list", "Children", "Adults"}


def test_rows_are_not_cut_inside():
    text = f"It was a good year. All is well.\n\n{SUMMARY}\nThe dividend was paid. It was 9.0 p.\n"
    units = Guard().units(text, sentences)
    lines = set(SUMMARY.splitlines())
    assert lines <= {text[start:end].strip() for start, end in units.spans}
    assert len(units.verbatim) == 4


def test_a_row_is_kept_whole_and_with_its_header():
    text = f"Torvik Rail\n\n{PAY}\nThe board met in May and thanked everybody who had worked for the group in the year.\n"
    out = lingua().compress([text], query="bonus Mira Olsen", budget=Budget(tokens=130, count=count_bytes))
    assert "Mira Olsen         540    378         918" in out.text
    assert "Salary  Bonus  Total 2022" in out.text
    assert "£000   £000        £000" in out.text


def test_lines_of_the_first_column_alone_head_the_rows_below():
    text = """                      31 May 2022   31 May 2021
Fixed assets
Plant and
  machines                 120.4         118.2
Current assets
Cash                         4.4           3.1

Total                      124.8         121.3
"""
    found = {name: needs for name, needs, _ in rows(text)}
    assert found["Plant and"] == {"31 May", "Fixed assets"}
    assert found["Cash 4.4"] == {"31 May", "Current assets"}
    assert "Total 124.8" in found


def test_a_line_over_several_columns_belongs_to_the_header():
    text = """                    Year ended 31 May
Item                  2022      2021
Cash                   1.2       1.3
Debt                   4.2       5.3
"""
    assert rows(text)[2] == ("Cash 1.2", {"Year ended", "Item 2022"}, False)


def test_rows_without_a_header_need_none():
    found = rows("Width         40 cm\nDepth         60 cm\nHeight        85 cm\n")
    assert found == [("Width 40", set(), False), ("Depth 60", set(), False), ("Height 85", set(), False)]


NO_TABLES = {
    "prose": "The mill stands on the river.  It was built in 1912.  Nobody uses it.\nIn 1914 it closed.  It has 3 floors.  They leak.\n"
    "From 1920 on.  It was a shop.  It sold 12 kinds.\n",
    "justified": "The  quick brown  fox jumps over  the lazy  dog and runs\naway from  the  hunter who has  been waiting for  12 hours\n"
    "in the  cold of  the winter  night without  any food or 3\nwarm  clothes and  with  no hope  of catching  the animal\n",
    "poem": "Listen to water        in early days\nthe kings of men       and their long fame\nand how the princes    did brave things\n",
    "talk": "10:15   Alice    Hello there\n10:16   Bob      Good morning to you\n10:17   Alice    I am late today\n",
    "talk without times": "Alice      Hello, how are you today in the rain?\nBob        Fine, and 3 days left.\nAlice      Good to hear.\n",
    "address": "John Smith              Mary Jones\n12 River Street         4 Hill Road\nTorvik NW1              Halle\n",
    "columns of prose": "This is the left column of        and this is the right column\nthe page and the text runs        that has 12 other things in\n"
    "on in 1912 from line to line      it until the end of the page\n",
    "code": "int a      = 1;\nint bcd    = 2;\nint efgh   = 3;\n",
    "macros": "#  define SWAP16(x)  swap16(x)\n#  define SWAP32(x)  swap32(x)\n#  define SWAP64(x)  swap64(x)\n",
    "art": "   /\\_/\\     |\n  ( o.o )    |  ~~\n   > ^ <     |\n  (  1  )    |  2\n",
    "one line": "Width         40 cm\nThe rest is prose that goes on over the page and says much more than that.\n",
}


@pytest.mark.parametrize("text", NO_TABLES.values(), ids=NO_TABLES.keys())
def test_what_is_no_table_is_not_touched(text):
    assert rows(text) == []


HOSTILE = ["a  1\n", "a  b  " * 60 + "\n", "a\n\n", " a\n", "---  ---\n", "word  " * 9 + "2\nword\n", "\t1\ta\n"]


@pytest.mark.parametrize("line", HOSTILE)
def test_time_grows_with_the_text_and_not_with_its_square(line):
    text = line * (100_000 // len(line))
    start = time.perf_counter()
    list(aligned(text, 0, len(text)))
    assert time.perf_counter() - start < 8


def test_a_tag_that_goes_over_two_lines_is_no_error():
    text = "  Files are called ab-<type>-<name>.  So >\n<    speaks of the file and of what it holds.  Sometimes,\n"
    assert all(0 <= block.start < block.end <= len(text) for block in blocks(text))
