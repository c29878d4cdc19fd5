"""Score once, at ingestion: records of nodes, kept in their metadata."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from llama_index.core.bridge.pydantic import ConfigDict
from llama_index.core.schema import BaseNode, TransformComponent
from llama_index.postprocessor.linguapress.method import Method
from llama_index.postprocessor.linguapress.nodes import PREPARED, copied, plain_text

from linguapress import InvalidRecord, Prepared


class LinguaPreparer(Method, TransformComponent):
    """Writes into each node's metadata what models make of its text; ``LinguaPostprocessor`` then reads the question alone.

    Give it the postprocessor's ``method``, ``model``, ``guard`` and ``settings``, and put it last in the ingestion pipeline, after
    whatever splits or changes texts: a record fits the very text it was made of. One that does not fit is ignored.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    @classmethod
    def class_name(cls) -> str:
        """Name in serialized form."""
        return "LinguaPreparer"

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """Copies of the nodes with a record under ``linguapress_prepared``, shown to no model; other nodes stay as they are."""
        nodes = list(nodes)
        texts = {place: text for place, node in enumerate(nodes) if (text := plain_text(node)) is not None}
        records = dict(zip(texts, self.press().prepare(list(texts.values())), strict=True))
        return [_carrying(node, records[place]) if place in records else node for place, node in enumerate(nodes)]

    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """The same; the work is done in a thread."""
        return await asyncio.to_thread(self, nodes, **kwargs)


def records_of(nodes: Sequence[BaseNode]) -> tuple[list[Prepared | None], int]:
    """The records that nodes carry, None where there is none, and how many could not be read."""
    found: list[Prepared | None] = []
    damaged = 0
    for node in nodes:
        try:
            written = node.metadata.get(PREPARED)
            found.append(None if written is None else Prepared.from_text(written))
        except InvalidRecord:
            found.append(None)
            damaged += 1
    return found, damaged


def _carrying(node: BaseNode, record: Prepared) -> BaseNode:
    return copied(node, PREPARED, record.to_text() if record.notes else None)
