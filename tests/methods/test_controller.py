"""What the parts of a prompt may take."""

import pytest
from methods.toy_lm import ToyLM

from linguapress import Budget, Draft, Passage, compress_prompt
from linguapress.methods.controller import Portions
from linguapress.methods.llmlingua import LLMLingua

INSTRUCTION = "Answer the question."
SHOTS = [f"Question: How many are {n} and {n + 3}? They are {2 * n + 3}." for n in range(7, 15)]
QUESTION = "Question: How many are 19 and 23?"
BOTH = len(INSTRUCTION) + len(QUESTION)


def portions(limit, separator="\n\n"):
    draft = Draft(tuple(Passage.whole(*pair) for pair in enumerate((INSTRUCTION, QUESTION))), None, limit, len, separator)
    return Portions.of(draft, {1: 1.0, 0: 1.0}, 2.0)


@pytest.mark.parametrize("separator", ["", "\n\n", "\n-----\n"])
def test_two_parts_are_untouched_only_where_they_fit_with_what_stands_between(separator):
    exact = BOTH + len(separator)
    assert portions(exact, separator).own == {1: 1.0, 0: 1.0}
    for short in range(1, len(separator) + 2):
        own = portions(exact - short, separator).own
        assert own[1] == 1.0
        assert own[0] == pytest.approx((len(INSTRUCTION) - short) / len(INSTRUCTION))
        assert portions(exact - short, separator).documents == 0
    assert portions(exact + 5, separator).documents == 5


def test_a_part_alone_pays_for_no_separator():
    assert portions(len(QUESTION)).own == {1: 1.0, 0: 0.0}


@pytest.mark.parametrize("tokens", range(len(QUESTION), BOTH + 6))
def test_the_question_stays_whole_wherever_it_fits_alone(tokens):
    out = compress_prompt(LLMLingua(ToyLM()), INSTRUCTION, SHOTS, QUESTION, budget=Budget(tokens=tokens, count=len))
    assert out.question == QUESTION
    assert (out.instruction == INSTRUCTION) == (tokens >= BOTH + 2)
    assert any("do not fit" in warning for warning in out.compression.warnings) == (tokens < BOTH + 2)
