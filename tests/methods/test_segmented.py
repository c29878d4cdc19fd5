"""Segments kept whole or at a rate of their own, around any method."""

import time
from itertools import pairwise

import pytest
from conftest import COUNTERS
from fakes import METHODS, FakeKeep, count_words
from hypothesis import given
from hypothesis import strategies as st
from samples import BRIDGE, DOCUMENTS, OVEN, hostile

from linguapress import Budget, Guard, InvalidDocuments, Segment, Segmented, compress_segments, load, parse_tags
from linguapress.methods.llmlingua2 import LLMLingua2

PRESS = LLMLingua2(FakeKeep(), guard=Guard.off())
START, END = BRIDGE.index("In 1931"), BRIDGE.index("Pigeons")


def words_budget(**size):
    return Budget(**size, count=count_words)


def kept_of(out, start, end, document=0):
    passage = next((p for p in out.passages if p.index == document), None)
    spans = passage.spans if passage else ()
    return "".join(passage.source[max(a, start) : min(b, end)] for a, b in spans if a < end and b > start)


def test_a_blank_segment_to_be_kept_whole_stays():
    budget = Budget(tokens=60, count=len)
    out = compress_segments(PRESS, [BRIDGE, "  \n  ", "  "], [[], [Segment(0, 5, whole=True)], []], budget=budget)
    assert [passage.index for passage in out.passages] == [0, 1]
    assert out.passages[1].text == "  \n  "


@pytest.mark.parametrize("name", ["llmlingua2", "lingua", "query_select", "sentence_filter", "head", "chain"])
def test_a_whole_segment_stays_byte_for_byte_and_the_budget_holds(name):
    out = compress_segments(
        METHODS[name], [BRIDGE, OVEN], [[Segment(START, END, whole=True)], []], "Who?", budget=words_budget(tokens=90)
    )
    assert BRIDGE[START:END] in BRIDGE
    assert kept_of(out, START, END) == BRIDGE[START:END]
    assert out.tokens_after == count_words(out.text) <= 90
    assert out.tokens_after > count_words(BRIDGE[START:END])  # the rest has got what was left


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.4, 0.9])
def test_a_rate_is_a_ceiling_on_its_own_segment(rate):
    out = compress_segments(PRESS, [BRIDGE], [[Segment(START, END, rate=rate)]], budget=words_budget(rate=0.8))
    own = count_words(BRIDGE[START:END])
    kept = count_words(kept_of(out, START, END))
    assert kept <= rate * own
    assert kept >= rate * own - 2
    assert out.tokens_after <= out.limit


def test_without_a_budget_only_rates_drop_anything():
    out = compress_segments(PRESS, [BRIDGE, OVEN], [[Segment(START, END, rate=0.5)], []])
    assert kept_of(out, 0, START) == BRIDGE[:START]
    assert kept_of(out, END, len(BRIDGE)) == BRIDGE[END:]
    assert kept_of(out, 0, len(OVEN), 1) == OVEN
    assert 0 < len(kept_of(out, START, END)) < END - START


def test_a_segment_without_a_rule_is_like_no_segment():
    plain = compress_segments(PRESS, [BRIDGE], [[]], budget=words_budget(tokens=60))
    marked = compress_segments(PRESS, [BRIDGE], [[Segment(START, END)]], budget=words_budget(tokens=60))
    assert plain.text == marked.text == PRESS.compress([BRIDGE], budget=words_budget(tokens=60)).text


def test_words_do_not_grow_together_at_borders():
    text = "alpha beta gamma delta epsilon zeta"
    middle = text.index("gamma"), text.index("delta") - 1
    out = compress_segments(PRESS, [text], [[Segment(*middle, whole=True)]], budget=words_budget(tokens=3))
    assert "gamma" in out.text.split()
    assert set(out.text.split()) <= set(text.split())
    assert out.tokens_after == 3


def test_whole_segments_that_do_not_fit_are_shortened_with_a_warning():
    out = compress_segments(PRESS, [BRIDGE], [[Segment(START, END, whole=True)]], budget=words_budget(tokens=20))
    assert 15 <= out.tokens_after <= 20
    assert any("kept whole" in warning for warning in out.warnings)


