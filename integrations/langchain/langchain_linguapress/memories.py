"""Documents compressed into memories at ingestion, and swapped for references to them at query time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, BaseDocumentTransformer, Document
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import BaseModel, ConfigDict, Field

from langchain_linguapress.documents import MEMORY, PREPARED
from langchain_linguapress.inputs import listed
from linguapress.hosts import ORIGINAL, fresh
from linguapress.soft import MemoryShelf, TextShelf


class MemoryPreparer(BaseModel, BaseDocumentTransformer):
    """Compresses documents once, at ingestion; put it last, after the text splitter.

    Attributes:
        shelf: keeps texts and memories; those that it has are not made again.
        batch_size: documents read at once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    shelf: MemoryShelf = Field(exclude=True)
    batch_size: int = Field(default=8, ge=1)

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> list[Document]:
        """Copies of the documents with the key of their memory under ``linguapress_memory``; their text is still the text."""
        documents = listed(documents)
        keys = self.shelf.keep([document.page_content for document in documents], self.batch_size)
        return [_noted(document, key) for document, key in zip(documents, keys, strict=True)]


class MemoryCompressor(BaseDocumentCompressor):
    """Swaps the text of documents for references, which ``ChatLinguaPress`` on a shelf of the same store and secret can read.

    To any other model a reference says nothing.

    Attributes:
        shelf: keeps the texts; a ``TextShelf`` needs no model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    shelf: TextShelf = Field(exclude=True)

    def compress_documents(self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None) -> list[Document]:
        """Copies of the documents, each a reference with the text under ``linguapress_original`` of its metadata.

        Args:
            documents: what was retrieved; never changed. Those that are swapped already, and blank ones, stay as they are.
            query: not looked at.
            callbacks: not called.
        """
        return self._swapped(documents)

    def as_runnable(self) -> Runnable[Sequence[Document], list[Document]]:
        """A step of a chain, from documents to documents."""
        return RunnableLambda(self._swapped, name="MemoryCompressor").with_types(output_type=list[Document])

    def _swapped(self, documents: Sequence[Document]) -> list[Document]:
        documents = listed(documents)
        places = [place for place, document in enumerate(documents) if self._has_text(document)]
        references = self.shelf.refer([documents[place].page_content for place in places])
        found = {place: _referring(documents[place], text) for place, text in zip(places, references, strict=True)}
        return [found.get(place, document) for place, document in enumerate(documents)]

    def _has_text(self, document: Document) -> bool:
        swapped = ORIGINAL in document.metadata and self.shelf.refers(document.page_content)
        return bool(document.page_content.strip()) and not swapped


def _noted(document: Document, key: str | None) -> Document:
    metadata = {name: value for name, value in fresh(document.metadata).items() if name != MEMORY}
    return document.model_copy(update={"metadata": metadata | ({MEMORY: key} if key else {})})


def _referring(document: Document, reference: str) -> Document:
    metadata = {name: value for name, value in fresh(document.metadata).items() if name != PREPARED}  # fits the text only
    return document.model_copy(update={
        "page_content": reference, "metadata": {**metadata, ORIGINAL: document.page_content},
    })  # fmt: skip
