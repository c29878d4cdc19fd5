"""Inside LlamaIndex: query, chat and citation engines, async, events, the README."""

from __future__ import annotations

import asyncio
import re
import time
from itertools import pairwise
from pathlib import Path

import pytest
from llama_index.core import MockEmbedding, VectorStoreIndex
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload, LlamaDebugHandler
from llama_index.core.chat_engine.types import ChatMode
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.query_engine import CitationQueryEngine, RetrieverQueryEngine
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.postprocessor.linguapress import CompressionEvent, LinguaPostprocessor

QUERY = "How much electricity does the power plant produce?"
ALL = ["ReRankStartEvent", "CompressionEvent", "ReRankEndEvent"]


@pytest.fixture
def index(nodes):
    return VectorStoreIndex([item.node for item in nodes], embed_model=MockEmbedding(embed_dim=4))


@pytest.fixture
def lexical():
    return LinguaPostprocessor(method="sentence_filter", model="lexical", rate=0.4)


def test_query_engine(index, reader, lexical):
    engine = index.as_query_engine(llm=reader, node_postprocessors=[lexical], similarity_top_k=3)
    response = engine.query(QUERY)
    assert str(response) == "420 MW"
    assert "420 MW of electricity" in reader.prompts[0]
    assert "Fishing" not in reader.prompts[0]
    assert "tokens_before" not in reader.prompts[0]
    assert index.docstore.get_node("node-1").text.startswith("The valley was settled early.")
    assert "linguapress" not in index.docstore.get_node("node-1").metadata


async def test_retriever_query_engine_async(index, reader, lexical):
    engine = RetrieverQueryEngine.from_args(index.as_retriever(similarity_top_k=3), llm=reader, node_postprocessors=[lexical])
    assert (await engine.aquery(QUERY)).source_nodes == engine.query(QUERY).source_nodes


def test_the_default_in_a_query_engine(index, reader):
    index.as_query_engine(llm=reader, node_postprocessors=[LinguaPostprocessor()], similarity_top_k=3).query(QUERY)
    assert "420" in reader.prompts[0]


@pytest.mark.parametrize("mode", [ChatMode.CONTEXT, ChatMode.CONDENSE_PLUS_CONTEXT])
async def test_chat_engines(index, reader, lexical, mode):
    memory = ChatMemoryBuffer.from_defaults(token_limit=1000)  # the default memory leaves a database connection open
    engine = index.as_chat_engine(chat_mode=mode, llm=reader, memory=memory, node_postprocessors=[lexical], similarity_top_k=3)
    assert engine.chat(QUERY).response == "420 MW"
    assert "420 MW of electricity" in reader.prompts[-1]
    assert "Fishing" not in reader.prompts[-1]
    engine.reset()
    assert (await engine.achat(QUERY)).response == "420 MW"
    engine.reset()
    assert "".join(engine.stream_chat(QUERY).response_gen) == "420 MW"


def test_citation_query_engine(index, reader, lexical):
    engine = CitationQueryEngine.from_args(index, llm=reader, node_postprocessors=[lexical], similarity_top_k=3)
    response = engine.query(QUERY)
    assert "Source 1:" in reader.prompts[0]
    assert len(response.source_nodes) == reader.prompts[0].split("Now it's your turn.")[1].count("Source ")


async def test_async_gives_the_same(nodes):
    postprocessor = LinguaPostprocessor(model="lexical")
    expected = postprocessor.postprocess_nodes(nodes, query_str=QUERY)
    many = await asyncio.gather(*(postprocessor.apostprocess_nodes(nodes, query_str=QUERY) for _ in range(8)))
    assert all(result == expected for result in many)


async def test_the_event_loop_keeps_beating(nodes):
    def slow(text: str) -> int:
        time.sleep(0.05)
        return len(text.split())

    async def beats() -> None:
        while True:
            await asyncio.sleep(0.01)
            seen.append(time.perf_counter())

    postprocessor, seen = LinguaPostprocessor(method="head", token_counter=slow), []
    heart = asyncio.create_task(beats())
    await asyncio.gather(*(postprocessor.apostprocess_nodes(nodes) for _ in range(4)))
    heart.cancel()
    assert len(seen) >= 5
    assert max(b - a for a, b in pairwise(seen)) < 0.5


def test_events_of_a_call(nodes, recorder, lexical):
    out = lexical.postprocess_nodes(nodes, query_str=QUERY)
    assert recorder.names() == ALL
    start, saved, end = (recorder.first(name) for name in ALL)
    assert (start.query.query_str, start.top_n, start.model_name, start.nodes) == (QUERY, 3, "linguapress/sentence_filter", nodes)
    assert end.nodes == out
    assert isinstance(saved, CompressionEvent)
    assert saved.tokens_saved == saved.tokens_before - saved.tokens_after > 0
    assert saved.tokens_after <= saved.limit
    assert (saved.nodes_kept, saved.nodes_dropped) == (len(out), 3 - len(out))
    assert saved.stages[0]["name"] == "sentence_filter"
    assert saved.span_id
    assert "420 MW" not in str(saved.model_dump())


async def test_async_calls_tell_the_same_inside_their_span(nodes, recorder, lexical):
    await lexical.apostprocess_nodes(nodes, query_str=QUERY)
    assert recorder.names() == ALL
    spans = {event.span_id for event in recorder.events if event.class_name() in ALL}
    assert len(spans) == 1
    assert spans.pop().startswith("LinguaPostprocessor._apostprocess_nodes")


async def test_every_start_has_an_end(nodes, recorder, lexical):
    lexical.postprocess_nodes([], query_str=QUERY)
    lexical.postprocess_nodes([NodeWithScore(node=TextNode(text=""))])
    await lexical.apostprocess_nodes([])
    assert recorder.names() == ALL * 3

    def broken(text: str) -> int:
        raise RuntimeError("no tokenizer")

    recorder.events.clear()
    failing = LinguaPostprocessor(method="head", token_counter=broken)
    with pytest.raises(RuntimeError, match="no tokenizer"):
        failing.postprocess_nodes(nodes)
    with pytest.raises(RuntimeError, match="no tokenizer"):
        await failing.apostprocess_nodes(nodes)
    assert recorder.names() == ["ReRankStartEvent", "ReRankEndEvent"] * 2
    assert recorder.first("ReRankEndEvent").nodes == []


async def test_a_cancelled_call_ends_too(nodes, recorder):
    def slow(text: str) -> int:
        time.sleep(0.2)
        return 1

    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(LinguaPostprocessor(method="head", token_counter=slow).apostprocess_nodes(nodes), 0.05)
    assert recorder.names()[:2] == ["ReRankStartEvent", "ReRankEndEvent"]


def test_older_callback_handlers_hear_of_it(nodes, lexical):
    handler = LlamaDebugHandler(print_trace_on_end=False)
    lexical.callback_manager = CallbackManager([handler])
    out = lexical.postprocess_nodes(nodes, query_str=QUERY)
    ((start, end),) = handler.get_event_pairs(CBEventType.RERANKING)
    assert start.payload[EventPayload.QUERY_STR] == QUERY
    assert start.payload[EventPayload.NODES] == nodes
    assert end.payload[EventPayload.NODES] == out


def test_the_readme_runs(capsys):
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    exec(re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1], {})
    assert "420 MW" in capsys.readouterr().out


def test_the_readme_names_every_field():
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", readme, re.MULTILINE)) == set(LinguaPostprocessor.model_fields) - {"callback_manager"}
