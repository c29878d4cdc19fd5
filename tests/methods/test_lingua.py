"""What only the default method promises."""

from fakes import FakeKeep

from linguapress import Budget
from linguapress.methods.lingua import Lingua
from linguapress.models.lexical import LexicalRelevance


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
