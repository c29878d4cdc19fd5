"""What only the default method promises."""

import re
from dataclasses import dataclass, replace

import numpy as np
import pytest
from fakes import FakeKeep
from hypothesis import given
from hypothesis import strategies as st
from samples import hostile

from linguapress import Budget, Guard, Passage, Rating
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


@dataclass(frozen=True)
class Ranked:
    """A sentence is worth as much as it says: the number after a hash, 0 where it has none."""

    def rate(self, query, passages, units):
        said = [
            [re.search(r"#(\d+)", p.text[start:end]) for start, end in item.spans] for p, item in zip(passages, units, strict=True)
        ]
        return Rating([np.array([float(match[1]) if match else 0.0 for match in row]) for row in said])


BEST, NEXT = "The tower opened in spring #9.", "Its owner sold the whole house to some friend in autumn #7."
LONG = "In 1999 #5 alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau phi chi."


def _ranked(texts, tokens, **guard):
    press = Lingua(Ranked(), FakeKeep(), guard=Guard(**guard))
    return press.compress(texts, "Which?", budget=Budget(tokens=tokens, count=lambda text: len(text.split())))


@pytest.mark.parametrize("tokens", range(6, 14))
def test_scraps_do_not_fill_the_room_beside_a_better_sentence(tokens):
    assert _ranked([f"{BEST} {LONG}"], tokens).text == BEST


def test_room_that_scraps_leave_goes_to_what_else_is_kept():
    for tokens in range(12, 22):
        out = _ranked([f"{BEST} {NEXT} {LONG}"], tokens)
        assert "1999" not in out.text
        assert out.tokens_after == min(tokens, 18)


def test_scraps_of_the_best_sentence_stay():
    out = _ranked([f"{LONG} It rained."], 5)
    assert out.text.startswith("In 1999 #5") or "1999 #5" in out.text
    assert out.tokens_after == 5


def test_a_heading_goes_with_the_scraps_below_it():
    out = _ranked([f"# Tower\n\n{BEST}", f"# Weather\n\n{LONG}"], 13)
    assert out.text == f"# Tower\n\n{BEST}"


def test_words_that_the_caller_forces_stay_whatever_else_their_sentence_keeps():
    out = _ranked([f"{BEST} {LONG.replace('delta', 'ACME-37')}"], 9, keep=(r"ACME-\d+",))
    assert out.text.startswith(BEST)
    assert "ACME-37" in out.text


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


def test_the_answer_counts_in_its_own_passage_only():
    press = Lingua(Pointing("mm"), FakeKeep(), guard=Guard.off(), slack=20, scrap=0)
    for texts in ([ALPHABET, ALPHABET.replace("mm", "no")], [ALPHABET.replace("mm", "no"), ALPHABET]):
        for order in ("original", "relevance"):
            out = replace(press, order=order).compress(
                texts, "Which?", budget=Budget(tokens=3, count=lambda text: len(text.split()))
            )
            assert out.text == "ll mm nn."


def test_the_sentence_that_overflows_is_shortened_when_others_came_before_it():
    text = "The museum opens at nine. The museum opens its doors to all of the many guests it has at nine sharp. Soup needs salt."
    out = Lingua(LexicalRelevance(), FakeKeep(), slack=1.01).compress(
        [text], "The museum opens at nine", budget=Budget(tokens=12, count=lambda t: len(t.split()))
    )
    assert "museum opens at" in out.text
    assert "guests" in out.text
    assert out.tokens_after == 12


@pytest.mark.parametrize("slack", [1.0, 2.0])
def test_where_what_overflows_cannot_be_cut_others_take_its_place(slack):
    code = "```python\nmuseum = open(museum, museum)\n" + "x = 1\n" * 40 + "```\n"
    text = code + "The museum opens at nine. " + " ".join(f"The house number {letter} is large." for letter in "abcdef")
    press = Lingua(LexicalRelevance(), FakeKeep(), slack=slack)
    out = press.compress([text], "museum open", budget=Budget(tokens=30, count=lambda t: len(t.split())))
    assert "x = 1" not in out.text
    assert out.tokens_after >= 24


def test_a_budget_of_nothing_reads_no_words():
    out = Lingua(LexicalRelevance(), FakeKeep()).compress(["A museum. " * 9], "museum", budget=Budget(tokens=0))
    assert (out.text, [stage.name for stage in out.stages]) == ("", ["sentences"])


@given(data=st.data())
def test_the_peak_of_a_narrowed_passage_is_that_of_the_tokens_left(data):
    source = data.draw(hostile)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(source)), max_size=6)))
    passage = Passage.whole(0, source).keep(list(zip(cuts[::2], cuts[1::2], strict=False)))
    offsets = np.array([(at, min(at + 2, len(source))) for at in range(0, len(source), 2)], dtype=np.int64).reshape(-1, 2)
    values = np.arange(1.0, len(offsets) + 1)
    units = [(at, min(at + 3, len(passage.text))) for at in range(0, len(passage.text), 3)]
    found = TokenScores(offsets, values).peak(passage, units)
    kept = [place for start, end in passage.spans for place in range(start, end)]
    for (start, end), value in zip(units, found, strict=True):
        inside = kept[start:end]
        assert value == max((v for (at, _), v in zip(offsets, values, strict=True) if at in inside), default=0)
