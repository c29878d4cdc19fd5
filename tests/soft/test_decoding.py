"""The text of tokens that come one by one: soon, whole, and the same however it is asked for."""

import pytest
from tokenizers import Tokenizer, decoders, models

from linguapress.soft import SoftReader
from linguapress.soft.decoding import Decoding, decoded

PIECES = ["<unk>", "▁", "▁a", *"abc", *(f"<0x{byte:02X}>" for byte in range(256))]


class Falling:
    """Tokens as those of Llama 2: what has none of its own is spelled in bytes."""

    def __init__(self):
        self._tokenizer = Tokenizer(models.BPE({piece: at for at, piece in enumerate(PIECES)}, [], byte_fallback=True))
        steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        self._tokenizer.decoder = decoders.Sequence(steps)
        self.decoded = 0

    def text(self, ids):
        self.decoded += len(ids)
        return self._tokenizer.decode(list(ids))


def named(*names):
    return [PIECES.index(name if isinstance(name, str) else f"<0x{name:02X}>") for name in names]


@pytest.fixture
def falling():
    return Falling()


def test_a_character_comes_when_all_of_its_bytes_are_there(falling):
    decoding = Decoding(falling)
    told = [decoding.add(token) for token in named("▁a", "b", *"é".encode(), "▁", "▁a", *"🧑".encode(), "c")]
    assert told == ["a", "b", "", "é", " ", " a", "", "", "", "🧑", "c"]
    assert decoding.rest() == ""


def test_broken_bytes_hold_up_and_spoil_nothing_else(falling):
    decoding = Decoding(falling)
    told = [decoding.add(token) for token in named("a", 0xC3, 0xA9, 0xC3, "b", "c", 0xC3)]
    assert told == ["a", "", "é", "", "\ufffdb", "c", ""]
    assert decoding.rest() == "\ufffd"
    smile = "😀".encode()
    assert decoded(falling, named(*smile, *smile[:3])) == "😀\ufffd\ufffd\ufffd"


def test_it_takes_twice_as_long_for_twice_the_tokens(falling):
    decoded(falling, named(*"abc" * 500))
    once, falling.decoded = falling.decoded, 0
    decoded(falling, named(*"abc" * 1000))
    assert falling.decoded < 2.1 * once


@pytest.mark.parametrize("text", ["One. Two.\n\n Three", "a é 🧑🏽‍🚀 قال: ##", "", "  "])
def test_it_is_the_text_of_all_tokens(lm, text):
    assert decoded(lm, lm.tokens(text)) == lm.text(lm.tokens(text)) == text


def test_the_reader_says_the_same_in_pieces_and_as_a_whole(lm, monkeypatch):
    ids = [*lm.tokens("One é"), lm.tokens("é")[0], *lm.tokens(" 🧑")]
    monkeypatch.setattr(SoftReader, "decode", lambda self, laid, most, sampling: ([token] for token in ids))
    reader = SoftReader(lm)
    assert ["".join(reader.stream("Say."))] == reader.generate(["Say."]) == [decoded(lm, ids)]
