"""Tokens of texts and conversations, counted by the model's own tokenizer and without the network."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, trim_messages
from langchain_linguapress import ChatLinguaPress, MemoryCompressor, MemoryPreparer, format_docs

from linguapress.errors import InvalidPrompt

TURNS = "{% for m in messages %}<|turn|>{{ m['role'] }}\n{{ m['content'] | trim }}</s>\n{% endfor %}<|turn|>assistant{{ '\\n' }}"
STRICT = (
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('in turn') }}{% endif %}"
    "<|turn|>{{ m['content'] }}{% endfor %}<|turn|>"
)


@pytest.fixture
def chat(shelf):
    return ChatLinguaPress(shelf=shelf)


@pytest.fixture
def ingested(shelf, documents):
    return MemoryPreparer(shelf=shelf).transform_documents(documents)


@pytest.fixture
def offline(monkeypatch):
    """LangChain's own counter, which asks the hub for GPT-2's tokenizer, fails."""
    from langchain_core.language_models import base

    def asked(text):
        raise AssertionError("LangChain's own tokenizer was asked for")

    monkeypatch.setattr(base, "_get_token_ids_default_method", asked)


@pytest.mark.parametrize("template", [None, TURNS, "{{ messages[-1]['content'] }}"])
@pytest.mark.parametrize("kept", [True, False])
def test_tokens_are_counted_as_the_model_reads_them(shelf, store, ingested, offline, template, kept):
    context = format_docs(MemoryCompressor(shelf=shelf).compress_documents(ingested, ""))
    if not kept:
        store.mdelete(list(store.yield_keys(prefix="memory-")))
    chat = ChatLinguaPress(shelf=shelf, max_tokens=1, template=template)
    for talk in ([HumanMessage(f"{context}\n\nWho?")], [SystemMessage("Be brief. </s>"), HumanMessage(f"Read {context}!")]):
        assert chat.get_num_tokens_from_messages(talk) == chat.invoke(talk).usage_metadata["input_tokens"]
    assert chat.get_num_tokens_from_messages([]) == 0


def test_tokens_of_a_text(shelf, press, ingested, chat, offline):
    reference = MemoryCompressor(shelf=shelf).compress_documents(ingested, "")[0].page_content
    tokens = press.lm.tokens
    assert chat.get_token_ids(f"Read {reference} now") == [*tokens("Read "), -1, -1, -1, *tokens(" now")]
    assert chat.get_num_tokens("</s> café \ud83d") == len(tokens("</s> café \ud83d")) > 0
    assert chat.get_token_ids("") == []
    own = ChatLinguaPress(shelf=shelf, custom_get_token_ids=lambda text: [7] * len(text.split()))
    assert (own.get_num_tokens("a b"), own.get_num_tokens_from_messages([HumanMessage("a b")])) == (2, 3)
    with pytest.raises(InvalidPrompt, match="block of type 'image_url'"):
        chat.get_num_tokens_from_messages([HumanMessage([{"type": "image_url", "image_url": {"url": "x"}}])])
    with pytest.warns(UserWarning, match="takes no tools"):
        chat.get_num_tokens_from_messages([HumanMessage("Hi")], tools=[{}])


@pytest.mark.parametrize("template", [None, TURNS, STRICT])
def test_a_conversation_is_trimmed_offline(shelf, offline, template):
    chat = ChatLinguaPress(shelf=shelf, max_tokens=1, template=template)
    talk = [kind(f"Turn {n} of this talk, and there is more.") for n in range(10) for kind in (HumanMessage, AIMessage)][:-1]
    short = trim_messages(talk, max_tokens=100, token_counter=chat, start_on="human")
    assert 0 < len(short) < len(talk)
    assert short == talk[-len(short) :]
    assert chat.invoke(short).usage_metadata["input_tokens"] <= 100
