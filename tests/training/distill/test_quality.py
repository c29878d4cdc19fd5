"""Variation rate, alignment gap, and what is dropped."""

import pytest

from linguapress.errors import DistillationError
from linguapress.training.distill.quality import Pair, Quality, Sifted, Watch, check_extractive, measured, sift


def pair(name, variation=0.0, gap=0.0, kept=((0, 1),)):
    return Pair("s", name, name, kept, (), 0.5, variation, gap)


def test_variation_is_the_share_of_the_teachers_words_that_are_not_in_the_text():
    found = measured("s", "The cat sat on the mat today.", "cat slept mat yesterday")
    assert found.variation == pytest.approx(2 / 4)
    assert [found.compressed[a:b] for a, b in found.strange] == ["slept", "yesterday"]


def test_the_gap_is_hitting_less_matching_rate():
    found = measured("s", "a b c d e f g h i j", "h c b")  # all three hit, one can be matched: the order is turned round
    assert found.gap == pytest.approx(3 / 10 - len(found.kept) / 10)
    assert found.gap == pytest.approx(2 / 10)


def test_a_repeated_word_of_the_teacher_hits_twice_and_matches_once():
    found = measured("s", "consent to inclusion of names", "consent to to inclusion")
    assert (found.variation, found.gap) == (0.0, pytest.approx(4 / 5 - 3 / 5))


def test_a_perfect_compression_has_neither():
    found = measured("s", "The cat sat on the mat.", "cat sat on mat")
    assert (found.variation, found.gap, found.rate) == (0.0, 0.0, pytest.approx(4 / 6))


def test_the_worst_are_dropped_by_variation_and_then_by_gap_of_the_rest():
    pairs = [pair(str(n), variation=n / 100, gap=(100 - n) / 100) for n in range(1, 101)]
    found = sift(pairs)
    assert [p.text for p in found.by_variation] == ["100", "99", "98", "97", "96"]
    assert [p.text for p in found.by_gap] == [str(n) for n in range(1, 10)]  # a tenth of 95
    assert [p.text for p in found.kept] == [str(n) for n in range(10, 96)]


def test_faultless_pairs_are_never_dropped():
    assert len(sift([pair(str(n)) for n in range(100)]).kept) == 100
    found = sift([pair(str(n), variation=float(n == 7)) for n in range(100)])
    assert [p.text for p in found.by_variation] == ["7"]


def test_ties_do_not_drop_more_than_the_share():
    assert len(sift([pair(str(n), variation=0.1) for n in range(100)], Quality(gap_share=0)).kept) == 95


def test_pairs_of_which_nothing_is_kept_are_set_apart():
    found = sift([pair("a"), pair("b", kept=())])
    assert ([p.text for p in found.kept], [p.text for p in found.empty]) == (["a"], ["b"])
    assert sift([]) == Sifted([], [], [], [])


def test_a_teacher_that_rewrites_is_found_out_early():
    watch = Watch(Quality(), first=3)
    for _ in range(2):
        watch("The cat sat on the mat", "A feline rested upon some carpet")
    with pytest.raises(DistillationError, match="rewrites instead of deleting: 100%"):
        watch("The cat sat on the mat", "A feline rested upon some carpet")
    check_extractive([pair("a", 0.4)], Quality())


def test_shares_lie_between_none_and_all():
    with pytest.raises(DistillationError, match=r"gap_share must be between 0 and 1, got 1\.5"):
        Quality(gap_share=1.5)
