"""Readers: who answers from what is left."""

import sys
import types

import pytest
import torch

from linguapress import ModelNotFound, UnknownName
from linguapress.evaluation import readers
from linguapress.evaluation.readers import ChatReader, SpanReader, read, reader_of

CONTEXT = "The tower opened in 1889. " * 40 + "It is made of iron."


@pytest.fixture(scope="module")
def span_folder(tmp_path_factory, bert):
    """A random extractive model with the tokenizer of the tiny BERT."""
    from transformers import AutoTokenizer, BertConfig, BertForQuestionAnswering

    folder = tmp_path_factory.mktemp("reader")
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(bert)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48,
        max_position_embeddings=64, initializer_range=0.5,
    )  # fmt: skip
    BertForQuestionAnswering(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_a_span_is_letters_of_the_context_whatever_its_length(span_folder):
    reader = SpanReader(span_folder, window=48, stride=16)
    for context in (CONTEXT, "Iron.", "  x "):
        said = reader.answer("what is it made of", context)
        assert said in context
    assert reader.single
    assert reader.answer("what is it made of", CONTEXT)


def test_the_best_span_of_all_windows_is_taken(span_folder):
    reader = SpanReader(span_folder, window=48, stride=16)
    windows = reader._windows("what is it made of", CONTEXT)
    assert len(windows) > 3
    best = max(windows)
    assert reader.answer("what is it made of", CONTEXT) == CONTEXT[best.start : best.end]


def test_a_span_does_not_end_before_it_starts_and_is_short():
    import numpy as np

    rng = np.random.default_rng(0)
    offsets = np.array([(place, place + 1) for place in range(100)])
    for _ in range(50):
        start, end = rng.normal(size=(2, 100))
        found = readers._best(start, end, offsets)
        pairs = [(start[a] + end[b], a, b + 1) for a in range(100) for b in range(a, min(100, a + readers._LONGEST))]
        assert found == pytest.approx(max(pairs))


class Chat:
    """A chat model that remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def invoke(self, messages):
        self.asked.append(messages[0].content)
        return types.SimpleNamespace(text=" 1889 \n")


@pytest.fixture
def module(monkeypatch):
    made = types.ModuleType("my_models")
    made.chat, made.make, made.number = Chat(), Chat, 3
    monkeypatch.setitem(sys.modules, "my_models", made)
    return made


@pytest.mark.parametrize("name", ["chat", "make"])
def test_a_chat_model_is_given_question_and_text(module, name):
    pytest.importorskip("langchain_core")
    reader = reader_of(f"langchain:my_models:{name}")
    assert isinstance(reader, ChatReader)
    assert not reader.single
    found = read(reader, "when did it open", "It opened in 1889.", ["1889"])
    assert found == {"said": "1889", "f1": 1, "em": 1}
    (asked,) = reader.model.asked
    assert "It opened in 1889." in asked
    assert "when did it open" in asked


def test_an_empty_text_is_not_read(module):
    reader = reader_of("langchain:my_models:chat")
    assert read(reader, "when", "  ", ["1889"]) == {"said": "", "f1": 0, "em": 0}
    assert module.chat.asked == []


@pytest.mark.parametrize(
    "spec", ["langchain:my_models:nothing", "langchain:no_such_module:x", "langchain:", "langchain:my_models:number"]
)
def test_what_is_no_chat_model_is_refused(module, spec):
    with pytest.raises(UnknownName, match=r"package\.module:factory|no LangChain chat model"):
        reader_of(spec)


def test_what_is_no_extractive_model_is_refused(tmp_path):
    with pytest.raises(ModelNotFound, match="no extractive reader called"):
        SpanReader(str(tmp_path)).answer("who", "text")
