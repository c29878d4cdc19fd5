"""Score once, at ingestion: records of documents, kept in their metadata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.documents import BaseDocumentTransformer, Document

from langchain_linguapress.documents import PREPARED
from langchain_linguapress.inputs import listed
from langchain_linguapress.method import Method
from linguapress import Compression, InvalidRecord, Prepared
from linguapress.hosts import fresh


class LinguaPreparer(Method, BaseDocumentTransformer):
    """Writes into each document's metadata what models make of it; ``LinguaCompressor`` then reads the question alone.

    Give it the compressor's ``method``, ``model``, ``guard`` and ``settings``, and put it last, after the text splitter: a record
    fits the very text it was made of. A record that does not fit is ignored.
    """

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> list[Document]:
        """Copies of the documents with a record under ``linguapress_prepared``; none where the method has nothing to keep."""
        documents = listed(documents)
        records = self.press.prepare([document.page_content for document in documents])
        return [_carrying(document, record) for document, record in zip(documents, records, strict=True)]


def records_of(documents: Sequence[Document]) -> tuple[list[Prepared | None], int]:
    """The records that documents carry, None where there is none, and how many could not be read."""
    found: list[Prepared | None] = []
    damaged = 0
    for document in documents:
        try:
            written = document.metadata.get(PREPARED)
            found.append(None if written is None else Prepared.from_text(written))
        except InvalidRecord:
            found.append(None)
            damaged += 1
    return found, damaged


def told(result: Compression, damaged: int) -> tuple[str, ...]:
    """The warnings of a result, and one of records that could not be read."""
    return (
        *result.warnings,
        *([f"{damaged} prepared records could not be read and were ignored; prepare again"] if damaged else []),
    )


def _carrying(document: Document, record: Prepared) -> Document:
    metadata = fresh(document.metadata)
    metadata.pop(PREPARED, None)
    kept = {PREPARED: record.to_text()} if record.notes else {}
    return document.model_copy(update={"metadata": {**metadata, **kept}})
