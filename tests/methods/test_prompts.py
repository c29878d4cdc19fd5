"""Prompts of three parts under one budget."""

import pytest
from fakes import FakeKeep, count_words
from hypothesis import given
from hypothesis import strategies as st
from methods.toy_lm import ToyLM
from samples import BRIDGE, OVEN, hostile

from linguapress import Budget, Chain, InvalidBudget, InvalidDocuments, Prompt, compress_prompt, compress_prompts
from linguapress.methods.lingua import Lingua
from linguapress.methods.llmlingua import LLMLingua
from linguapress.methods.llmlingua2 import LLMLingua2
from linguapress.methods.longllmlingua import LongLLMLingua
from linguapress.methods.query_select import QuerySelect
from linguapress.models.lexical import LexicalRelevance

INSTRUCTION = "Answer the question step by step, and give only a number at the end of your answer."
SHOTS = [
    f"Question: How many are {n} and {n + 3}? Let us think about it. {n} and {n + 3} are {2 * n + 3}. The answer is {2 * n + 3}."
    for n in range(7, 15)
]
QUESTION = "Question: How many are 19 and 23?"
PRESSES = [
    LLMLingua(ToyLM()),
    LLMLingua(ToyLM(), level="tokens"),
    LongLLMLingua(ToyLM()),
    LLMLingua2(FakeKeep()),
    Lingua(LexicalRelevance(), FakeKeep()),
]
every_press = pytest.mark.parametrize("press", PRESSES, ids=lambda press: press.name)


def words(**size):
    return Budget(**size, count=count_words)


@every_press
def test_a_frame_of_blanks_is_untouched(press):
    out = compress_prompt(press, " \n", SHOTS, "  ", budget=words(tokens=60))
    assert (out.instruction, out.question) == (" \n", "  ")
    assert 0 < out.compression.tokens_after <= 60


@every_press
@pytest.mark.parametrize("tokens", [40, 60, 100, 10**4])
def test_the_whole_prompt_fits_and_its_frame_is_untouched(press, tokens):
    out = compress_prompt(press, INSTRUCTION, SHOTS, QUESTION, budget=words(tokens=tokens))
    assert out.text == str(out) == "\n\n".join([INSTRUCTION, *out.demonstrations, QUESTION])
    assert (out.instruction, out.question) == (INSTRUCTION, QUESTION)
    assert 0.9 * min(tokens, out.compression.tokens_before) <= count_words(out.text) <= tokens


def test_numbers_of_the_demonstrations_stay_whole():
    press = LLMLingua(ToyLM(), documents=None)
    out = compress_prompt(press, INSTRUCTION, [BRIDGE, OVEN], QUESTION, budget=words(rate=0.5))
    kept = " ".join(out.demonstrations)
    assert all(number in kept for number in ("14,500", "212 m", "$1.2 million", "250 °C"))


def test_lingua_judges_no_demonstration_by_the_question():
    asked = "Question: How many are 9 and 12?"  # as one demonstration does
    out, plain = (
        compress_prompt(press, INSTRUCTION, SHOTS, asked, budget=words(rate=0.6))
        for press in (Lingua(LexicalRelevance(), FakeKeep()), LLMLingua2(FakeKeep()))
    )
    assert out.text == plain.text
    assert len(out.demonstrations) == len(SHOTS)
    chained = compress_prompt(Chain(Lingua(LexicalRelevance(), FakeKeep())), INSTRUCTION, SHOTS, asked, budget=words(rate=0.6))
    assert chained.text == plain.text


def test_query_select_keeps_the_demonstrations_that_are_asked_for():
    press = QuerySelect(LexicalRelevance(), FakeKeep(), slack=2.0)
    assert press.for_demonstrations() is press


def test_the_frame_has_rates_of_its_own():
    both = {"instruction_rate": 0.5, "question_rate": 0.5}
    out = compress_prompt(LLMLingua(ToyLM()), BRIDGE, [OVEN] * 8, OVEN, budget=words(rate=0.4), **both)
    for part, whole in ((out.instruction, BRIDGE), (out.question, OVEN)):
        assert 0.35 <= count_words(part) / count_words(whole) <= 0.75
    assert count_words(out.text) >= 0.97 * out.compression.limit


