"""Requests that are computed together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from fakes import lingua, query_select

from linguapress import Budget, Compression, Compressor, Draft, load
from linguapress.serve.batching import Batcher, Job
from linguapress.serve.limits import Limits

TEXT = "Marie Curie won two Nobel Prizes. She was born in Warsaw in 1867. Paris is a big city. It has a river."
HALF = Budget(rate=0.5)


@dataclass(frozen=True)
class Recording(Compressor):
    """``head`` that notes the batches it is given and fails on a document."""

    name = "recording"
    batches: list[int] = field(default_factory=list)
    gate: threading.Event | None = None

    def compress_batch(self, documents: Sequence[Sequence[str]], queries=None, **settings) -> list[Compression]:
        self.batches.append(len(documents))
        if self.gate:
            assert self.gate.wait(20)
        if any("poison" in text for request in documents for text in request):
            raise ZeroDivisionError("poison")
        return load("head").compress_batch(documents, queries, **settings)

    def reduce(self, draft: Draft) -> Draft:
        raise NotImplementedError


@pytest.fixture
def executor():
    with ThreadPoolExecutor(1) as found:
        yield found


async def together(batcher: Batcher, jobs: Sequence[Job]):
    return await asyncio.gather(*(batcher.compress(job) for job in jobs), return_exceptions=True)


@pytest.mark.parametrize("press", [lingua(), query_select(), load("head"), load("random_words")], ids=lambda press: press.name)
async def test_together_is_as_alone(executor, press):
    documents = [[TEXT, f"Document {number}. It says {number * 7}."] for number in range(10)]
    jobs = [Job("m", HALF, texts, f"What does document {number} say?") for number, texts in enumerate(documents)]
    found = await together(Batcher({"m": press}, Limits(), executor), jobs)
    alone = [press.compress(job.documents, job.query, budget=HALF) for job in jobs]
    assert [done.batch for done in found] == [10] * 10
    assert [done.found.text for done in found] == [result.text for result in alone]
    assert [done.found.passages for done in found] == [result.passages for result in alone]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lingua", "query_select", "llmlingua2", "sentence_filter"])
async def test_together_is_as_alone_with_embedded_models(executor, name):
    press = load(name)
    jobs = [Job("m", HALF, [TEXT, f"Document {number}. It says {number * 7}."], "Who was born where?") for number in range(4)]
    found = await together(Batcher({"m": press}, Limits(), executor), jobs)
    assert [done.found.text for done in found] == [press.compress(job.documents, job.query, budget=HALF).text for job in jobs]


async def test_other_methods_and_budgets_are_other_batches(executor):
    first, second, noted = Recording(), Recording(), []
    batcher = Batcher({"a": first, "b": second}, Limits(), executor, lambda *facts: noted.append(facts))
    jobs = [Job(method, Budget(rate=rate), [TEXT], None) for method in "ab" for rate in (0.2, 0.2, 0.7)]
    found = await together(batcher, jobs)
    assert [done.batch for done in found] == [2, 2, 1, 2, 2, 1]
    assert sorted(first.batches) == sorted(second.batches) == [1, 2]
    assert sorted(noted) == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert [done.found.text for done in found] == [load("head").compress([TEXT], budget=job.budget).text for job in jobs]


async def test_a_batch_has_its_limit_and_the_rest_follows(executor):
    press = Recording()
    found = await together(Batcher({"m": press}, Limits(batch=4), executor), [Job("m", HALF, [TEXT], str(n)) for n in range(10)])
    assert press.batches == [4, 4, 2]
    assert [done.batch for done in found] == [4] * 8 + [2] * 2


async def test_while_one_batch_is_computed_the_next_one_grows(executor):
    press = Recording(gate=threading.Event())
    batcher = Batcher({"m": press}, Limits(window=0), executor)
    first = asyncio.create_task(batcher.compress(Job("m", HALF, [TEXT], None)))
    while not press.batches:
        await asyncio.sleep(0.001)
    later = []
    for number in range(5):
        later.append(asyncio.create_task(batcher.compress(Job("m", HALF, [TEXT], str(number)))))
        await asyncio.sleep(0.002)
    press.gate.set()
    await asyncio.gather(first, *later)
    assert press.batches == [1, 5]


async def test_a_request_that_fails_spoils_no_other(executor):
    press = Recording()
    jobs = [Job("m", HALF, [text], None) for text in (TEXT, "poison", TEXT)]
    good, bad, also_good = await together(Batcher({"m": press}, Limits(), executor), jobs)
    assert isinstance(bad, ZeroDivisionError)
    assert good.found.text == also_good.found.text == load("head").compress([TEXT], budget=HALF).text
    assert (good.batch, also_good.batch) == (1, 1)


async def test_requests_that_are_given_up_are_not_computed(executor):
    press = Recording(gate=threading.Event())
    batcher = Batcher({"m": press}, Limits(), executor)
    first = asyncio.create_task(batcher.compress(Job("m", HALF, [TEXT], None)))
    while not press.batches:
        await asyncio.sleep(0.001)
    given_up, kept = (asyncio.create_task(batcher.compress(Job("m", HALF, [TEXT], None))) for _ in range(2))
    await asyncio.sleep(0.01)
    given_up.cancel()
    press.gate.set()
    assert (await kept).batch == 1
    await first
    assert press.batches == [1, 1]
