"""Segments and the tags that they replace."""

import time

import pytest

from linguapress import Segment, parse_tags
from linguapress.segments import ordered


@pytest.mark.parametrize(
    "settings",
    [{"start": 3, "end": 3}, {"start": -1, "end": 3}, {"start": 0, "end": 3, "rate": 1.2}, {"start": 0, "end": 3, "rate": 0.5, "whole": True}],
    ids=str,
)  # fmt: skip
def test_what_is_no_segment_is_refused(settings):
    with pytest.raises(ValueError, match="segment"):
        Segment(**settings)


def test_segments_come_in_order_and_may_touch():
    assert [segment.start for segment in ordered([Segment(4, 6), Segment(0, 4)], 6)] == [0, 4]


@pytest.mark.parametrize(("segments", "says"), [([Segment(0, 4), Segment(3, 5)], "overlap"), ([Segment(0, 9)], "beyond")])
def test_segments_that_do_not_fit_the_text_are_refused(segments, says):
    with pytest.raises(ValueError, match=says):
        ordered(segments, 6)


def test_tags_become_segments_of_a_text_without_tags():
    tagged = (
        "Before <llmlingua, compress=False>Speaker 4:</llmlingua><llmlingua, rate=0.4> if a < b, go.</llmlingua>\n"
        "<llmlingua>plain</llmlingua><LLMLINGUA , compress = true, rate = 0.6>last</LLMLINGUA> after"
    )
    text, segments = parse_tags(tagged)
    assert text == "Before Speaker 4: if a < b, go.\nplainlast after"
    assert [(text[s.start : s.end], s.rate, s.whole) for s in segments] == [
        ("Speaker 4:", None, True), (" if a < b, go.", 0.4, False), ("plain", None, False), ("last", 0.6, False)
    ]  # fmt: skip


def test_a_rate_of_zero_is_a_rate_and_compress_false_outweighs_one():
    _, (none, whole) = parse_tags("<llmlingua, rate=0>a</llmlingua><llmlingua, rate=0.5, compress=false>b</llmlingua>")
    assert (none.rate, whole.rate, whole.whole) == (0.0, None, True)


def test_text_without_tags_and_empty_tags_hold_no_segments():
    assert parse_tags("just text") == ("just text", ())
    assert parse_tags("a<llmlingua, rate=0.5></llmlingua>b") == ("ab", ())


@pytest.mark.parametrize(
    "tagged",
    ["<llmlingua>open", "closed</llmlingua>", "<llmlingua>a<llmlingua>b</llmlingua></llmlingua>", "<llmlingua, ratio=2>a</llmlingua>",
     "<llmlingua, rate=3>a</llmlingua>", "<llmlingua, rate=1.2.3>a</llmlingua>", "<llmlingua>a</llmlingua", "<llmlingua" * 50_000,
     "<llmlingua>" * 100_000],
    ids=["open", "closed", "nested", "unknown", "above one", "two dots", "half", "many halves", "many open"],
)  # fmt: skip
def test_tags_that_cannot_be_read_are_an_error(tagged):
    start = time.perf_counter()
    with pytest.raises(ValueError, match=r"llmlingua|rate") as error:
        parse_tags(tagged)
    assert len(str(error.value)) < 200
    assert time.perf_counter() - start < 10