@pytest.mark.parametrize("tokens", range(3, 30, 3))
def test_when_the_frame_does_not_fit_the_question_comes_first(tokens):
    out = compress_prompt(LLMLingua(ToyLM()), INSTRUCTION, SHOTS, QUESTION, budget=words(tokens=tokens))
    assert count_words(out.text) <= tokens
    assert (out.question == QUESTION) == (tokens >= count_words(QUESTION))
    assert tokens >= count_words(QUESTION + INSTRUCTION) or out.compression.warnings


def test_the_demonstrations_are_read_after_the_instruction():
    model = ToyLM()
    compress_prompt(LLMLingua(model, segment=20), INSTRUCTION, SHOTS, QUESTION, budget=words(tokens=60))
    assert model.log[0].startswith("| Answ er the")
    assert model.log[1].startswith("Answ er the")


@every_press
@pytest.mark.parametrize(
    "parts", [("", (), ""), ("x", (), ""), ("", ["x"], ""), ("", [], "x"), ("a", ["", "\n"], "b"), ("\x00", ["👍🏽"], " ")]
)
@pytest.mark.parametrize("tokens", [0, 1, 9])
def test_any_part_may_be_missing(press, parts, tokens):
    out = compress_prompt(press, *parts, budget=words(tokens=tokens))
    assert count_words(out.text) <= tokens
    if tokens == 9:
        assert (out.instruction, out.question) == (parts[0], parts[2])


@every_press
def test_several_prompts_come_out_as_each_alone(press):
    prompts = [
        Prompt(INSTRUCTION, SHOTS, QUESTION), Prompt("", SHOTS[2:5], QUESTION), Prompt(INSTRUCTION, [BRIDGE, OVEN]), Prompt(),
        Prompt(BRIDGE, SHOTS * 3, OVEN), Prompt("Short.", ["shot"], "Why?"),
    ]  # fmt: skip
    settings = {"budget": words(tokens=50), "instruction_rate": 0.85, "question_rate": 0.9}
    found = compress_prompts(press, prompts, **settings)
    for prompt, out in zip(prompts, found, strict=True):
        alone = compress_prompt(press, prompt.instruction, prompt.demonstrations, prompt.question, **settings)
        assert (out.instruction, out.demonstrations, out.question) == (alone.instruction, alone.demonstrations, alone.question)
        assert (out.text, out.compression.warnings) == (alone.text, alone.compression.warnings)
        assert count_words(out.text) <= out.compression.limit


def test_several_prompts_are_read_side_by_side():
    alone, together = ToyLM(), ToyLM()
    prompts = [Prompt(INSTRUCTION, SHOTS[n:], QUESTION) for n in range(4)]
    for prompt in prompts:
        compress_prompts(LLMLingua(alone), [prompt], budget=words(tokens=60))
    compress_prompts(LLMLingua(together), prompts, budget=words(tokens=60))
    assert (alone.readers, together.readers) == ([1, 1, 1, 1], [4])


@given(
    parts=st.tuples(hostile, st.lists(hostile, max_size=3), hostile),
    rate=st.floats(0, 1),
    rates=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_no_text_breaks_the_budget(parts, rate, rates):
    out = compress_prompt(PRESSES[0], *parts, budget=words(rate=rate), instruction_rate=rates[0], question_rate=rates[1])
    assert count_words(out.text) == out.compression.tokens_after <= out.compression.limit


def test_what_cannot_be_a_prompt_is_refused():
    press = PRESSES[0]
    with pytest.raises(InvalidBudget, match="needs a budget"):
        compress_prompt(press, INSTRUCTION, SHOTS, QUESTION, budget=Budget())
    with pytest.raises(InvalidDocuments, match="list of strings"):
        compress_prompt(press, INSTRUCTION, "one shot", QUESTION, budget=words(tokens=5))
    for shots in ((shot for shot in SHOTS), dict.fromkeys(SHOTS, ""), set(SHOTS), None, 5, [1]):
        with pytest.raises(InvalidDocuments, match="list of strings"):
            compress_prompt(press, INSTRUCTION, shots, QUESTION, budget=words(tokens=5))
    with pytest.raises(TypeError, match="question must be a string"):
        compress_prompt(press, INSTRUCTION, SHOTS, None, budget=words(tokens=5))
    with pytest.raises(ValueError, match="question_rate"):
        compress_prompt(press, INSTRUCTION, SHOTS, QUESTION, budget=words(tokens=5), question_rate=1.5)
