"""Answers in the words of the source."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import BRIDGE, OVEN, hostile

from linguapress import Budget, Compression, Draft, Passage, load, quotes, recover


def kept(source, *parts, index=0):
    """The passage of which only these parts are kept, each looked for behind the one before."""
    spans, position = [], 0
    for part in parts:
        start = source.index(part, position)
        position = start + len(part)
        spans.append((start, position))
    return Passage(index, source, ()).keep(spans)


def compression(*passages):
    return Compression.of([p.source for p in passages], Draft(tuple(p for p in passages if p.text), None, 99, len), 99, 99)


HOLM = kept(
    "It was built by Marta Elisabeth van der Holm in 1897, and Holm was proud.", "It was built by Marta ", "Holm in 1897", " Holm"
)


def test_a_shortened_name_gets_its_words_back():
    assert recover("Marta Holm built it.", compression(HOLM)) == "Marta Elisabeth van der Holm built it."


def test_a_word_that_lost_its_middle_or_its_beginning_gets_it_back():
    lights = kept("He has six highlighters.", "He has six", "lighters.")
    assert recover("sixlighters", compression(lights)) == "six highlighters"
    assert recover("gen.", compression(kept("Wilhelm Röntgen", "gen"))) == "Röntgen."


def test_what_was_kept_whole_and_what_was_never_said_stay_byte_for_byte():
    answer = " 'Holm, in  1897'?  Nobody\tknows\n"
    assert recover(answer, compression(HOLM)) == answer
    assert recover("", compression(HOLM)) == ""
    assert recover("Holm", compression()) == "Holm"


def test_the_longest_run_wins_and_then_the_tightest():
    first = kept("red paint and old bridge", "red ", "bridge")
    second = kept("red bridge", "red bridge", index=1)
    assert recover("the red bridge", compression(first, second)) == "the red bridge"
    longer = kept("red old bridge of steel", "red ", "bridge of steel", index=1)
    assert recover("red bridge of steel", compression(second, longer)) == "red old bridge of steel"


def test_a_run_ends_at_a_large_hole_and_at_the_end_of_a_document():
    far = kept(f"start {'w ' * 11}end", "start ", "end")
    assert recover("start end", compression(far)) == "start end"
    assert recover("start end", compression(far), gap=11) == f"start {'w ' * 11}end"
    assert recover("a b", compression(kept("a x", "a"), kept("b", "b", index=1))) == "a b"


def test_quotes_tell_where_the_words_stand():
    found = quotes("By Marta Holm, they say.", compression(kept("nothing", index=0), kept(HOLM.source, "Marta ", "Holm", index=1)))
    assert [(q.start, q.end, q.document, q.text) for q in found] == [(3, 13, 1, "Marta Elisabeth van der Holm")]
    assert HOLM.source[slice(*found[0].source)] == found[0].text


def test_chinese_is_quoted_by_characters():
    assert recover("答案是狮子一九", compression(kept("狮子桥建于一九年", "狮子", "一九"))) == "答案是狮子桥建于一九"


def test_a_real_compression_is_undone():
    out = load("random_words").compress([BRIDGE, OVEN], budget=Budget(rate=0.6))
    for passage in out.passages:
        for quote in quotes(passage.text, out, gap=10**6):
            assert passage.source[slice(*quote.source)] == quote.text or quote.document != passage.index


@pytest.mark.parametrize("words", [20, 400])
def test_a_text_of_one_word_is_no_problem(words):
    text = "ha " * words
    out = load("head").compress([text], budget=Budget(rate=0.5))
    assert recover(out.text, out) == out.text


@given(documents=st.lists(hostile, max_size=3), answer=hostile, rate=st.floats(0, 1))
def test_any_answer_comes_back(documents, answer, rate):
    out = load("random_words").compress(documents, budget=Budget(rate=rate))
    assert isinstance(recover(answer, out), str)
    for quote in quotes(out.text, out):
        assert documents[quote.document][slice(*quote.source)] == quote.text
