from __future__ import annotations

from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, BaseCallbackHandler, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

OBSERVATORY = (
    "The observatory was founded in 1821 by Mary Hale. It stands on a hill above the town. "
    "The weather was bad that year, and the harvest was late. Sheep graze around it in summer."
)
BREAD = "Bread is made of flour and water. It is baked for an hour. Old bread can be revived with water. Salt is added late."
HARBOUR = "The harbour freezes in winter. Ships wait until March. Gulls nest on the pier. A lamp burns on the mole at night."


class Recorder(BaseCallbackHandler):
    """Notes starts, ends, errors and custom events."""

    def __init__(self) -> None:
        self.names: dict[Any, str] = {}
        self.parents: dict[Any, Any] = {}
        self.ended: list[Any] = []
        self.failed: list[Any] = []
        self.events: list[tuple[str, Any, Any]] = []

    def on_chain_start(self, serialized, inputs, *, run_id, parent_run_id=None, name="", **kwargs):
        self.names[run_id], self.parents[run_id] = name, parent_run_id

    def on_retriever_start(self, serialized, query, *, run_id, parent_run_id=None, name="", **kwargs):
        self.names[run_id], self.parents[run_id] = name, parent_run_id

    def on_chain_end(self, outputs, *, run_id, **kwargs):
        self.ended.append(run_id)

    def on_retriever_end(self, documents, *, run_id, **kwargs):
        self.ended.append(run_id)

    def on_chain_error(self, error, *, run_id, **kwargs):
        self.failed.append(run_id)

    def on_retriever_error(self, error, *, run_id, **kwargs):
        self.failed.append(run_id)

    def on_custom_event(self, name, data, *, run_id, **kwargs):
        self.events.append((name, data, run_id))

    def runs(self, name: str) -> list[Any]:
        return [run for run, own in self.names.items() if own == name]


class Shelf(BaseRetriever):
    """Finds the same documents, whatever is asked."""

    documents: list[Document]

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        return self.documents[:k]

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        return self.documents[:k]


@pytest.fixture
def documents() -> list[Document]:
    return [
        Document(OBSERVATORY, id="o", metadata={"source": "towns.txt", "start_index": 1000, "tags": {"kind": ["town"]}}),
        Document(BREAD, id="b", metadata={"source": "food.txt", "page": 7}),
        Document(HARBOUR, id="h", metadata={"source": "sea.txt"}),
    ]


@pytest.fixture
def retriever(documents) -> Shelf:
    return Shelf(documents=documents)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()
