"""Choosing units under a budget: what is left is filled, and guarded parts compete."""

import numpy as np
import pytest
from fakes import count_words
from samples import CHINESE, PROSE, RECORDS

from linguapress import Draft, Guard, Passage, Span, Units, keep_best
from linguapress.counters import token_counter
from linguapress.segment import words
from linguapress.select import Selection, stitchers


@pytest.mark.parametrize("seed", range(12))
def test_a_large_unit_in_the_way_does_not_leave_the_budget_unused(seed):
    documents = [*PROSE, RECORDS, CHINESE]
    units = [Guard().units(text, words) for text in documents]
    scores = [np.random.default_rng(seed).random(len(item.spans)) for item in units]
    draft = Draft(tuple(Passage.whole(*pair) for pair in enumerate(documents)), None, 150, token_counter())
    assert 147 <= keep_best(draft, units, scores).tokens <= 150


def test_past_keeps_the_run_that_fits_and_the_next_unit():
    text = "a b c d e f "
    units = Units([Span(at, at + 2) for at in range(0, 12, 2)])

    def kept(limit):
        draft = Draft((Passage.whole(0, text),), None, limit, count_words)
        return Selection(draft, stitchers(draft, [units]), [[0.1, 0.9, 0.8, 0.2, 0.0, 0.7]]).past().text.split()

    assert [kept(limit) for limit in (0, 1, 2, 6)] == [[], ["b", "c"], ["b", "c", "f"], ["a", "b", "c", "d", "e", "f"]]


def test_blanks_are_counted_too():
    draft = Draft((Passage.whole(0, "   "),), None, 1, count_words)
    assert keep_best(draft, [words("   ")], [[1.0]]).tokens == 0


def test_forced_units_come_first_then_vital_ones_then_the_rest_each_by_score():
    text = "a b c d e f "
    spans = [Span(at, at + 2) for at in range(0, 12, 2)]
    units = Units(spans, forced=frozenset({4}), vital=frozenset({0, 3}))
    scores = [0.1, 0.9, 0.8, 0.2, 0.0, 0.7]

    def kept(limit):
        draft = Draft((Passage.whole(0, text),), None, limit, count_words)
        return keep_best(draft, [units], [scores]).text.split()

    assert [kept(limit) for limit in range(1, 5)] == [["e"], ["d", "e"], ["a", "d", "e"], ["a", "b", "d", "e"]]
