"""Numbers that a question names and a heading holds."""

import pytest

from linguapress import Budget, load
from linguapress.models.lexical import LexicalRelevance
from linguapress.numbered import beneath
from linguapress.segment import lines, sentences
from linguapress.structure.headings import with_headings
from linguapress.text import Passage
from linguapress.units import Units

NEWS = """# Changes

## [5.0.2] - 2023-11-03

### Fixed
- The import works again.

## [5.0.1] - 2023-09-14

### Fixed
- The licence is in the package.

## [4.9] - 2023-08-01

### Changed
- The licence has changed in 5.0.2 and in no other.
"""


def shares(query, text=NEWS, splitter=lines):
    units = with_headings(text, Units(splitter(text)))
    (row,) = beneath(query, [Passage.whole(0, text)], [units])
    return {text[slice(*span)].strip() for span, value in zip(units.spans, row, strict=True) if value}


@pytest.mark.parametrize("query", ["What changed in 5.0.2?", "5.0.2", "And on 2023-11-03?"])
def test_a_number_of_a_heading_speaks_of_all_beneath(query):
    assert shares(query) >= {"## [5.0.2] - 2023-11-03", "### Fixed", "- The import works again."}
    assert "- The licence is in the package." not in shares(query)


def test_a_quantity_is_no_number_of_a_section():
    text = "2 Methods\n\n2.1 Sources\n\nMaps were taken from the archive of the state.\n\n3 Results\n\nForests grew by 2.1 percent in all.\n"
    assert not shares("Why did forests grow by 2.1 percent?", text, sentences)
    assert not shares("Who paid 2.1 €?", text, sentences)
    for query in ("What is in 2.1?", "What does section 2.1 say?", "Is § 2.1 void?"):
        assert "Maps were taken from the archive of the state." in shares(query, text, sentences)


@pytest.mark.parametrize("query", ["What changed?", "What changed in 5?", "What changed in 5.0?", "In 5.0.20?", "", "v5.0.2.1"])
def test_other_questions_change_nothing(query):
    assert not shares(query)


def test_a_number_in_many_headings_tells_none_from_another():
    assert not shares("What is E3?", "".join(f"# Error E3 {part}\n\nIt is late.\n\n" for part in "abcd"))


def test_letters_gain_and_stay_within_bounds():
    units = with_headings(NEWS, Units(lines(NEWS)))
    rating = LexicalRelevance().rate("What changed in 5.0.2?", [Passage.whole(0, NEWS)], [units])
    told = dict(zip((NEWS[slice(*span)].strip() for span in units.spans), rating.units[0], strict=True))
    assert told["- The import works again."] > told["- The licence is in the package."]
    assert max(rating.units[0]) <= 1


@pytest.mark.parametrize("method", ["lingua", "query_select"])
def test_what_changed_in_a_version(method):
    text = NEWS.replace(" in 5.0.2 and in no other", "")
    out = load(method).compress([text], "What changed in 5.0.2?", budget=Budget(tokens=40))
    assert "- The import works again." in out.text
