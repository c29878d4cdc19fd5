"""Selection and joints: characters of the source, in order, nothing glued, the budget filled."""

import itertools
import json

import numpy as np
import pytest
import regex
from fakes import count_bytes, count_words, count_zipped
from hypothesis import given
from hypothesis import strategies as st
from samples import BRIDGE, OVEN, hostile

from linguapress import Draft, Guard, Passage, Span, Units, keep_best
from linguapress.segment import sentences, words
from linguapress.stitch import Stitcher

SPACED = regex.compile(r"[[\p{L}\p{N}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}ー]]", regex.V1)


def draft(*texts, limit, count=count_words):
    return Draft(tuple(Passage.whole(i, text) for i, text in enumerate(texts)), None, limit, count)


def kept(text, split, scores, limit, count=count_words):
    return keep_best(draft(text, limit=limit, count=count), [split(text)], [scores]).text


def assert_nothing_glued(passage):
    """No two letters or digits of spaced scripts meet where something between them was dropped."""
    for left, right in zip(passage.spans, passage.spans[1:], strict=False):
        before, after = passage.source[left.end - 1], passage.source[right.start]
        assert not (SPACED.match(before) and SPACED.match(after)), (passage.source, passage.text)


@pytest.mark.parametrize("guard", [Guard(), Guard.off()], ids=["guarded", "off"])
@pytest.mark.parametrize("split", [words, sentences])
@given(text=hostile, seed=st.integers(0, 99), share=st.floats(0, 1))
def test_kept_units_never_grow_together(guard, split, text, seed, share):
    units = guard.units(text, split)
    scores = np.random.default_rng(seed).random(len(units.spans))
    start = draft(text, limit=int(share * count_bytes(text)), count=count_bytes)
    out = keep_best(start, [units], [scores])
    assert out.tokens <= start.limit
    for passage in out.passages:
        assert_nothing_glued(passage)


@given(
    words_of=st.lists(st.sampled_from(["alpha", "beta,", "gamma.", "delta", "epsilon!"]), min_size=1, max_size=30), data=st.data()
)
def test_what_is_kept_reads_as_the_chosen_words(words_of, data):
    text = " ".join(words_of)
    chosen = data.draw(st.sets(st.integers(0, len(words_of) - 1), min_size=1))
    scores = [1.0 if index in chosen else 0.0 for index in range(len(words_of))]
    out = kept(text, words, scores, len(chosen))
    strip = str.maketrans("", "", ",.!")
    assert [word.translate(strip) for word in out.split()] == [words_of[index].translate(strip) for index in sorted(chosen)]


def test_a_sentence_that_lost_its_end_keeps_its_full_stop():
    assert kept("The bridge is very old indeed. It stands.", words, [9, 9, 9, 0, 1, 0, 5, 5], 5) == "The bridge is. It stands."


def test_a_line_end_beats_a_space():
    assert kept("one two three\nfour five", words, [9, 0, 0, 9, 0], 2).split() == ["one", "four"]
    assert "\n" in kept("one two three\nfour five", words, [9, 0, 0, 9, 0], 2)


def test_the_result_carries_no_blanks_at_its_end():
    assert kept("one two three", words, [9, 9, 0], 2) == "one two"


def test_ties_go_to_the_earlier_unit():
    assert kept("a b c d", words, [1, 1, 1, 1], 2) == "a b"


def test_not_a_number_is_the_lowest_score_and_infinity_the_highest():
    nan, inf = float("nan"), float("inf")
    assert kept("a b c d", words, [nan, 0.1, nan, inf], 2) == "b d"
    assert kept("a b c d", words, [nan, -inf, nan, 0], 1) == "d"
    assert kept("a b c d", words, [nan] * 4, 2) == "a b"


def test_what_is_too_large_does_not_stop_what_is_small():
    text = "One two three four five six seven. Small one. Tiny."
    assert kept(text, sentences, [3, 2, 1], 4) == "Small one. Tiny."


def test_what_lies_between_units_is_dropped():
    out = keep_best(draft("abc def ghi", limit=9), [[Span(0, 4), Span(8, 11)]], [[1, 1]])
    assert out.text == "abc ghi"


