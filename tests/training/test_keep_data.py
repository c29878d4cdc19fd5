"""What a step sees: windows without loss, labels on the right tokens, shares for every process."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

from linguapress.models.weights import Weights
from linguapress.text import Span
from linguapress.training.corpus import DataSet, Labelled
from linguapress.training.keep_data import IGNORED, Part, Plan, collate, fitting, room_of
from linguapress.training.keep_settings import KeepSettings
from linguapress.training.labels import word_spans

TEXT = "The bridge was built in 1932. It spans the harbour, and 8 lanes cross it. " * 12


@pytest.fixture
def reader(folder):
    model = AutoModelForTokenClassification.from_pretrained(folder)
    return Weights(model, AutoTokenizer.from_pretrained(folder), torch.device("cpu"), keep=1)


def labelled(text, source="s", chances=False):
    words = word_spans(text)
    return Labelled(source, text, tuple(words[::2]), tuple(index / len(words) for index in range(len(words))) if chances else ())


def settings(**given):
    return KeepSettings("b", (DataSet(Path("d")),), Path("o"), **given)


def test_windows_hold_all_of_a_long_text_once(reader):
    parts = fitting([labelled(TEXT, chances=True)], reader, 60)
    assert len(parts) > 3
    assert "".join(part.text for part, _ in parts) == TEXT
    assert all(0 < tokens <= 60 for _, tokens in parts)
    kept = [part.text[start:end] for part, _ in parts for start, end in part.kept]
    assert kept == [TEXT[start:end] for start, end in labelled(TEXT).kept]
    chances = [chance for part, _ in parts for chance in part.chances]
    assert chances == list(labelled(TEXT, chances=True).chances)
    assert sum(part.text.lstrip().startswith(("The bridge", "It spans")) for part, _ in parts) >= len(parts) - 1


def test_a_word_longer_than_a_window_is_cut_and_keeps_its_label(reader):
    text = "x" * 30 + "q7" * 60
    parts = fitting([Labelled("s", text, (Span(0, len(text)),), (0.25,))], reader, 16)
    assert "".join(part.text for part, _ in parts) == text
    assert all(tokens <= 16 and part.kept == ((0, len(part.text)),) and part.chances == (0.25,) for part, tokens in parts)


@pytest.mark.parametrize("text", ["😀" * 60, "ﷺa" * 9, "議論しました。" * 12, "e\u0301" * 40, "\n \u200b" * 30 + "x" * 40])
def test_any_text_is_cut_until_it_fits(reader, text):
    parts = fitting([labelled(text)], reader, 14)
    assert "".join(part.text for part, _ in parts) == text
    assert all(tokens <= 14 or len(part.text) == 1 for part, tokens in parts)


def test_labels_and_chances_are_those_of_the_word_of_a_token(reader):
    """Pieces that carry the blank before a word included."""
    example = labelled("The bridge was built in 1932.", chances=True)
    batch = collate(Part((example, labelled("no labels")), 1), reader)
    (encoding,) = reader.tokenizer.encode_batch([example.text], add_special_tokens=False)
    words = word_spans(example.text)
    for place, (start, end) in enumerate(encoding.offsets):
        while start < end and example.text[start].isspace():
            start += 1
        if start == end:
            continue
        word = next(index for index, span in enumerate(words) if span.start <= start < span.end)
        column = place + len(reader.prefix)
        assert batch.labels[0, column] == (word % 2 == 0)
        assert batch.chances[0, column] == pytest.approx(word / len(words))
    assert batch.labels[0, 0] == IGNORED
    assert (batch.labels[1] == IGNORED).all()
    assert (batch.chances[1] == -1).all()


def test_sentences_are_numbered_without_gaps(reader):
    batch = collate(Part((labelled("One day. Two days."), labelled("Three days.")), 2), reader)
    assert sorted(batch.sentences.unique().tolist()) == [-1, 0, 1, 2]
    assert (collate(Part((labelled("One."),), 1), reader, with_sentences=False).sentences == -1).all()


@pytest.mark.parametrize(("accumulate", "processes"), [(1, 1), (2, 1), (2, 3)])
def test_an_epoch_sees_every_text_once_in_equal_shares(reader, accumulate, processes):
    texts = [labelled(f"text number {number} of many", f"s{number % 2}") for number in range(37)]
    extra = [labelled(f"plain {number}") for number in range(9)]
    plan = Plan(settings(batch=4, accumulate=accumulate), [texts], extra, reader, processes)
    steps = plan.epoch(0)
    seen = " ".join(text.text for step in steps for part in step for text in part.texts[: part.labelled])
    assert all(seen.count(f"number {number} of") == 1 for number in range(37))
    assert all(len(step) == accumulate * processes for step in steps)
    assert all(part.labelled <= 4 for step in steps for part in step)
    assert all(sum(len(part.texts) - part.labelled for part in step) == min(9, accumulate * processes) for step in steps)
    assert plan.epoch(0) == steps != plan.epoch(1)
    assert plan.steps() == sum(len(plan.epoch(number)) for number in range(6))


def test_a_step_does_not_depend_on_who_shares_it(reader):
    texts = [labelled(f"text number {number} of many") for number in range(20)]
    one = Plan(settings(batch=8), [texts], [], reader, 1).epoch(0)
    two = Plan(settings(batch=4), [texts], [], reader, 2).epoch(0)
    assert [[text for part in step for text in part.texts] for step in one] == [
        [text for part in step for text in part.texts] for step in two
    ]


def test_the_window_is_no_longer_than_the_model_reads(reader):
    assert room_of(settings(window=320), reader) == reader.room
    assert room_of(settings(window=32), reader) == 32 - reader.special


def test_padding_is_masked(reader):
    batch = collate(Part((labelled("One."), labelled("One two three four five.")), 2), reader)
    lengths = batch.mask.sum(1)
    assert lengths[0] < lengths[1] == batch.ids.shape[1]
    assert np.all(batch.labels.numpy()[0, int(lengths[0]) - 1 :] == IGNORED)
