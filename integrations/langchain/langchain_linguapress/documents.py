"""Documents in, shortened copies out; where each kept character stood goes into the metadata."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from numbers import Integral, Real
from typing import Any

from langchain_core.documents import Document

from linguapress import Compression, Passage
from linguapress.hosts import RECORD, contradicted, covered, fresh, ranges, record_key, record_of, recorded, refers, traced_back

PREPARED = "linguapress_prepared"
"""Metadata key of the record that a prepared document carries, as ASCII text."""
MEMORY = "linguapress_memory"
"""Metadata key of what the memory of a document is kept under."""
_EMBEDDED = "embedded_doc"  # as LangChain's filters call it


def format_docs(documents: Iterable[Document], separator: str = "\n\n") -> str:
    """The string to send: the contents joined just as the budget counted them.

    Args:
        documents: what the compressor returned.
        separator: the compressor's own.
    """
    return separator.join(document.page_content for document in documents)


def texts_of(documents: Sequence[Document]) -> dict[int, Document]:
    """The documents whose content is a text, and no reference to a memory, by position."""
    return {place: document for place, document in enumerate(documents) if not refers(document.metadata, document.page_content)}


def shortened(documents: Sequence[Document], result: Compression) -> list[Document]:
    """The documents, with copies of those texts of which something is kept in the order of the result; all else stays in place.

    Args:
        documents: what the caller gave.
        result: what is kept of :func:`texts_of` these documents.
    """
    places = list(texts_of(documents))
    texts = [documents[place] for place in places]
    starts = _starts(texts)
    copies = [_copy(texts[passage.index], starts[passage.index], passage, result) for passage in result.passages]
    found = dict(zip(sorted(places[passage.index] for passage in result.passages), copies, strict=True))
    gone = set(places) - set(found)
    return [found.get(place, document) for place, document in enumerate(documents) if place not in gone]


def measured(result: Compression) -> dict[str, Any]:
    """What the whole call cost and saved: numbers and warnings, ready for JSON."""
    return {
        "tokens_before": result.tokens_before,
        "tokens_after": result.tokens_after,
        "limit": result.limit,
        "rate": result.rate,
        "warnings": list(result.warnings),
    }


def _copy(document: Document, start: int | None, passage: Passage, result: Compression) -> Document:
    origins = _origins(document, start).items()
    record: dict[str, Any] = {name: traced_back(passage.spans, origin) for name, origin in origins} | measured(result)
    metadata = fresh(document.metadata)
    if passage.score is not None:
        record["relevance"] = passage.score
        earlier = record_of(metadata).get("relevance")
        if "relevance_score" not in metadata or (earlier is not None and metadata["relevance_score"] == earlier):
            metadata["relevance_score"] = passage.score  # anything else was put there by others
    metadata.pop(PREPARED, None)
    told = {**metadata, record_key(metadata): record}
    return document.model_copy(update={"page_content": passage.text, "metadata": told, **_state(document)})


def _state(document: Document) -> dict[str, Any]:
    """The state that filters add to a document, if there is one; without the embedding, which is that of the whole text."""
    state = getattr(document, "state", None)
    return {"state": {name: fresh(value) for name, value in state.items() if name != _EMBEDDED}} if isinstance(state, dict) else {}


def _origins(document: Document, start: int | None) -> dict[str, list[tuple[int, int]]]:
    """What the content is made of: ``spans`` of the text as first retrieved, and ``source_spans`` where they can be told.

    They are those that an earlier compression noted. Where something else has cut its text since, or a store has made another
    thing of the note, nothing tells the source.
    """
    length = len(document.page_content)
    noted = {name: ranges(record_of(document.metadata).get(name)) for name in ("spans", "source_spans")}
    fitting = {name: spans for name, spans in noted.items() if spans and covered(spans) == length}
    if recorded(document.metadata):
        return fitting if "spans" in fitting else {"spans": [(0, length)]}
    return {"spans": [(0, length)]} | ({} if start is None else {"source_spans": [(start, start + length)]})


def _starts(documents: Sequence[Document]) -> list[int | None]:
    """Where each content begins in its source, None where nothing tells, or contents of that source contradict each other.

    Text splitters may hand the place of a text on to all of its parts, or count from the beginning of a part.
    """
    places = [(_source(document), _start(document), document.page_content) for document in documents]
    false = contradicted((source, start, text) for source, start, text in places if start is not None)
    return [None if source in false else start for source, start, _ in places]


def _source(document: Document) -> Hashable:
    """What names the source of a content: what its metadata tell in texts and whole numbers; else its id.

    Its place and what is ours do not count, nor do scores, which differ between parts of one text.
    """
    told = {name: fact for name, fact in document.metadata.items() if isinstance(fact, str | Integral) and name != "start_index"}
    return frozenset((name, fact) for name, fact in told.items() if not str(name).startswith(RECORD)) or document.id


def _start(document: Document) -> int | None:
    """Where the content begins by its own metadata, None where they do not say, or something has been cut out of it since."""
    start: Any = document.metadata.get("start_index")
    number = not isinstance(start, bool) and isinstance(start, Real)
    if not number or start != start // 1 or recorded(document.metadata):  # whole floats count, where a store has nothing else
        return None
    return int(start) if start >= 0 else None  # text splitters write -1 for "not found"
