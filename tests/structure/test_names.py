"""Names that are not torn."""

import time
from itertools import pairwise

import pytest
from fakes import FakeKeep
from hypothesis import given
from samples import hostile

from linguapress import Budget, Guard
from linguapress.chain import Chain
from linguapress.methods.keep_ranking import KeepRanking
from linguapress.methods.llmlingua2 import LLMLingua2
from linguapress.structure.names import names


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Disney lost in Los Angeles.", ["Los Angeles"]),
        (
            "Judge Florence-Marie Cooper of the United States of America",
            ["Judge Florence-Marie Cooper", "United States of America"],
        ),
        ("Máximo Gomez and Antonio Maceo fought on.", ["Máximo Gomez", "Antonio Maceo"]),
        ("J. R. R. Tolkien's book about Vincent van Gogh", ["J. R. R. Tolkien's", "Vincent van Gogh"]),
        ("О нём Владимир Путин сказал. Ο Νίκος Καζαντζάκης έγραψε.", ["Владимир Путин", "Νίκος Καζαντζάκης"]),
        ("made by ESA. Bob Hope sang.", ["Bob Hope"]),
        ("Sold by Slesinger, Inc. Judges ruled.", []),
        ("Will Smith saw World War I and Los\u00a0Angeles. And I went", ["Will Smith", "World War I", "Los\u00a0Angeles"]),
        ("Alexander the Great, El Paso, Bank of the West", ["Alexander the Great", "El Paso"]),
        ("In November Bob left. The Hague is a city. When Norway won", ["November Bob"]),
        ("A TITLE OF FIVE CAPITAL WORDS. And How a Headline Is Written", ["Headline Is Written"]),
        ("one Word alone, McDonald's", []),
        ("苹果公司 في المدينة", []),
        ("New  York and New\nYork", []),
    ],
)
def test_runs_of_capitalised_words(text, found):
    assert [text[start:end] for start, end in names(text)] == found


@given(text=hostile)
def test_names_lie_in_the_text_one_after_the_other(text):
    spans = list(names(text))
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))


def test_a_megabyte_of_capitals_is_quick():
    start = time.perf_counter()
    for text in (
        "Ab " * 350_000,
        "A" * 1_000_000,
        "A." * 500_000,
        "A. " * 350_000,
        "Ab of " * 170_000,
        "A'" * 500_000,
        "A-" * 500_000,
        "Ala-Gly-" * 120_000,
    ):
        list(names(f"{text} b"))
    assert time.perf_counter() - start < 20


TEXT = "Disney lost its case in Los Angeles to Judge Florence-Marie Cooper, and New York and San Francisco heard of it."


@pytest.mark.parametrize("press", [LLMLingua2(FakeKeep()), Chain(KeepRanking(FakeKeep()), LLMLingua2(FakeKeep()), slack=(2, 1))])
def test_words_are_dropped_but_no_name_is_torn(press):
    cut = 0
    for limit in range(1, 40):
        out = press.compress([TEXT], budget=Budget(tokens=limit, count=lambda text: len(text.split())))
        for name in ("Los Angeles", "Judge Florence-Marie Cooper", "New York", "San Francisco"):
            assert all((word in out.text) == (name in out.text) for word in name.split())
            cut += name not in out.text
    assert cut


def test_without_the_guard_a_name_is_words():
    units = Guard(names=False).units(TEXT, lambda text: [(0, 28), (28, len(text))])
    assert next(TEXT[a:b] for a, b in units.spans).endswith("Los ")
