"""What compressors are given: lists of documents, or dicts that hold one and a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.documents import Document

from linguapress import InvalidDocuments

QUERY_KEYS = ("query", "question", "input")
"""Where chains usually have the query."""
DOCUMENTS_KEYS = ("documents", "context")
"""Where chains usually have the documents: beside documents, a context is what an earlier turn has made of them."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys under which a dict has documents, the first that is not None, and a query, the only one that is not blank.

    ``query`` None = it has no query.
    """

    query: str | Sequence[str] | None
    documents: str | Sequence[str]

    def read(self, inputs: object) -> tuple[list[Document], Any]:
        """Documents and query.

        Raises:
            InvalidDocuments: there is something else than documents.
            TypeError: no dict.
            ValueError: no key, several for the query, or nothing under it.
        """
        if not isinstance(inputs, Mapping):
            kind = type(inputs).__name__
            raise TypeError(
                f"as_runnable() takes a dict of documents and query, got {kind}; for a retriever use CompressionRetriever"
            )
        query = None if self.query is None else _value(inputs, "query", self.query, ", or query_key=None for no query")
        return listed(_value(inputs, "documents", self.documents)), query


def blank(query: object) -> bool:
    """Whether there is no question in a query."""
    return query is None or (isinstance(query, str) and not query.strip())


def listed(documents: Any) -> list[Document]:
    """The documents as a list.

    Raises:
        InvalidDocuments: one document or text, or something else than documents in the list.
    """
    if isinstance(documents, str | Document):
        raise InvalidDocuments(f"documents must be a list of Document, got {type(documents).__name__}; wrap it: [Document(text)]")
    found: list[Any] = list(documents)
    for number, document in enumerate(found):
        if not isinstance(document, Document):
            kind = type(document).__name__
            raise InvalidDocuments(f"documents must be a list of Document, number {number} is {kind}; write Document(text)")
    return found


def _value(inputs: Mapping[Any, Any], name: str, keys: str | Sequence[str], otherwise: str = "") -> Any:
    asked = (keys,) if isinstance(keys, str) else tuple(keys)
    empty = [key for key in asked if key in inputs and (inputs[key] is None or (name == "query" and blank(inputs[key])))]
    here = [key for key in asked if key in inputs and key not in empty]
    if len(here) == 1 or (here and name == "documents"):
        return inputs[here[0]]
    choice = "one of" if name == "documents" else "exactly one of"
    where = repr(keys) if isinstance(keys, str) else f"{choice} {', '.join(map(repr, asked))}"
    came = f"got the keys {', '.join(map(repr, inputs))}" if inputs else "got nothing"
    if empty and not here:
        came = "but " + ", ".join(f"{key!r} is {'None' if inputs[key] is None else 'blank'}" for key in empty)
    raise ValueError(f"the {name} must be under {where}, {came}; write as_runnable({name}_key=...){otherwise}")
