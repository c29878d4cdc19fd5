"""Algorithm 2 against a language model that can be worked out on paper."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from methods.toy_lm import ToyLM, by_chance, markov, unigram
from samples import hostile

from linguapress import Span
from linguapress.methods.itpc import Plan, _segment_ends, read_iteratively
from linguapress.methods.longllmlingua import Contrast
from linguapress.methods.surprisal import TokenPlaces, pooled, token_units
from linguapress.segment import words


def plan(text, rate, units=None, rates=None, first=()):
    spans = units if units is not None else words(text)
    marks = np.isin(np.arange(len(spans)), list(first))
    return Plan(text, spans, np.array(rates) if rates is not None else np.full(len(spans), rate), marks)


def read(model, text, rate, size=100, pool="max", **settings):
    """The words that the thresholds keep."""
    own = plan(text, rate, **settings)
    found = read_iteratively(model.reader([text]), [own], size, pool)[0]
    return found, [text[a:b].strip() for (a, b), kept in zip(own.units, found.kept, strict=True) if kept]


def test_the_surprising_word_is_kept_and_not_the_one_before_it():
    model = ToyLM(unigram({"peak": 9.0}), longest=9)
    assert read(model, "one two peak three four five", 1 / 6)[1] == ["peak"]


def test_a_word_is_judged_by_what_was_kept_before_its_segment_and_not_by_what_was_dropped():
    table = {("b", "c"): 0.1, ("a", "c"): 5.0, ("c", "d"): 3.0, ("", "a"): 4.0}
    model = ToyLM(markov(table))
    found, kept = read(model, "a b c d", 0.5, size=2)
    # "b" follows "a": 1 nat; it goes. "c" is then read after "a", which it surprises, although "b" foretells it.
    assert kept == ["a", "c"]
    assert found.surprisals.tolist() == pytest.approx([4, 1, 5, 3])
    assert model.log == ["| a b", "a | c d"]


def test_within_its_segment_a_word_sees_what_will_be_dropped():
    model = ToyLM(markov({("", "a"): 4.0, ("a", "b"): 1.0, ("b", "c"): 2.0}))
    assert read(model, "a b c", 1 / 3)[0].surprisals.tolist() == pytest.approx([4, 1, 2])


def test_each_segment_has_a_threshold_of_its_own():
    dull, lively = {f"d{n}": 0.1 * n for n in range(4)}, {f"l{n}": 5.0 + n for n in range(4)}
    model = ToyLM(unigram(dull | lively))
    assert read(model, "d0 d1 d2 d3 l0 l1 l2 l3", 0.5, size=4)[1] == ["d2", "d3", "l2", "l3"]


@pytest.mark.parametrize(("rate", "kept"), [(0.0, 0), (0.2, 2), (0.3, 3), (0.5, 5), (0.9, 9), (1.0, 10)])
def test_a_segment_keeps_its_rate_by_exact_count_even_when_all_are_alike(rate, kept):
    text = " ".join("abcdefghij")
    assert read(ToyLM(unigram({})), text, rate)[1] == list("abcdefghij")[:kept]


def test_one_number_moves_all_thresholds_together():
    model = ToyLM(unigram({f"w{n}": float(n) for n in range(8)}))
    found, _ = read(model, " ".join(f"w{n}" for n in range(8)), 0.25)
    doubled, _ = read(model, " ".join(f"w{n}" for n in range(8)), 0.5)
    assert np.flatnonzero(found.kept).tolist() == [6, 7]
    assert (found.margins >= -np.log(2) - 1e-9).tolist() == doubled.kept.tolist()


def test_parts_of_one_segment_keep_their_own_rates():
    rates = [0.75] * 4 + [0.25] * 4
    model = ToyLM(unigram({name: value for value, name in enumerate("abcdefgh")}))
    assert read(model, "a b c d e f g h", 0, rates=rates)[1] == ["b", "c", "d", "h"]


def test_what_must_survive_is_in_the_context_and_counts():
    model = ToyLM(unigram({"c": 9.0, "d": 8.0}))
    assert read(model, "a b c d", 0.5, first=[0])[1] == ["a", "c"]


def test_a_word_counts_as_its_most_surprising_piece_or_as_their_mean():
    model = ToyLM(unigram({"Torv": 6.0, "ik": 0.0, "dogs": 4.0}, other=1.0))
    assert read(model, "the dogs of Torvik", 0.3)[1] == ["Torvik"]
    assert read(model, "the dogs of Torvik", 0.3, pool="mean")[1] == ["dogs"]


def test_the_blank_in_front_of_a_token_does_not_shift_it_to_the_word_before():
    model = ToyLM(unigram({"peak": 9.0}))
    text = "one two\n\npeak  three"
    found = pooled(text, model.surprisals([text])[0], words(text), "max")
    assert [round(value) for value in found] == [1, 1, 9, 1]
    assert TokenPlaces(text, model.reader([text]).offsets[0], words(text)).owner.tolist() == [0, 1, 1, 1, 2, 2, 3, 3]


def test_segments_are_alike_in_length_and_end_with_a_word():
    assert _segment_ends(np.arange(10), 4) == [4, 7, 10]
    assert _segment_ends(np.array([0, 0, 0, 1, 1, 2]), 4) == [3, 6]
    assert _segment_ends(np.array([0, 0, 0, 0, 0, 1]), 2) == [5, 6]
    assert _segment_ends(np.array([], dtype=np.int64), 4) == []


def test_several_texts_side_by_side_are_read_as_each_alone():
    texts = ["a short one", "a much longer text " * 9, "x", "something in between these two"]
    plans = [plan(text, 0.4) for text in texts]
    together = read_iteratively(ToyLM().reader(texts), plans, 7, "max")
    for text, own, found in zip(texts, plans, together, strict=True):
        alone = read_iteratively(ToyLM().reader([text]), [own], 7, "max")[0]
        assert np.array_equal(found.margins, alone.margins)


def test_numbers_that_are_none_count_last():
    def broken(piece, before):
        return {"nan": float("nan"), "inf": float("inf")}.get(piece, 1.0)

    assert read(ToyLM(broken), "a nan b inf", 0.25)[1] == ["inf"]
    assert read(ToyLM(broken), "a nan b inf", 0.75)[1] == ["a", "b", "inf"]


def test_the_contrast_is_surprisal_without_the_question_minus_with_it():
    def model(piece, before):
        return 1.0 if "why" in before and piece == "because" else 5.0

    contrast = Contrast(ToyLM(model, longest=9), ["so because it"], ["why "])
    assert contrast.read([3])[0].tolist() == [0, 4, 0]


def test_both_readings_of_the_contrast_keep_the_same():
    model = ToyLM(by_chance)
    contrast = Contrast(model, ["a b c"], ["why"])
    contrast.read([2])
    contrast.advance([np.array([False, True])])
    contrast.read([3])
    assert model.log == ["| a b", "why | a b", "b | c", "why b | c"]


@given(text=hostile)
def test_tokens_as_units_tile_the_text_and_tear_no_character(text):
    spans = token_units(text, ToyLM(longest=1).reader([text]).offsets[0])
    assert "".join(text[a:b] for a, b in spans) == text
    assert all(isinstance(span, Span) for span in spans)


def test_a_word_with_a_digit_is_no_two_units():
    text = "about 14,500.25 vehicles, a👩‍👩‍👧b"
    parts = [text[a:b] for a, b in token_units(text, ToyLM(longest=2).reader([text]).offsets[0])]
    assert "14,500.25 " in parts
    assert any("👩‍👩‍👧" in part for part in parts)
    assert "abou" not in parts
    assert parts[0] == "ab"


@given(text=hostile, rate=st.floats(0, 1), size=st.integers(1, 20))
def test_no_text_stops_the_reading(text, rate, size):
    own = plan(text, rate)
    found = read_iteratively(ToyLM().reader([text]), [own], size, "max")[0]
    assert len(found.margins) == len(own.units)
    assert not np.isnan(found.margins).any()
