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
    record: dict[str, Any] = {name: _traced_back(passage.spans, origin) for name, origin in _origins(document).items()}
    record |= measured(result)
    metadata = fresh(document.metadata)
    if passage.score is not None:
        record["relevance"] = passage.score
        earlier = _record(document).get("relevance")
        if "relevance_score" not in metadata or (earlier is not None and metadata["relevance_score"] == earlier):
            metadata["relevance_score"] = passage.score  # anything else was put there by others
    metadata.pop(PREPARED, None)
    return document.model_copy(update={"page_content": passage.text, "metadata": {**metadata, KEY: record}})


def _record(document: Document) -> dict[str, Any]:
    """What an earlier compression noted, else nothing."""
    record = document.metadata.get(KEY)
    return record if isinstance(record, dict) else {}


def _origins(document: Document) -> dict[str, list[tuple[int, int]]]:
    """What the content is made of: ``spans`` of the text as first retrieved, and ``source_spans`` where they can be told.

    They are those that an earlier compression noted. Where something else has cut its text since, nothing tells the source.
    """
    length = len(document.page_content)
    noted = {name: _ranges(_record(document).get(name)) for name in ("spans", "source_spans")}
    fitting = {name: spans for name, spans in noted.items() if spans and sum(end - start for start, end in spans) == length}
    if noted["spans"]:
        return fitting if "spans" in fitting else {"spans": [(0, length)]}
    start = _start(document)
    return {"spans": [(0, length)]} | ({} if start is None else {"source_spans": [(start, start + length)]})


def _start(document: Document) -> int | None:
    """Where the content begins in its source, None where nothing tells."""
    start = document.metadata.get("start_index")
    if isinstance(start, float) and start.is_integer():  # vector stores may have no other numbers
        start = int(start)
    known = isinstance(start, int) and not isinstance(start, bool) and start >= 0  # text splitters write -1 for "not found"
    return start if known else None


def _ranges(written: Any) -> list[tuple[int, int]]:
    """The ranges that are written, none where they cannot be read."""
    try:
        return [(int(start), int(end)) for start, end in written]
    except (OverflowError, TypeError, ValueError):
        return []


def _traced_back(spans: Iterable[tuple[int, int]], origin: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Ranges of the content, as ranges of the text that ``origin`` was cut from."""
    found, spans, offset = [], list(spans), 0
    for start, end in origin:
        inside = ((max(a, offset), min(b, offset + end - start)) for a, b in spans)
        found += [[start + a - offset, start + b - offset] for a, b in inside if a < b]
        offset += end - start
    return found


def fresh(value: Any) -> Any:
    """The value in new dicts, lists, tuples and sets, so that no change to a copy reaches the original."""
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_make"):  # a named one
        return value._make(map(fresh, value))
    kind = next((kind for kind in (list, tuple, set) if isinstance(value, kind)), None)
    return kind(map(fresh, value)) if kind else value
