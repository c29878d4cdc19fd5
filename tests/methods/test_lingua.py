"""What only the default method promises."""

import re
from dataclasses import dataclass

import numpy as np
import pytest
from fakes import FakeKeep

from linguapress import Budget, Guard, Rating
from linguapress.methods.lingua import Lingua
from linguapress.models.lexical import LexicalRelevance
from linguapress.scores import TokenScores


def test_a_sentence_of_many_numbers_keeps_them_all():
    row = "numbers " + " ".join(f"word {number}" for number in range(8000))
    press = Lingua(LexicalRelevance(), FakeKeep())
    budget = Budget(tokens=12_800, count=lambda text: len(text.split()))
    out = press.compress([row, "The bridge is long. " * 8000], "numbers", budget=budget)
    kept = [word for word in out.passages[0].text.split() if word.isdigit()]
    assert kept == [str(number) for number in range(8000)]


def test_a_heading_comes_whole_and_only_with_a_sentence_of_its_section():
    text = "# Opening hours of the museum\n\nThe museum opens at nine.\n\n# Tickets\n\nA ticket costs five euros.\n"
    press = Lingua(LexicalRelevance(), FakeKeep())
    for tokens in range(1, 25):
        kept = press.compress(
            [text], "When does the museum open?", budget=Budget(tokens=tokens, count=lambda t: len(t.split()))
        ).text
        if "nine" in kept:
            assert "# Opening hours of the museum\n" in kept
        assert not kept.strip().endswith("# Tickets")


@dataclass(frozen=True)
class Pointing:
    """Every sentence is rated alike; of the tokens, which are words, one is worth keeping."""

    word: str

    def rate(self, query, passages, units):
        tokens = []
        for passage in passages:
            spans = [match.span() for match in re.finditer(r"\S+", passage.source)]
            values = [1.0 * (self.word in passage.source[start:end]) for start, end in spans]
            tokens.append(TokenScores(np.array(spans).reshape(-1, 2), np.array(values)))
        return Rating([np.zeros(len(item.spans)) for item in units], tokens=tokens)


ALPHABET = " ".join(f"{letter}{letter}" for letter in "abcdefghijklmnopqrstuvwxyz") + "."


@pytest.mark.parametrize("word", ["cc", "mm", "xx"])
@pytest.mark.parametrize("limit", [1, 3, 5])
def test_words_around_the_answer_stay_longest(word, limit):
    press = Lingua(Pointing(word), FakeKeep(), guard=Guard.off(), scrap=0)
    out = press.compress([ALPHABET], "Which?", budget=Budget(tokens=limit, count=lambda text: len(text.split())))
    kept = [ALPHABET.index(part) // 3 for part in re.findall(r"\w\w", out.text)]
    assert len(kept) == limit
    assert all(abs(place - ALPHABET.index(word) // 3) <= 4 for place in kept)
    assert word in out.text


def test_what_is_around_the_answer_is_kept_where_no_part_of_a_sentence_fits():
    text = f"{' '.join(map(str, range(20)))} nobody knew that Leith was where they met in spring."
    press = Lingua(Pointing("Leith"), FakeKeep())
    out = press.compress([text], "Where?", budget=Budget(tokens=5, count=lambda text: len(text.split())))
    assert out.text == "knew that Leith was where."
    assert any("what is around the answer of the best one was kept" in warning for warning in out.warnings)


def test_the_best_sentence_is_not_passed_over_for_being_long():
    long = "The museum opens at " + "very " * 30 + "nine."
    texts = [f"{long} It is a large house.", "Soup needs salt.", "The museum shop sells cards."]
    press = Lingua(LexicalRelevance(), FakeKeep())
    for tokens in range(3, 16):
        out = press.compress(texts, "When does the museum open?", budget=Budget(tokens=tokens, count=lambda t: len(t.split())))
        assert out.passages[0].index == 0
        assert "Soup" not in out.text
