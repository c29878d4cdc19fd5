from __future__ import annotations

import asyncio
import threading
import time

from langchain_linguapress import LinguaCompressor


async def test_the_loop_goes_on_while_a_compressor_works(documents):
    threads = set()

    def slow(text: str) -> int:
        threads.add(threading.get_ident())
        time.sleep(0.05)
        return len(text.split())

    beats = 0

    async def heart() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    task = asyncio.create_task(heart())
    start = time.perf_counter()
    short = await LinguaCompressor(method="head", token_counter=slow).acompress_documents(documents, "")
    elapsed = time.perf_counter() - start
    task.cancel()
    assert short
    assert threading.get_ident() not in threads
    assert beats >= elapsed / 0.1


async def test_many_calls_at_once(documents):
    compressor = LinguaCompressor(method="sentence_filter", model="lexical")
    queries = ["Who founded the observatory?", "How is bread baked?", "When does the harbour freeze?"] * 7
    results = await asyncio.gather(*(compressor.acompress_documents(documents, query) for query in queries))
    assert results == [compressor.compress_documents(documents, query) for query in queries]


async def test_a_neural_model_is_shared_by_calls_at_once(documents):
    queries = ["Who founded the observatory?", "How is bread baked?"] * 2
    results = await asyncio.gather(*(LinguaCompressor().acompress_documents(documents, query) for query in queries))
    assert results[:2] == results[2:]
    assert results[:2] == [LinguaCompressor().compress_documents(documents, query) for query in queries[:2]]
