"""Selective-Context against a toy language model."""

import pytest
from fakes import count_words
from hypothesis import given
from methods.toy_lm import ToyLM, markov, unigram
from samples import BRIDGE, OVEN, hostile

from linguapress import Budget, Guard
from linguapress.methods.phrases import phrases
from linguapress.methods.selective_context import REDUCE, SelectiveContext, sentence_surprisals, splitter
from linguapress.segment import sentences, words

PLAIN = Guard.off()


def press(table=None, other=1.0, split=words, **settings):
    return SelectiveContext(ToyLM(unigram(table or {}, other), longest=9), split, guard=PLAIN, **settings)


def budget(**size):
    return Budget(**size, count=count_words)


def test_the_surprising_words_are_kept():
    out = press({"peak": 9.0, "high": 5.0}).compress(["one high two peak three"], budget=budget(tokens=2))
    assert out.text == "high peak"


def test_each_sentence_is_read_by_itself():
    model = ToyLM(markov({(".", "Two"): 9.0, ("", "Two"): 2.0}), longest=9)
    assert sentence_surprisals(model, ["One. Two.", "", "Two."])[0].values.tolist() == [1, 1, 2, 1]
    assert sentence_surprisals(model, ["One. Two."])[0].offsets.tolist() == [[0, 3], [3, 4], [5, 8], [8, 9]]


def test_a_sum_pays_long_units_and_a_mean_does_not():
    text = "Dull dull dull dull dull. Rare thing."
    for pool, first in (("mean", "Rare"), ("max", "Rare"), ("sum", "Dull")):
        out = press({"Rare": 3.0}, split=sentences, pool=pool).compress([text], budget=budget(tokens=5))
        assert out.text.startswith(first), pool


def test_a_percentile_drops_that_share_of_the_units_without_a_budget():
    text = " ".join(f"w{n}" for n in range(10))
    table = {f"w{n}": float(n) for n in range(10)}
    assert press(table, threshold=0.5).compress([text]).text == "w5 w6 w7 w8 w9"
    assert press(table).unbudgeted().threshold == REDUCE == 0.35
    assert press(table).compress([text]).text == "w4 w5 w6 w7 w8 w9"
    assert press(table, threshold=0.5).compress([text], budget=budget(tokens=2)).text == "w8 w9"


def test_phrases_are_whole_words_and_tile():
    text = "The eastern tower of a small town fell, although nobody had pushed it."
    assert [text[a:b].strip() for a, b in phrases(text)] == [
        "The eastern tower", "of a small town fell,", "although nobody", "had pushed", "it.",
    ]  # fmt: skip


@given(text=hostile)
def test_phrases_tile_any_text(text):
    found = phrases(text)
    assert "".join(text[a:b] for a, b in found) == text
    assert {start for start, _ in found} <= {start for start, _ in words(text)}


def test_numbers_survive_a_percentile():
    out = SelectiveContext(ToyLM(), words, threshold=0.9).compress([BRIDGE])
    assert "14,500" in out.text
    assert "never" in out.text


def test_units_have_names():
    assert splitter("sentences") is sentences
    with pytest.raises(ValueError, match="unknown unit 'token'"):
        splitter("token")


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan")])
def test_a_threshold_is_a_share(threshold):
    with pytest.raises(ValueError, match="between 0 and 1"):
        press(threshold=threshold)


@pytest.mark.parametrize("share", [0.0, 0.35, 1.0])
def test_no_number_of_the_model_breaks_a_percentile(share):
    for value in (float("nan"), float("inf"), 0.0):
        model = ToyLM(lambda piece, before, value=value: value)
        out = SelectiveContext(model, words, threshold=share).compress([OVEN, "", "\x00", "👍🏽", "狮子桥"])
        assert out.tokens_after <= out.tokens_before
