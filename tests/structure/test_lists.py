"""Items of lists and what introduces them."""

import pytest

from linguapress.segment import sentences
from linguapress.structure.lists import with_leads
from linguapress.units import Units

DATA = """Data that we collect

We never store:

- passwords in plain text
- credit card numbers

We store for 30 days:

1. IP addresses
2. device identifiers:
   - the serial number
   - the model
3. search terms

You can ask us to delete your account."""


def led(text, guard=frozenset()):
    """For each sentence, what it brings along."""
    spans = sentences(text)
    units = with_leads(text, Units(spans, verbatim=guard))
    told = [text[start:end].strip() for start, end in spans]
    return {told[unit]: [told[other] for other in needs] for unit, needs in units.needs.items()}, {
        told[unit] for unit in units.frame
    }


def test_items_bring_the_line_above_that_ends_in_a_colon():
    needs, alone = led(DATA)
    assert needs == {
        "- passwords in plain text": ["We never store:"],
        "- credit card numbers": ["We never store:"],
        "1. IP addresses": ["We store for 30 days:"],
        "2. device identifiers:": ["We store for 30 days:"],
        "- the serial number": ["2. device identifiers:"],
        "- the model": ["2. device identifiers:"],
        "3. search terms": ["We store for 30 days:"],
    }
    assert alone == {"We never store:", "We store for 30 days:", "2. device identifiers:"}


def test_a_long_lead_may_stand_alone():
    lead = "Since the law of 2018 and all that has been decided since, " * 3 + "these are forbidden:\n"
    needs, alone = led(lead + "- dogs\n- cats")
    assert set(needs) == {"- dogs", "- cats"}
    assert not alone


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- one\n- two",
        "Note: we ship on Monday. It is far.",
        "He said:\nWe are late. It rained.",
        "Bring:\n\nNothing of that is a list.\n\n- dogs",
    ],
)
def test_what_no_line_introduces_is_left(text):
    assert led(text) == ({}, set())


def test_structure_introduces_nothing():
    text = "We never store:\nx = 1\n- dogs"
    assert led(text, guard=frozenset({1})) == ({}, set())


def test_a_lead_that_the_caller_forces_is_no_frame():
    text = "We never store:\n- dogs\n- cats"
    units = with_leads(text, Units(sentences(text), forced=frozenset({0})))
    assert units.frame == frozenset()
    assert set(units.needs) == {1, 2}


def test_items_with_another_mark_belong_to_another_list():
    text = "8.2 We never pay:\n\n(a) fines;\n\n(b) wine.\n\n9. PENSION\n\n9.1 We pay 8 per cent."
    needs, _ = led(text)
    assert needs == {"(a) fines;": ["8.2 We never pay:"], "(b) wine.": ["8.2 We never pay:"]}
