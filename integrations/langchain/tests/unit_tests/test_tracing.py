from __future__ import annotations

import json

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_linguapress import CompressionRetriever, LinguaCompressor

COMPRESSOR = LinguaCompressor(method="head")
KEYS = {"tokens_before", "tokens_after", "limit", "rate", "warnings"}


def check(recorder, parent=None):
    (run,) = recorder.runs("LinguaCompressor")
    ((name, data, sender),) = recorder.events
    assert (name, sender) == ("linguapress.compression", run)
    assert set(json.loads(json.dumps(data))) == KEYS
    assert data["tokens_after"] <= data["limit"] < data["tokens_before"]
    assert sorted(recorder.ended) == sorted(recorder.names)
    if parent:
        assert recorder.names[recorder.parents[run]] == parent


def test_without_callbacks_nothing_breaks(documents):
    assert COMPRESSOR.compress_documents(documents, "")
    assert COMPRESSOR.compress_documents(documents, "", callbacks=[])


def test_own_run_and_event(documents, recorder):
    COMPRESSOR.compress_documents(documents, "", callbacks=[recorder])
    check(recorder)


async def test_own_run_and_event_async(documents, recorder):
    await COMPRESSOR.acompress_documents(documents, "", callbacks=[recorder])
    check(recorder)


def test_child_of_the_retriever(retriever, recorder):
    CompressionRetriever(base_retriever=retriever, compressor=COMPRESSOR).invoke("", {"callbacks": [recorder]})
    assert recorder.names[recorder.parents[recorder.runs("Shelf")[0]]] == "CompressionRetriever"
    check(recorder, "CompressionRetriever")


async def test_child_of_the_retriever_async(retriever, recorder):
    await CompressionRetriever(base_retriever=retriever, compressor=COMPRESSOR).ainvoke("", {"callbacks": [recorder]})
    check(recorder, "CompressionRetriever")


def test_child_of_a_chain_that_passes_no_callbacks(documents, recorder):
    step = RunnableLambda(lambda query: COMPRESSOR.compress_documents(documents, query), name="outer")
    step.invoke("", {"callbacks": [recorder]})
    check(recorder, "outer")


async def test_astream_events(retriever):
    chain = CompressionRetriever(base_retriever=retriever, compressor=COMPRESSOR)
    events = [event async for event in chain.astream_events("", version="v2")]
    (custom,) = [event for event in events if event["event"] == "on_custom_event"]
    assert custom["name"] == "linguapress.compression"
    assert set(custom["data"]) == KEYS
    kinds = [event["event"] for event in events if event["name"] == "LinguaCompressor"]
    assert kinds[0] == "on_chain_start"
    assert kinds[-1] == "on_chain_end"


@pytest.mark.parametrize("empty", [True, False])
async def test_every_start_has_an_end(documents, recorder, empty):
    await COMPRESSOR.acompress_documents([] if empty else documents, "", callbacks=[recorder])
    COMPRESSOR.compress_documents([] if empty else documents, "", callbacks=[recorder])
    assert sorted(recorder.ended) == sorted(recorder.names)
    assert len(recorder.ended) == 2


def test_so_it_has_when_something_fails(retriever, recorder):
    def broken(text: str) -> int:
        raise RuntimeError("no tokenizer")

    failing = CompressionRetriever(base_retriever=retriever, compressor=LinguaCompressor(method="head", token_counter=broken))
    with pytest.raises(RuntimeError, match="no tokenizer"):
        failing.invoke("", {"callbacks": [recorder]})
    assert sorted(recorder.ended + recorder.failed) == sorted(recorder.names)
    assert recorder.events == []
