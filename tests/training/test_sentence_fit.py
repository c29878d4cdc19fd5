"""From what a selector says to the probability of a sentence: fitted, and no worse for what is no number."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import regex

from linguapress import Span
from linguapress.models.pair_reader import PairReading
from linguapress.models.sentence_odds import PLAIN, SentenceOdds, sentence_evidence
from linguapress.training.questions import Candidate, Question
from linguapress.training.sentence_fit import fit_odds


class Told:
    """A reader whose opinion stands in the passage: ``need|answer``."""

    def read(self, question, passages):
        return [self._reading(text) for text in passages]

    def _reading(self, text):
        found = [(match.span(), match.group().rstrip(".").split("|")) for match in regex.finditer(r"\S+\|\S+", text)]
        numbers = np.array([pair for _, pair in found], dtype=np.float64).reshape(-1, 2)
        return PairReading(np.array([span for span, _ in found]).reshape(-1, 2), numbers[:, 0], numbers[:, 1], 0.0, 0.0)


def asked(rng, count):
    """Questions whose needed sentence is the one whose answer is probable; its need says nothing."""
    for _ in range(count):
        which = rng.integers(3)
        parts = [f"{rng.uniform(0.2, 0.8):.2f}|{rng.normal(2 if n == which else -2):.2f} words." for n in range(3)]
        starts = np.cumsum([0, *(len(part) + 1 for part in parts)])
        needed = (Span(int(starts[which]), int(starts[which]) + len(parts[which]) - 1),)  # without its full stop
        wrong = Candidate("", "0.50|-3.00 words. 0.40|-2.50 words.")
        yield Question("asked", "who?", (Candidate("Title", " ".join(parts), True, needed), wrong), mined=True)


def test_what_tells_needed_sentences_gets_the_weight():
    odds = fit_odds(Told(), list(asked(np.random.default_rng(0), 60)))
    assert odds.answer > 0.8 > 0.3 > abs(odds.need)
    assert odds.relevance == 0
    chances = odds.chances(np.array([[0.0, 2.5, 0.0], [0.0, -2.5, 0.0]]))
    assert chances[0] > 0.9 > 0.1 > chances[1]


def test_too_few_or_doubtful_sentences_tell_nothing():
    questions = list(asked(np.random.default_rng(0), 60))
    doubtful = [replace(q, candidates=tuple(replace(c, certain=False) for c in q.candidates)) for q in questions]
    assert fit_odds(Told(), []) is fit_odds(Told(), questions[:29]) is fit_odds(Told(), doubtful) is None
    assert fit_odds(Told(), questions[:30]) is not None


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_leaves_probabilities(number):
    reading = PairReading(np.array([[0, 1], [2, 3]]), np.array([number, 0.5]), np.array([0.0, number]), number, 0.0)
    evidence = sentence_evidence(reading, reading.offsets, [Span(0, 1), Span(2, 3), Span(4, 5)])
    assert np.isfinite(evidence[:2]).all()
    for odds in (PLAIN, SentenceOdds(1, 1, 1, 1)):
        chances = odds.chances(evidence)
        assert ((chances >= 0) & (chances <= 1)).all()
        assert chances[2] == 0


def test_a_config_that_says_nothing_means_the_defaults():
    assert SentenceOdds.of({}) == PLAIN
    assert SentenceOdds.of({"sentence_odds": {"need": 2.0}}) == SentenceOdds(need=2.0)
    nothing = SimpleNamespace(need=np.empty(0), answer=np.empty(0), relevance=0.0)
    assert PLAIN.chances(sentence_evidence(nothing, np.empty((0, 2)), [])).shape == (0,)


@pytest.mark.parametrize("found", [[1.0], {"want": 1.0}, {"need": "1"}, {"need": float("nan")}, {"need": None}, None])
def test_a_config_that_means_something_else_is_refused(found):
    with pytest.raises(ValueError, match="sentence_odds"):
        SentenceOdds.of({"sentence_odds": found})