def test_rates_that_ask_for_too_much_are_shortened_with_a_warning():
    out = compress_segments(PRESS, [BRIDGE], [[Segment(0, END, rate=0.9)]], budget=words_budget(tokens=20))
    assert out.tokens_after <= 20
    assert any("rates" in warning for warning in out.warnings)


def test_many_segments_with_rates_take_time_in_proportion():
    text, width = "Some words about item number 5 in the store. " * 400, 45
    rows = [[Segment(at, at + width, rate=0.5) for at in range(0, len(text), width)]]
    start = time.process_time()
    out = compress_segments(load("head"), [text], rows)
    assert time.process_time() - start < 3
    assert 0.4 * len(text) < len(out.text) < 0.6 * len(text)


def test_rows_and_documents_must_match():
    with pytest.raises(InvalidDocuments, match="one for each"):
        compress_segments(PRESS, [BRIDGE, OVEN], [[]], budget=words_budget(tokens=20))
    with pytest.raises(ValueError, match="beyond"):
        compress_segments(PRESS, ["short"], [[Segment(0, 99)]], budget=words_budget(tokens=20))


def test_tags_of_the_reference_go_straight_in():
    text, segments = parse_tags(
        "<llmlingua, compress=False>Speaker 4:</llmlingua><llmlingua, rate=0.4> Thank you. And can we do the functions for content?"
        " Items I believe are 11, three, 14, 16 and 28.</llmlingua><llmlingua, compress=False>\nSpeaker 0:</llmlingua> Thank you, sir."
    )
    out = compress_segments(load("llmlingua2"), [text], [segments])
    assert out.text.startswith("Speaker 4:")
    assert out.text.endswith("\nSpeaker 0: Thank you, sir.")
    assert len(out.text) < len(text)


def test_a_method_that_reorders_still_does():
    press = Segmented(METHODS["lingua by relevance"], lambda passage: [Segment(0, 5, whole=True)])
    out = press.compress([OVEN, BRIDGE, OVEN], "Who built it?", budget=words_budget(tokens=80))
    plain = METHODS["lingua by relevance"].compress([OVEN, BRIDGE, OVEN], "Who built it?", budget=words_budget(tokens=80))
    assert [p.index for p in out.passages][: len(plain.passages)] == [p.index for p in plain.passages]


def test_records_are_used_for_segments_too():
    press = load("llmlingua2", device="cpu")
    rows = [[Segment(START, END, rate=0.5)], [Segment(0, 20, whole=True)]]
    plain, recalled = (
        compress_segments(press, [BRIDGE, OVEN], rows, budget=Budget(tokens=120), prepared=prepared)
        for prepared in (None, press.prepare([BRIDGE, OVEN]))
    )
    assert plain.text == recalled.text
    assert not recalled.warnings or recalled.warnings == plain.warnings


@given(text=hostile, data=st.data(), reader=st.sampled_from(COUNTERS), rate=st.floats(0, 1))
def test_no_text_and_no_segments_break_the_budget(text, data, reader, rate, counters):
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    rules = st.sampled_from([{}, {"whole": True}, {"rate": 0.0}, {"rate": 0.5}, {"rate": 1.0}])
    segments = [Segment(a, b, **data.draw(rules)) for a, b in pairwise(cuts)]
    budget = Budget(rate=rate, count=counters[reader])
    out = compress_segments(PRESS, [text, BRIDGE], [segments, []], "Who?", budget=budget)
    assert out.tokens_after == counters[reader](out.text) <= out.limit
    position = 0
    for passage in out.passages:
        assert all(0 <= a < b <= len(passage.source) for a, b in passage.spans)
        position += len(passage.text)
    assert position <= len(text) + len(BRIDGE)


def test_dropping_nothing_gives_back_everything():
    out = compress_segments(PRESS, DOCUMENTS, [[]] * len(DOCUMENTS), budget=Budget(rate=1.0))
    assert out.text == "\n\n".join(DOCUMENTS)
