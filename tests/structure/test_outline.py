"""Which of the headings that nothing marks stands above which."""

import time

import pytest

from linguapress.segment import sentences
from linguapress.structure.headings import headings, with_headings
from linguapress.units import Units

PROSE = "Stir the pot slowly for an hour, and let it stand until the evening."
SOUP = f"Serves 4\n\nIngredients\n300 g peas\n1 onion\n\nMethod\n{PROSE}\n\n"


def chains(text):
    """For each unit the headings above it, innermost first."""
    spans = sentences(text)
    above = headings(text, spans)
    found = {}
    for index, (start, end) in enumerate(spans):
        chain, at = [], above[index]
        while at >= 0:
            chain.append(text[slice(*spans[at])].strip())
            at = above[at]
        found.setdefault(text[start:end].strip(), []).append(chain)
    return found


@pytest.mark.parametrize(("one", "two"), [("PEA SOUP", "LEEK PIE"), ("Pea soup", "Leek pie")])
def test_what_comes_back_stands_below_what_does_not(one, two):
    found = chains(f"My kitchen\n\n{one}\n{SOUP}{two}\n{SOUP}The end.")
    assert found[PROSE] == [["Method", one, "My kitchen"], ["Method", two, "My kitchen"]]
    assert found["300 g peas"] == [["Ingredients", one, "My kitchen"], ["Ingredients", two, "My kitchen"]]


def test_passages_one_after_the_other_have_titles_of_one_level():
    texts = [f"{title}\n{PROSE} {PROSE}" for title in ("Pencil", "Joseph Dixon", "NASA", "Pencil", "GRAPHITE", "Lead")]
    spans = sentences("\n\n".join(texts))
    assert headings("\n\n".join(texts), spans) == [-1, 0, 0, -1, 3, 3, -1, 6, 6, -1, 9, 9, -1, 12, 12, -1, 15, 15]


def test_a_title_stands_above_brief_lines_that_a_blank_one_parts_from_it():
    soup = SOUP.replace("Serves 4", "\nServes 4\nPreparation 15 minutes")
    found = chains(f"My kitchen\n\nPea soup\n{soup}Leek pie\n{soup}The end.")
    assert found["300 g peas"] == [["Ingredients", "Pea soup", "My kitchen"], ["Ingredients", "Leek pie", "My kitchen"]]


def test_a_title_that_says_something_is_not_kept_alone_where_headings_stand_below_it():
    text = f"My kitchen\n\nSOUP OF GREEN PEAS\n{SOUP}PIE OF LEEKS AND CREAM\n{SOUP}The end."
    units = with_headings(text, Units(sentences(text)))
    assert {text[slice(*units.spans[unit])].strip() for unit in units.frame} >= {"SOUP OF GREEN PEAS", "PIE OF LEEKS AND CREAM"}


def test_a_numbered_heading_right_above_another_is_one():
    found = chains(f"Field report\n\n1 Aim\n\n{PROSE}\n\n2 Methods\n\n2.1 Sites\n\n{PROSE}\n\n3 Results\n\n3.1 Yield\n\n{PROSE}")
    assert found[PROSE] == [
        ["1 Aim", "Field report"],
        ["2.1 Sites", "2 Methods", "Field report"],
        ["3.1 Yield", "3 Results", "Field report"],
    ]


def test_a_heading_in_capitals_stands_above_a_table():
    table = "Plan       From\nDental     day 1\nGym        day 2\n\n"
    found = chains(f"Contract\n\nSCHEDULE 1: BENEFITS\n\n{table}SCHEDULE 2: ADDRESSES\n\n{PROSE}")
    assert found["Dental     day 1"] == [["SCHEDULE 1: BENEFITS", "Contract"]]
    assert found[PROSE] == [["SCHEDULE 2: ADDRESSES", "Contract"]]


@pytest.mark.parametrize("line", ["Regards", "Kind regards", "Thanks again", "(Music.)", "I. Aim", "Page title: one and the same"])
def test_other_lines_that_come_back_are_none(line):
    text = f"{PROSE}\n\n{line}\nAnna Holm\n12 River Street\n\n{PROSE}\n\n{line}\nBert Holm\n14 River Street\n\n{PROSE}"
    assert not {name for lines in chains(text).values() for chain in lines for name in chain}


def test_time_grows_with_the_text():
    start = time.perf_counter()
    for lines in ("Method\n\n", "METHOD OF\nab\n\n", "1 A\n\n1.1 B\n\n", "A b\nc d\n\n"):
        text = lines * (200_000 // len(lines))
        headings(text, sentences(text))
    assert time.perf_counter() - start < 60
