"""Answers: those of the reader, piece by piece, ended where they should, and counted."""

import pytest
import torch
from samples import BRIDGE, OVEN

from linguapress.errors import InvalidPrompt
from linguapress.soft import AnswerSettings, MemoryShelf, Sampling, SoftReader, answer, pieces

from .test_chat_format import Kept

TEXTS = [BRIDGE[:40].strip(), OVEN[:30].strip()]


@pytest.fixture
def shelf(press):
    shelf = MemoryShelf(press, Kept())
    shelf.keep(TEXTS)
    return shelf


@pytest.fixture
def prompt(shelf):
    one, two = shelf.refer(TEXTS)
    return f"Read: {one}\n\n{two}\n\nWhat?"


@pytest.fixture
def by_hand(shelf):
    one, two = shelf.memories([mark.name for mark in shelf.marks.split("".join(shelf.refer(TEXTS)))])
    return ["Read: ", one, "\n\n", two, "\n\nWhat?"]


@pytest.mark.parametrize("sampling", [None, Sampling(1.5, seed=3)])
@pytest.mark.parametrize("layout", ["spread", "contiguous", "parallel"])
def test_it_is_the_answer_of_the_reader(shelf, prompt, by_hand, layout, sampling):
    (expected,) = SoftReader(shelf.press.lm).generate([by_hand], most=9, layout=layout, sampling=sampling)
    settings = AnswerSettings(9, sampling, layout=layout)
    text, usage = answer(shelf, prompt, settings)
    assert text == expected != ""
    assert "".join(piece.text for piece in pieces(shelf, prompt, settings)) == expected
    assert usage.output_tokens <= 9


def test_without_memories_it_is_the_answer_to_the_text(shelf, prompt):
    (expected,) = SoftReader(shelf.press.lm).generate([f"Read: {TEXTS[0]}\n\n{TEXTS[1]}\n\nWhat?"], most=9)
    for key in [key for key in shelf.store if key.startswith("memory")]:
        del shelf.store[key]
    text, usage = answer(shelf, prompt, AnswerSettings(9))
    assert text == expected
    assert (usage.memories, usage.missing, usage.slots, usage.ratio) == (0, 2, 0, None)
    lm = shelf.press.lm
    read = len(lm.tokens(f"Read: {TEXTS[0]}\n\n{TEXTS[1]}\n\nWhat?")) + len(lm.start)
    assert usage.input_tokens == read


def test_a_memory_counts_its_slots(shelf, prompt):
    lm = shelf.press.lm
    _, usage = answer(shelf, prompt, AnswerSettings(5))
    texts = sum(len(lm.tokens(text)) for text in ("Read: ", "\n\n", "\n\nWhat?")) + len(lm.start)
    assert (usage.memories, usage.slots, usage.missing, usage.unsigned) == (2, 6, 0, 0)
    assert usage.input_tokens == texts + 6
    assert usage.source_tokens == sum(len(lm.tokens(text)) for text in TEXTS)
    assert usage.ratio == usage.source_tokens / 6
    assert (usage.output_tokens, usage.finish) == (5, "length")


def speaking(monkeypatch, ids):
    """The reader says these tokens, whatever it reads."""
    monkeypatch.setattr(SoftReader, "decode", lambda self, laid, most, sampling: ([token] for token in ids[:most]))


def test_it_ends_before_the_first_stop_text_also_across_tokens(shelf, monkeypatch):
    lm = shelf.press.lm
    speaking(monkeypatch, lm.tokens("One. Two.\n\nThree. Four."))
    whole = "One. Two.\n\nThree. Four."
    for stop, expected in [("\n\n", "One. Two."), ("\nTh", "One. Two.\n"), ("One", ""), ("Five", whole), ("Four.", whole[:-5])]:
        found = list(pieces(shelf, "Say.", AnswerSettings(stop=(stop,))))
        assert "".join(piece.text for piece in found) == expected
        assert found[-1].usage.finish == "stop"
        assert all(piece.usage is None for piece in found[:-1])
    text, usage = answer(shelf, "Say.", AnswerSettings(stop=("Four", "\n\n", "e")))
    assert text == "On"
    assert usage.output_tokens < len(lm.tokens(whole))


def test_what_may_become_a_stop_text_or_half_a_character_is_not_told_early(shelf, monkeypatch):
    lm = shelf.press.lm
    whole = "a### é 🧑🏽‍🚀 ##"
    speaking(monkeypatch, lm.tokens(whole))
    found = [piece.text for piece in pieces(shelf, "Say.", AnswerSettings(stop=("####",)))]
    assert "".join(found) == whole
    assert not any("\ufffd" in text for text in found)
    assert len(found) > 3


def test_an_end_token_and_the_window_end_it(shelf, monkeypatch):
    lm = shelf.press.lm
    monkeypatch.setattr(lm, "logits", lambda states: torch.eye(lm.tokenizer.get_vocab_size())[[2] * len(states)])
    assert answer(shelf, "Say.")[1].finish == "stop"
    monkeypatch.setattr(lm, "logits", lambda states: torch.eye(lm.tokenizer.get_vocab_size())[[90] * len(states)])
    _, usage = answer(shelf, "Say.", AnswerSettings(500))
    assert (usage.finish, usage.input_tokens + usage.output_tokens) == ("length", lm.window)


def test_what_cannot_be_answered_is_refused(shelf, prompt):
    with pytest.raises(InvalidPrompt, match="ends in a text"):
        answer(shelf, shelf.refer(TEXTS)[0])
    with pytest.raises(InvalidPrompt, match="reads 64"):
        answer(shelf, prompt * 9)
    with pytest.raises(ValueError, match="is none"):
        AnswerSettings(0)
    with pytest.raises(ValueError, match="a stop text is empty"):
        AnswerSettings(stop=("a", ""))


def test_one_stop_text_is_one():
    given = {"max_tokens": 9, "temperature": 0, "top_p": 1, "seed": 0, "layout": "spread"}
    assert AnswerSettings.named(**given, stop="END").stop == AnswerSettings.named(**given, stop=["END"]).stop == ("END",)


def test_what_ends_in_half_a_character_is_told_as_the_reader_says_it(shelf, monkeypatch):
    lm = shelf.press.lm
    half = lm.tokens("é")[0]
    speaking(monkeypatch, [*lm.tokens("One é"), half, *lm.tokens(" STOP"), half])
    text, usage = answer(shelf, "Say.")
    assert [text] == SoftReader(lm).generate(["Say."]) == ["One é\ufffd STOP\ufffd"]
    assert answer(shelf, "Say.", AnswerSettings(stop=("STOP\ufffd",)))[0] == "One é\ufffd "
    assert usage.output_tokens == len(lm.tokens("One é STOP")) + 2