def test_a_unit_brings_what_it_needs():
    units = Units(words("head a b c"), needs={2: (0,), 3: (0,)}, frame=frozenset({0}))
    assert keep_best(draft("head a b c", limit=2), [units], [[0, 1, 9, 2]]).text == "head b"
    assert keep_best(draft("head a b c", limit=1), [units], [[9, 1, 8, 2]]).text == "a"


def test_a_number_for_each_unit_is_demanded():
    with pytest.raises(ValueError, match="4 units need as many scores, got 3"):
        kept("a b c d", words, [1, 2, 3], 2)


@pytest.mark.parametrize("count", [count_words, count_bytes, count_zipped])
@pytest.mark.parametrize("limit", [0, 1, 2, 3, 10, 50, 10**9])
def test_the_limit_holds_and_is_used(count, limit):
    scores = [np.random.default_rng(0).random(len(words(text))) for text in (BRIDGE, OVEN)]
    out = keep_best(draft(BRIDGE, OVEN, limit=limit, count=count), [words(BRIDGE), words(OVEN)], scores)
    assert out.tokens <= limit
    if limit >= 50:
        assert out.tokens >= 0.97 * min(limit, count(f"{BRIDGE}\n\n{OVEN}"))


def test_few_counts_suffice():
    calls = 0

    def count(text):
        nonlocal calls
        calls += 1
        return count_bytes(text)

    text = BRIDGE * 20
    kept(text, words, np.random.default_rng(0).random(len(words(text))), 1000, count)
    assert calls <= 60


def test_a_line_before_a_bracket_keeps_its_end_where_that_closes_no_list():
    text = "start(x);\nstop(y);\n} else {\nwait(z);\nreturn f(z);\n"
    units = Guard().units(text, words)
    lines = [text[start:end] for start, end in units.spans]
    rendered = Stitcher.of(text, units).render([lines.index("start(x);\n"), lines.index("} else {\n")])
    assert rendered == "start(x);\n} else {"


@given(seed=st.integers(0, 9), share=st.floats(0, 1), indent=st.sampled_from([None, 1, "\t"]))
def test_any_members_of_json_with_all_that_they_need_parse(seed, share, indent):
    numbers = {"list": [{"n": n, "in": [n, {"x": [], "y": n}]} for n in range(3)], "]": "a, ", "last": 2}
    text = "Look.\n\n" + json.dumps([numbers, [numbers, "}"], "{", numbers], indent=indent) + "\n"
    units = Guard().coarse.units(text, sentences)
    dice = np.random.default_rng(seed).random(len(units.spans))
    chosen = [unit for unit in np.flatnonzero(dice < share).tolist() if unit not in units.frame]
    rendered = Stitcher.of(text, units).render(units.company(*chosen)).removeprefix("Look.").strip()
    assert not rendered or json.loads(rendered)


def test_a_result_that_ends_in_code_carries_no_blanks_at_its_end():
    text = "import a_b\n\nx = f(1)\n\ny = g(2)\n"
    units = Guard().units(text, words)
    assert Stitcher.of(text, units).render([0, 1]) == "import a_b\n\nx = f(1)"


def rendered(text, split, *chosen):
    """The chosen parts of a text, guarded, as they are joined."""
    units = Guard().coarse.units(text, split)
    return Stitcher.of(text, units).render(units.company(*chosen))


def test_what_follows_a_table_begins_a_line_even_where_the_last_row_is_gone():
    text = "| City | People |\n|---|---|\n| Kiel | 246,000 |\n| Bonn | 330,000 |\n\nAll figures are from 2021."
    units = Guard().coarse.units(text, sentences)
    last = len(units.spans) - 1
    assert (
        rendered(text, sentences, last - 2, last)
        == "| City | People |\n|---|---|\n| Kiel | 246,000 |\n\nAll figures are from 2021."
    )


@pytest.mark.parametrize("end", ['sell it."', "sell it!”", "(so he said.)", "**sell it.**"])
def test_a_stop_before_a_closing_mark_is_a_stop(end):
    text = f"He said that he won't {end} She left the room. All went home."
    cuts = [0, text.index("She"), text.index("All"), len(text)]
    units = Units([Span(*cut) for cut in itertools.pairwise(cuts)])
    assert Stitcher.of(text, units).render([0]) == text[: text.index(" She")]
    assert Stitcher.of(text, units).render([0, 2]) == text[: text.index("She")] + "All went home."
