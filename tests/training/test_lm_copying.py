"""Copies and questions in the windows of a language model."""

import json
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from linguapress.training.lm_asking import AskingWindows
from linguapress.training.lm_copying import CopyingWindows, copy_accuracy
from linguapress.training.lm_settings import LmSettings
from linguapress.training.lm_tokens import END_ID, Windows

STREAM = np.arange(5000, dtype=np.uint16) % 300 + 1


def windows(share, longest=20, seed=0):
    return CopyingWindows(Windows(STREAM, 64, 8, seed), STREAM, share, longest, seed)


def texts(row):
    """What lies between end tokens, the cut one left out."""
    ends = [at for at, token in enumerate(row) if token == END_ID]
    return [list(row[a + 1 : b]) for a, b in pairwise(ends)]


def test_a_share_of_the_windows_holds_texts_said_twice():
    rows = windows(0.5).of_step(3)
    copied = [row for row in rows if row[0] == END_ID]
    assert rows.shape == (8, 65)
    assert 3 <= len(copied) <= 5
    for row in copied:
        found = texts(row)
        assert all(8 <= len(text) <= 20 for text in found)
        assert all(first == second for first, second in zip(found[::2], found[1::2], strict=False))
    plain = Windows(STREAM, 64, 8, 0).of_step(3)
    assert np.array_equal(rows[: 8 - len(copied)], plain[: 8 - len(copied)])


def test_which_texts_depends_on_seed_and_step():
    assert np.array_equal(windows(1.0).of_step(2), windows(1.0).of_step(2))
    assert not np.array_equal(windows(1.0).of_step(2), windows(1.0).of_step(3))
    assert np.array_equal(windows(0.0).of_step(2), Windows(STREAM, 64, 8, 0).of_step(2))


def test_too_little_text_is_refused():
    with pytest.raises(ValueError, match="--chunk"):
        windows(0.5, longest=6000)


class Parrot:
    """Says what was said as many tokens ago, or nothing sensible."""

    device = "cpu"

    def __init__(self, back):
        self.back = back

    def __call__(self, input_ids, use_cache):
        said = torch.zeros_like(input_ids)
        said[:, self.back :] = input_ids[:, : -self.back] if self.back else input_ids
        return SimpleNamespace(logits=torch.nn.functional.one_hot(said, 400).float())


def test_copying_is_measured():
    documents = [STREAM[at : at + 40] for at in range(0, 400, 40)] + [STREAM[:5]]
    right = copy_accuracy(Parrot(32), documents, 32, batch=3)
    assert right == {"texts": 10, "accuracy": 1.0, "without": 0.0}
    assert copy_accuracy(Parrot(31), documents, 32)["accuracy"] == 0.0
    assert np.isnan(copy_accuracy(Parrot(1), [STREAM[:5]], 32)["accuracy"])


def test_questions_lie_behind_their_chunks(bpe, tmp_path):
    rows = [{"context": f"The door of house {n} is green.", "qas": [{"question": f"Colour of {n}?", "answers": ["green"],
             "starts": [f"The door of house {n} is green.".index("green")]}]} for n in range(100)]  # fmt: skip
    file = tmp_path / "asked.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    plain = Windows(STREAM, 64, 8, 0)
    found = AskingWindows(plain, bpe, [file], 0.5, 30, 0).of_step(1)
    asked = [row for row in found if row[0] == END_ID]
    assert 3 <= len(asked) <= 5
    for row in asked:
        first = bpe.decode(texts(row)[0] if texts(row) else list(row))
        assert "\nQuestion: Colour of" in first
        if texts(row):
            assert first.endswith("Answer: green")
            number = first.split("Colour of ")[1].split("?")[0]
            assert f"house {number} is green" in first.split("\nQuestion")[0]
    assert np.array_equal(AskingWindows(plain, bpe, [], 0.0, 30, 0).of_step(1), plain.of_step(1))
    with pytest.raises(ValueError, match="none to learn from"):
        AskingWindows(plain, bpe, [], 0.5, 30, 0)
    long = [{**row, "qas": [{**row["qas"][0], "answers": [row["context"]], "starts": [0]}]} for row in rows]
    file.write_text("".join(json.dumps(row) + "\n" for row in long))
    with pytest.raises(ValueError, match="whose answer fits 4 tokens"):
        AskingWindows(plain, bpe, [file], 0.5, 4, 0)


def test_copies_and_questions_share_out_the_windows(tmp_path):
    with pytest.raises(ValueError, match="together"):
        LmSettings(tmp_path, tmp_path / "out", tokens=1, copying=0.7, asking=0.6)
