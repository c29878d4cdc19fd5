"""Each slip of the reference does what it says, on a language model that can be worked out on paper."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from methods.toy_lm import ToyLM, by_chance, markov, pieces, unigram

from linguapress.evaluation.parity_slips import ALL, NONE, SETTINGS, Slip
from linguapress.evaluation.parity_tokens import Counted, Part, Text, exact, kept_tokens, segments_of, threshold
from linguapress.guard import Guard
from linguapress.methods.itpc import Plan, read_iteratively
from linguapress.segment import words

TEXT = "the lion bridge at Torvik crosses 3 rivers and was not built in 1894 but later on by Marta Holm of Hagen , who said no"


def offsets_of(text, longest=9):
    return np.array(pieces(text, longest), dtype=np.int64).reshape(-1, 2)


def scorer(surprisal, names, started=True):
    """Surprisals of tokens that are numbers of names; nothing is known of the first token where there is no starting one."""

    def score(context, tokens):
        before, found = [names[token] for token in context], []
        for token in tokens:
            found.append(surprisal(names[token], before) if before or started else np.nan)
            before = [*before, names[token]]
        return np.array(found, dtype=np.float32)

    return score


def counted(rates, documents=None):
    return Counted(np.array(rates, dtype=float), np.zeros(len(rates), dtype=int) if documents is None else np.array(documents))


def kept(surprisal, text, rate, slips, size=100, guard=None):
    """Tokens that are kept, and the segments they were read in; words of one token unless they are long."""
    offsets = offsets_of(text)
    names = [text[a:b].strip() for a, b in offsets]
    units = (guard or Guard.off()).units(text, words)
    first = np.isin(np.arange(len(units.spans)), list(units.vital))
    plan = Plan(text, units.spans, np.full(len(units.spans), rate), first)
    own = Text.of(np.arange(len(names)), offsets, plan, slips)
    segments = segments_of(own, size, counted([rate] * len(names)), slips)
    mask = kept_tokens(scorer(surprisal, names, Slip.START not in slips), own, segments, size, slips)
    return [name for name, stays in zip(names, mask, strict=True) if stays]


@given(rate=st.floats(0, 1), size=st.integers(1, 30), longest=st.integers(1, 6), guarded=st.booleans())
def test_without_slips_it_is_our_method(rate, size, longest, guarded):
    offsets = offsets_of(TEXT, longest)
    units = (Guard() if guarded else Guard.off()).units(TEXT, words)
    first = np.isin(np.arange(len(units.spans)), list(units.vital))
    plan = Plan(TEXT, units.spans, np.full(len(units.spans), rate), first)
    model = ToyLM(by_chance, longest)
    theirs = read_iteratively(model.reader([TEXT]), [plan], size, "max")[0]
    text = Text.of(np.arange(len(offsets)), offsets, plan, NONE)
    segments = segments_of(text, size, counted([rate] * len(offsets)), NONE)
    mask = kept_tokens(scorer(by_chance, model.tokens(TEXT)), text, segments, size, NONE)
    assert mask.tolist() == np.append(theirs.kept, True)[text.owner].tolist()


def test_documents_of_different_rates_are_cut_as_ours_cuts_them():
    names, rates = "a b c d e f g h", np.array([0.75] * 4 + [0.25] * 4)
    plan = Plan(names, words(names), rates, np.zeros(8, dtype=np.bool_))
    own = Text.of(np.arange(8), offsets_of(names), plan, NONE)
    surprisal = unigram({name: float(value) for value, name in enumerate("abcdefgh")})
    mask = kept_tokens(scorer(surprisal, names.split()), own, segments_of(own, 100, counted(rates), NONE), 100, NONE)
    assert np.flatnonzero(mask).tolist() == [1, 2, 3, 7]


def test_shift_keeps_the_token_before_the_surprising_one():
    surprisal, text = unigram({"peak": 9.0}), "one two peak three four five"
    assert kept(surprisal, text, 1 / 6, NONE) == ["peak"]
    # of the last token nothing is known then, and it stays; it counts as the one that the rate allows
    assert kept(surprisal, text, 2 / 6, {Slip.SHIFT}) == ["two", "five"]


def test_shift_judges_the_last_token_of_a_segment_by_what_the_first_pass_said():
    surprisal = markov({("a", "b"): 2.0, ("b", "c"): 9.0, ("a", "c"): 0.1, ("", "a"): 5.0, ("c", "d"): 3.0}, other=1.0)
    # whole text: a 5, b 2, c 9, d 3; shifted: a 2, b 9, c 3, d unknown
    assert kept(surprisal, "a b c d", 0.5, {Slip.SHIFT}, size=2) == ["b", "d"]


def test_pooled_cuts_all_segments_by_what_is_still_to_come():
    dull, lively = [f"d{n}" for n in range(4)], [f"l{n}" for n in range(4)]
    surprisal = unigram({name: 0.1 * n for n, name in enumerate(dull)} | {name: 5.0 + n for n, name in enumerate(lively)})
    text = " ".join([*dull, *lively])
    assert kept(surprisal, text, 0.5, NONE, size=4) == ["d2", "d3", "l2", "l3"]
    # first, half of all eight numbers lies above 3: nothing dull. Then half of the four that are left.
    assert kept(surprisal, text, 0.5, {Slip.POOLED}, size=4) == ["l2", "l3"]


def test_pooled_counts_what_was_kept_before():
    surprisal = unigram({"a": 9.0, "b": 8.0, "c": 3.0, "d": 2.0})
    assert kept(surprisal, "a b c d", 0.5, NONE, size=2) == ["a", "c"]
    assert kept(surprisal, "a b c d", 0.5, {Slip.POOLED}, size=2) == ["a", "b"]


def test_strict_loses_the_last_that_the_rate_allows_and_all_ties():
    surprisal = unigram({f"w{n}": float(n) for n in range(10)})
    text = " ".join(f"w{n}" for n in range(10))
    assert kept(surprisal, text, 0.3, NONE) == ["w7", "w8", "w9"]
    assert kept(surprisal, text, 0.3, {Slip.STRICT}) == ["w8", "w9"]
    assert kept(unigram({}), text, 0.5, NONE) == ["w0", "w1", "w2", "w3", "w4"]
    assert kept(unigram({}), text, 0.5, {Slip.STRICT}) == []


def test_segments_are_full_and_the_first_is_one_shorter():
    offsets = offsets_of("a b c d e f g h i j")
    plan = Plan("a b c d e f g h i j", words("a b c d e f g h i j"), np.ones(10), np.zeros(10, dtype=np.bool_))
    own = Text.of(np.arange(10), offsets, plan, NONE)
    rates = counted([0.2] * 6 + [0.6] * 4, [0] * 6 + [1] * 4)
    assert segments_of(own, 4, rates, NONE) == [[Part(4, 0.2)], [Part(2, 0.2), Part(1, 0.6)], [Part(3, 0.6)]]
    assert segments_of(own, 4, rates, {Slip.SEGMENTS}) == [[Part(3, 0.2)], [Part(3, 0.2), Part(1, 0.6)], [Part(3, 0.6)]]
    alike = counted([0.2] * 10, [0] * 6 + [1] * 4)
    assert segments_of(own, 4, alike, NONE)[1] == [Part(3, 0.2)]
    assert segments_of(own, 4, alike, {Slip.SEGMENTS})[1] == [Part(3, 0.2), Part(1, 0.2)]
    assert sum(part.tokens for parts in segments_of(own, 4, counted([1] * 13), {Slip.SEGMENTS}) for part in parts) == 13


def test_a_segment_cuts_through_a_word_only_when_it_slips():
    text = "abcdef gh"
    offsets = offsets_of(text, 2)
    own = Text.of(np.arange(4), offsets, Plan(text, words(text), np.ones(2), np.zeros(2, dtype=np.bool_)), NONE)
    assert [sum(part.tokens for part in parts) for parts in segments_of(own, 2, counted([1] * 4), NONE)] == [3, 1]
    assert [sum(part.tokens for part in parts) for parts in segments_of(own, 2, counted([1] * 4), {Slip.SEGMENTS})] == [1, 2, 1]


def test_tail_leaves_what_fills_no_segment():
    surprisal, text = unigram({"c": 5.0, "e": 5.0, "a": 5.0}), "a b c d e f"
    assert kept(surprisal, text, 0.5, {Slip.SEGMENTS}, size=4) == ["a", "c", "d", "e"]
    assert kept(surprisal, text, 0.5, {Slip.SEGMENTS, Slip.TAIL}, size=4) == ["a", "c", "d", "e", "f"]


def test_tokens_are_kept_without_the_rest_of_their_word():
    text, surprisal = "the dogs of Torvikhagenby", unigram({"Torvikhag": 6.0, "enby": 0.0, "dogs": 4.0})
    assert kept(surprisal, text, 0.4, NONE) == ["Torvikhag", "enby"]
    assert kept(surprisal, text, 0.4, {Slip.TOKENS}) == ["dogs", "Torvikhag"]


def test_what_is_protected_is_kept_first():
    text, surprisal = "one two 3 peak six not", unigram({"peak": 9.0})
    assert kept(surprisal, text, 0.5, NONE, guard=Guard()) == ["3", "peak", "not"]
    assert kept(surprisal, text, 1 / 6, NONE, guard=Guard()) == ["3", "not"]
    assert kept(surprisal, text, 1 / 6, NONE) == ["peak"]


def test_without_a_starting_token_the_first_one_is_not_judged():
    surprisal = unigram({"peak": 9.0, "a": 0.0})
    assert kept(surprisal, "a b peak c", 0.25, NONE) == ["peak"]
    assert kept(surprisal, "a b peak c", 0.25, {Slip.START}) == ["a"]
    assert kept(surprisal, "a b peak c", 0.25, {Slip.START, Slip.POOLED}) == ["a", "peak"]


def test_all_slips_together_are_the_algorithm_of_the_reference():
    table = {"b": 4.0, "c": 1.0, "d": 6.0, "e": 2.0, "f": 5.0, "g": 3.0, "h": 7.0}
    # A token is judged by the one behind it: a 4, b 1, c 6, d 2, e 5, f 3, g 7; h is not.
    # At 0.5, of these seven the third, 5, is the threshold of a and b: both go. Of c 6, d 2, e 5, f 3, g 7 the second, 6, is that of
    # c, d and e: they go. Of f 3, g 7 the first, 7, is that of f and g: they go.
    assert kept(unigram(table), "a b c d e f g h", 0.5, ALL, size=3) == ["h"]
    # At 0.7, of seven the fourth, 4: a and b go. Of five the third, 5: c stays. Of c 6, f 3, g 7 the second, 6: g stays.
    assert kept(unigram(table), "a b c d e f g h", 0.7, ALL, size=3) == ["c", "g", "h"]


@pytest.mark.parametrize(("rate", "number"), [(0.0, 5.0), (0.2, 5.0), (0.5, 4.0), (0.9, 2.0), (1.0, 1.0)])
def test_the_threshold_is_one_of_the_numbers(rate, number):
    assert threshold(np.array([3.0, np.nan, 1.0, 5.0, 2.0, 4.0]), rate) == number


def test_exact_counts_half_of_a_unit_and_takes_the_earlier_of_equals():
    ones, none = np.ones(4, dtype=np.int64), np.zeros(4, dtype=np.bool_)
    assert exact(np.ones(4), ones, none, 0.5).tolist() == [True, True, False, False]
    assert exact(np.arange(4.0), np.array([1, 1, 1, 5]), none, 0.3).tolist() == [False] * 4
    assert exact(np.arange(4.0), np.array([1, 1, 1, 5]), none, 0.32).tolist() == [False, False, False, True]


def test_every_slip_has_a_setting_without_it():
    assert [ALL - slips for slips in SETTINGS.values()] == [NONE, *({slip} for slip in Slip), ALL]
