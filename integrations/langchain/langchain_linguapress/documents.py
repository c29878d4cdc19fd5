"""Documents in, shortened copies out; where each kept character stood goes into the metadata."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.documents import Document

from linguapress import Compression, Passage

KEY = "linguapress"
"""Metadata key of what a compressed document carries."""
PREPARED = "linguapress_prepared"
"""Metadata key of the record that a prepared document carries, as ASCII text."""
MEMORY = "linguapress_memory"
"""Metadata key of what the memory of a document is kept under."""
ORIGINAL = "linguapress_original"
"""Metadata key of the text of a document whose content is a reference to it."""


def format_docs(documents: Iterable[Document], separator: str = "\n\n") -> str:
    """The string to send: the contents joined just as the budget counted them.

    Args:
        documents: what the compressor returned.
        separator: the compressor's own.
    """
    return separator.join(document.page_content for document in documents)


def shortened(documents: Sequence[Document], result: Compression) -> list[Document]:
    """Copies of the documents of which something is kept, in the order in which they are to be sent."""
    return [_copy(documents[passage.index], passage, result) for passage in result.passages]


def measured(result: Compression) -> dict[str, Any]:
    """What the whole call cost and saved: numbers and warnings, ready for JSON."""
    return {
        "tokens_before": result.tokens_before,
        "tokens_after": result.tokens_after,
        "limit": result.limit,
        "rate": result.rate,
        "warnings": list(result.warnings),
    }


def _copy(document: Document, passage: Passage, result: Compression) -> Document:
    spans = _traced_back(passage.spans, _origin(document))
    record = {"spans": spans, **measured(result)}
    start = document.metadata.get("start_index")
    if isinstance(start, int) and not isinstance(start, bool) and start >= 0:  # text splitters write -1 for "not found"
        record["source_spans"] = [[start + a, start + b] for a, b in spans]
    score = {} if passage.score is None else {"relevance_score": passage.score}
    metadata = {**fresh(document.metadata), **score, KEY: record}
    metadata.pop(PREPARED, None)
    return document.model_copy(update={"page_content": passage.text, "metadata": metadata})


def _origin(document: Document) -> Sequence[tuple[int, int]]:
    """Ranges of the text as first retrieved that the content is made of: those an earlier compression noted, or all of it."""
    try:
        spans = [(int(start), int(end)) for start, end in document.metadata[KEY]["spans"]]
    except (KeyError, TypeError, ValueError):
        spans = []
    length = len(document.page_content)
    return spans if sum(end - start for start, end in spans) == length else [(0, length)]


def _traced_back(spans: Iterable[tuple[int, int]], origin: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Ranges of the content, as ranges of the text that ``origin`` was cut from."""
    found, spans, offset = [], list(spans), 0
    for start, end in origin:
        inside = ((max(a, offset), min(b, offset + end - start)) for a, b in spans)
        found += [[start + a - offset, start + b - offset] for a, b in inside if a < b]
        offset += end - start
    return found


def fresh(value: Any) -> Any:
    """The value in new dicts and lists, so that no change to a copy reaches the original."""
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items()}
    return [fresh(item) for item in value] if isinstance(value, list) else value
