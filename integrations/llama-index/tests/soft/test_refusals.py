"""What the LLM refuses reaches whoever asked, whichever way; LlamaIndex would swallow a ValueError or TypeError."""

from __future__ import annotations

import pytest
from llama_index.core import get_response_synthesizer
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole
from llama_index.core.bridge.pydantic import ValidationError
from llama_index.postprocessor.linguapress import CannotAnswer, LinguaPressLLM, MemoryPostprocessor

from linguapress.errors import InvalidPrompt

from .conftest import TEXTS

QUERY = "When was the dam finished?"


@pytest.fixture
def llm(shelf):
    return LinguaPressLLM(shelf=shelf, max_tokens=4)


def told(response):
    return "".join(getattr(response, "response_gen", [])) or str(response)


async def atold(asked):
    response = await asked
    if hasattr(response, "async_response_gen"):
        return "".join([text async for text in response.async_response_gen()])
    return str(response)


async def listed(asked):
    return [piece async for piece in await asked]


def test_nothing_is_sent_where_a_reference_is_lost_or_cut(shelf, llm):
    (reference,) = shelf.refer(TEXTS[:1])
    with pytest.raises(CannotAnswer, match="was cut or changed") as refused:
        llm.complete(f"{reference[:-3]} What?")
    assert isinstance(refused.value.__cause__, InvalidPrompt)
    assert not isinstance(refused.value, ValueError | TypeError)
    shelf.store.mdelete(list(shelf.store.yield_keys()))
    with pytest.raises(CannotAnswer, match="swap the documents again"):
        llm.complete(f"{reference} What?")


async def test_refusals_are_the_same_however_it_is_asked(shelf, llm):
    cut = f"{shelf.refer(TEXTS[:1])[0][:-3]} What?"
    talk = [ChatMessage(role=MessageRole.USER, content=cut)]
    for ask in (llm.complete, lambda text: list(llm.stream_complete(text))):
        with pytest.raises(CannotAnswer, match="was cut"):
            ask(cut)
    for ask in (llm.chat, lambda messages: list(llm.stream_chat(messages))):
        with pytest.raises(CannotAnswer, match="was cut"):
            ask(talk)
    with pytest.raises(CannotAnswer, match="was cut"):
        await llm.acomplete(cut)
    with pytest.raises(CannotAnswer, match="was cut"):
        await llm.achat(talk)
    with pytest.raises(CannotAnswer, match="was cut"):
        await listed(llm.astream_complete(cut))
    with pytest.raises(CannotAnswer, match="was cut"):
        await listed(llm.astream_chat(talk))


@pytest.mark.parametrize("mode", ["compact", "refine", "tree_summarize", "simple_summarize", "accumulate"])
async def test_no_way_to_synthesize_swallows_a_refusal(shelf, nodes, llm, mode):
    lost = MemoryPostprocessor(shelf=shelf).postprocess_nodes(nodes)
    shelf.store.mdelete(list(shelf.store.yield_keys()))
    for streaming in {False, mode != "accumulate"}:  # which has no stream
        synthesizer = get_response_synthesizer(llm=llm, response_mode=mode, streaming=streaming)
        with pytest.raises(CannotAnswer, match="swap the documents again"):
            told(synthesizer.synthesize(QUERY, lost))
        with pytest.raises(CannotAnswer, match="swap the documents again"):
            await atold(synthesizer.asynthesize(QUERY, lost))


def test_what_it_cannot_do_is_refused(shelf, llm):
    with pytest.raises(CannotAnswer, match="takes no 'tools'"):
        llm.complete("Hi", tools=[])
    with pytest.raises(CannotAnswer, match="block of type 'image'"):
        llm.chat([ChatMessage(role=MessageRole.USER, blocks=[ImageBlock(url="http://x/y.png")])])
    with pytest.raises(CannotAnswer, match="reads 4096"):
        llm.complete("x " * 9000)
    for bad in ({"max_tokens": 0}, {"temperature": -1}, {"top_p": 0}, {"layout": "round"}, {"colour": "red"}, {"shelf": None}):
        with pytest.raises(ValidationError):
            LinguaPressLLM(**{"shelf": shelf, **bad})
