"""Words of rebuilt texts are found in their documents."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguapress.evaluation.package_align import Symbols, aligned
from linguapress.evaluation.package_spans import Found, located
from linguapress.text import Passage


def kept(text, *documents):
    found = located(text, documents)
    return [Passage(number, *pair).text.strip() for number, pair in enumerate(zip(documents, map(tuple, found.spans), strict=True))]


def missing(text, *documents):
    found = located(text, documents)
    return found.missing, found.words


@pytest.mark.parametrize(
    ("text", "document", "wanted"),
    [
        ("tower opened 1889", "The Tower was opened in 1889.", "Tower opened 1889"),  # words are left out
        ("paid 1, 889. 50 euros", "He paid 1,889.50 euros.", "paid 1,889.50 euros"),  # a number in pieces
        ("paid 1 889", "He paid 1,889 euros.", "paid 1,889"),  # and not 1889
        ("beyonce sang in munchen", "Beyoncé sang in München.", "Beyoncé sang in München"),
        ("beyonce sang", "Beyonce\u0301 sang.", "Beyonce\u0301 sang"),  # the accent is a character of its own
        ("我 去 北京", "我今天去北京。", "我去北京"),
        ("ひらかな", "これはひらがなです", "ひらがな"),
        ("한국", "한국어", "한국"),
        ("x - men", "The X-Men came", "X-Men"),
        ("un istically", "uncharacteristically", "unistically"),
        ("trically said", "It was geometrically, he said", "trically said"),  # a piece of a word
        ("", "Nothing is left.", ""),
        (" \n ", "Nothing is left.", ""),
        ("zebra", "Nothing is left.", ""),
    ],
)
def test_words_are_found_as_they_stand_in_the_source(text, document, wanted):
    assert kept(text, document) == [wanted]


def test_words_that_stand_together_are_found_together():
    document = "The dog saw a cat. A dog chased the old cat. The dog slept."
    assert kept("dog chased the cat", document) == ["dog chased the cat"]
    (spans,) = located("the dog slept", [document]).spans
    assert [document[a:b] for a, b in spans] == ["The dog slept"]


def test_documents_are_in_the_order_of_the_text():
    assert kept("second the first", "A second one.", "And the first.") == ["second", "the first"]
    assert kept("one one", "one", "", "two", "one") == ["one", "", "", "one"]


def test_what_the_documents_lack_is_counted():
    assert missing("the [UNK] tower", "the great tower") == (3, 5)  # both brackets too
    assert missing("tower zzz", "the great tower") == (1, 2)
    assert missing("word", "") == missing("word") == (1, 1)
    assert missing("of��യ:", "of യ:") == (2, 5)  # halves of characters
    assert located("", ["x"]) == Found([[]], 0, 0)


def test_a_foreign_word_is_not_put_together_from_letters_here_and_there():
    assert kept("qzxv", "quite a lot of zeal, except for vowels") == [""]


def test_words_apart_stay_apart_only_where_the_text_parts_them():
    assert kept("opened 1889", "It opened (1889)") == ["opened 1889"]
    assert kept("opened1889", "It opened (1889)") == ["opened1889"]


@given(st.lists(st.text("abcd é1我,", min_size=0, max_size=30), max_size=4), st.text("abcdÉ1我, x", max_size=60))
def test_spans_are_valid_and_hold_no_more_than_the_text(documents, text):
    found = located(text, documents)
    assert len(found.spans) == len(documents)
    assert 0 <= found.missing <= found.words
    letters = 0
    for number, spans in enumerate(found.spans):
        letters += sum(not character.isspace() for character in Passage(number, documents[number], tuple(spans)).text)
    assert letters <= sum(not character.isspace() for character in text)


@given(st.lists(st.integers(0, 2), max_size=60), st.lists(st.booleans(), min_size=60, max_size=60))
def test_alignments_are_ascending_and_match(codes, flags):
    source = symbols(codes, [True] * len(codes))
    own = symbols([code for code, flag in zip(codes, flags, strict=False) if flag], None)
    found = aligned(own, source, 3)
    hits = found[found >= 0]
    assert (np.diff(hits) > 0).all()
    assert (source.codes[hits] == own.codes[found >= 0]).all()
    assert (found >= 0).all()  # at the beginning of a word each is worth the jump


@given(st.lists(st.integers(0, 1), max_size=9), st.lists(st.integers(0, 1), max_size=7), st.integers(0, 5))
def test_alignments_have_the_best_sum(source, own, jump):
    found = aligned(symbols(own, None), symbols(source, None), jump)
    assert value(found.tolist(), jump) == max(value(every, jump) for every in alignments(own, source))


def symbols(codes, starts):
    codes = np.array(codes, dtype=np.int32)
    return Symbols(codes, np.ones_like(codes), np.ones(len(codes), dtype=bool) if starts is None else np.array(starts, dtype=bool))


def value(places, jump):
    """Four for a match, minus the price of each one that does not follow the one before."""
    return sum(
        4 - (0 if before >= 0 and before + 1 == at else jump) for before, at in zip([-1, *places], places, strict=False) if at >= 0
    )


def alignments(own, source, first=0):
    if not own:
        yield []
        return
    for rest in alignments(own[1:], source, first):
        yield [-1, *rest]
    for place in range(first, len(source)):
        if source[place] == own[0]:
            for rest in alignments(own[1:], source, place + 1):
                yield [place, *rest]
