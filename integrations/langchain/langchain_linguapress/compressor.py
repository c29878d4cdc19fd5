"""The document compressor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from langchain_core.callbacks import Callbacks, adispatch_custom_event, dispatch_custom_event
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda, run_in_executor

from langchain_linguapress.documents import measured, shortened, texts_of
from langchain_linguapress.inputs import DOCUMENTS_KEYS, QUERY_KEYS, Keys, blank
from langchain_linguapress.preparer import records_of, told
from langchain_linguapress.settings import Settings
from linguapress.hosts import displaced

EVENT = "linguapress.compression"


class LinguaCompressor(Settings, BaseDocumentCompressor):
    """Cuts retrieved documents to a token budget, keeping their own characters, ids and metadata.

    Works without arguments: half of the tokens, the embedded model, no network. Each call shows up in traces as a run called
    ``LinguaCompressor`` with a custom event ``linguapress.compression`` that carries the savings.
    """

    def compress_documents(self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None) -> list[Document]:
        """Shortened copies of the documents; those of which nothing is kept are left out.

        Args:
            documents: what was retrieved; never changed. Those that a ``LinguaPreparer`` has prepared are not read again.
            query: what the reader will be asked. Blank = none.
            callbacks: handlers, or the manager of the run that asks.

        Returns:
            Documents in the order in which to send them. Their metadata has ``linguapress``: ``spans``, the kept ranges of the
            text as retrieved, ``source_spans`` where a ``start_index`` tells them, ``relevance`` where the method measured it, and
            the measurements of the whole call; where somebody else's value stands there, that stays, ``linguapress_record`` has
            ours, and a warning says so. The relevance is under ``relevance_score`` too, unless somebody else's stands there.
            It has no prepared record any more, which fits the whole text only. References of a ``MemoryCompressor`` stay where
            and as they are, and do not count.

        Raises:
            InvalidDocuments: there is something else than documents.
        """
        inputs = {"documents": documents, "query": query or ""}
        return self.as_runnable(None if blank(query) else "query", "documents").invoke(inputs, {"callbacks": callbacks})

    async def acompress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """The same as :meth:`compress_documents`; the work is done in a thread."""
        inputs = {"documents": documents, "query": query or ""}
        step = self.as_runnable(None if blank(query) else "query", "documents")
        return await step.ainvoke(inputs, {"callbacks": callbacks})

    def as_runnable(
        self, query_key: str | Sequence[str] | None = QUERY_KEYS, documents_key: str | Sequence[str] = DOCUMENTS_KEYS
    ) -> Runnable[dict[str, Any], list[Document]]:
        """A step of a chain, from ``{"documents": [...], "query": "..."}`` to documents.

        A dict without a query, with a blank one, or with two keys where it may be, is a ``ValueError``.

        Args:
            query_key: key of the query, or keys of which there is exactly one. None = compress without a query.
            documents_key: key of the documents, or keys of which the first that is there, and not None, counts; in a graph with
                memory, a context that an earlier turn has made stands beside the documents of this one.
        """
        keys = Keys(query_key, documents_key)
        step = RunnableLambda(partial(self._run, keys), partial(self._arun, keys), name="LinguaCompressor")
        return step.with_types(output_type=list[Document])

    def _run(self, keys: Keys, inputs: dict[str, Any], config: RunnableConfig) -> list[Document]:
        documents, report = self._compressed(keys, inputs)
        dispatch_custom_event(EVENT, report, config=config)
        return documents

    async def _arun(self, keys: Keys, inputs: dict[str, Any], config: RunnableConfig) -> list[Document]:
        documents, report = await run_in_executor(None, self._compressed, keys, inputs)
        await adispatch_custom_event(EVENT, report, config=config)
        return documents

    def _compressed(self, keys: Keys, inputs: dict[str, Any]) -> tuple[list[Document], dict[str, Any]]:
        documents, query = keys.read(inputs)
        given = list(texts_of(documents).values())
        records, damaged = records_of(given)
        texts = [document.page_content for document in given]
        out = self.press.compress(texts, query, budget=self.budget, prepared=records)
        moved = displaced(given[passage.index].metadata for passage in out.passages)
        result = replace(out, warnings=(*told(out, damaged), *moved))
        return shortened(documents, result), measured(result)
