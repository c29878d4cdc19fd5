"""A retriever whose documents come back compressed; needs langchain-core alone."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.retrievers import BaseRetriever, RetrieverLike
from pydantic import AliasChoices, ConfigDict, Field

from langchain_linguapress.compressor import LinguaCompressor


class CompressionRetriever(BaseRetriever):
    """Asks another retriever, then compresses what it found.

    Attributes:
        base_retriever: the retriever to ask.
        compressor: what shortens its documents; it may be given as ``base_compressor``, as LangChain's own retriever calls it.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    base_retriever: RetrieverLike
    compressor: BaseDocumentCompressor = Field(
        default_factory=LinguaCompressor, validation_alias=AliasChoices("compressor", "base_compressor")
    )

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **kwargs: Any) -> list[Document]:
        found = self.base_retriever.invoke(query, {"callbacks": run_manager.get_child()}, **kwargs)
        return list(self.compressor.compress_documents(found, query, callbacks=run_manager.get_child())) if found else []

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        found = await self.base_retriever.ainvoke(query, {"callbacks": run_manager.get_child()}, **kwargs)
        return list(await self.compressor.acompress_documents(found, query, callbacks=run_manager.get_child())) if found else []
