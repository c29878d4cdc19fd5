"""What a question calls by a name, number or code."""

import time

import numpy as np
import pytest
from fakes import FakeKeep

from linguapress import Passage, Rating, Units
from linguapress.methods.query_select import QuerySelect
from linguapress.rare_terms import rare_terms, unmet
from linguapress.segment import sentences

CODES = "E1 Humidity sensor faulty. E2 Coil sensor faulty. E3 Fan blocked. The air is warm."


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("What does error code E3 mean?", ["e3"]),
        ("What changed in 5.0.2?", ["5.0.2"]),
        ("Where did Marta Holm live?", ["marta", "holm"]),
        ("Was macht getUserName in API-7?", ["getusername", "api-7"]),
        ("Who built it?", []),
        ("WHO built it, and who paid the WHO?", ["who"]),
        ("E3", ["e3"]),
        ("How long can I stay in Spain?", ["spain"]),
        ("HOW DO I RESET THE XR5 ROUTER?", ["xr5"]),
        ("How To Reset The Router", []),
        ("", []),
        ("? !", []),
    ],
)
def test_terms_hold_a_digit_or_an_unusual_capital(query, terms):
    assert rare_terms(query) == terms


def found(text, query, kept=(), ratings=None, units=None):
    units = units or Units(sentences(text))
    rows = np.zeros(len(units.spans)) if ratings is None else np.array(ratings)
    return unmet(query, [Passage.whole(0, text)], [units], [rows], [list(kept)])


def test_the_only_unit_with_a_code_is_missed():
    assert found(CODES, "What does E3 mean?", kept=[0, 1]) == [(0, 2)]


def test_nothing_is_missed_where_a_kept_unit_holds_the_term_or_none_does():
    assert found(CODES, "What does E3 mean?", kept=[2]) == []
    assert found(CODES, "What does E4 mean?") == []
    assert found("Part E31 fits. So does XE3.", "What does E3 mean?") == []


def test_of_two_the_better_and_of_many_none():
    text = "E3 is rare. Avoid E3. It rains."
    assert found(text, "Is E3 bad?", ratings=[0.1, 0.7, 0.9]) == [(0, 1)]
    assert found(text + " E3 again.", "Is E3 bad?") == []


def test_many_terms_take_one_look():
    text = "It rained in Torvik, and nobody knew why. " * 5000
    start = time.perf_counter()
    assert found(text, " ".join(f"XR{number}" for number in range(2000))) == []
    assert time.perf_counter() - start < 10


def test_of_a_heading_what_stands_beneath_it():
    text = "## 5.0.2\nA leak is mended. Tiles load.\n"
    headed = Units(sentences(text), {1: (0,), 2: (0,)}, frame=frozenset({0}))
    assert found(text, "What changed in 5.0.2?", ratings=[0.9, 0.1, 0.4], units=headed) == [(0, 2)]
    bare = Units([(0, len(text))], frame=frozenset({0}))
    assert found(text, "What changed in 5.0.2?", units=bare) == []


class Misses:
    """Takes the first sentence for what is needed, and nothing else."""

    def rate(self, query, passages, units):
        rows = [np.array([0.9, *([0.01] * (len(item.spans) - 1))]) for item in units]
        return Rating(rows, np.array([row.max() for row in rows]), needed=rows)


def test_without_a_budget_the_answer_stays_although_the_model_misses_it():
    out = QuerySelect(Misses(), FakeKeep(), threshold=0.1).compress([CODES], "What does E3 mean?")
    assert out.text == "E1 Humidity sensor faulty. E3 Fan blocked."
