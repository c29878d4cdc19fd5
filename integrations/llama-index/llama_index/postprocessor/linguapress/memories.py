"""Nodes compressed into memories at ingestion, and swapped for references to them at query time."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Sequence
from typing import Any

from llama_index.core.bridge.pydantic import BaseModel, ConfigDict, Field, field_serializer
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import BaseNode, NodeWithScore, QueryBundle, TransformComponent
from llama_index.postprocessor.linguapress.nodes import MEMORY, copied, plain_text

from linguapress.hosts import ORIGINAL
from linguapress.soft import MemoryShelf, TextShelf


class OnShelf(BaseModel):
    """A component with a shelf; in serialized form it only says which, since texts and secret stay where they are."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    shelf: TextShelf = Field(description="Keeps texts and memories; must be given anew to a component that was serialized.")

    @field_serializer("shelf")
    def _which(self, shelf: TextShelf) -> str:
        return repr(shelf)

    def __getstate__(self) -> dict[Any, Any]:
        """What is pickled.

        Raises:
            TypeError: a ``MemoryShelf``, whose model stays in its process.
        """
        pickle.dumps(self.shelf)  # LlamaIndex takes away from the component whatever cannot be pickled
        return super().__getstate__()


class MemoryPreparer(OnShelf, TransformComponent):
    """Compresses nodes once; put it last in the ingestion pipeline, after whatever splits or changes texts."""

    shelf: MemoryShelf = Field(description="Keeps texts and memories; those that it has are not made again.")
    batch_size: int = Field(default=8, ge=1, description="Nodes read at once.")

    @classmethod
    def class_name(cls) -> str:
        """Name in serialized form."""
        return "MemoryPreparer"

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """Copies of the nodes with the key of their memory under ``linguapress_memory``, shown to no model; others as they are."""
        nodes = list(nodes)
        texts = {place: text for place, node in enumerate(nodes) if (text := plain_text(node)) and text.strip()}
        keys = dict(zip(texts, self.shelf.keep(list(texts.values()), self.batch_size), strict=True))
        return [copied(node, MEMORY, keys[place]) if place in keys else node for place, node in enumerate(nodes)]

    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """The same; the work is done in a thread."""
        return await asyncio.to_thread(self, nodes, **kwargs)


class MemoryPostprocessor(OnShelf, BaseNodePostprocessor):
    """Swaps the texts of nodes for references, which ``LinguaPressLLM`` on a shelf of the same store and secret can read.

    Metadata that LlamaIndex prints above a text stays text. To any other model a reference says nothing.
    """

    shelf: TextShelf = Field(description="Keeps the texts; a TextShelf needs no model.")

    @classmethod
    def class_name(cls) -> str:
        """Name in serialized form."""
        return "MemoryPostprocessor"

    def _postprocess_nodes(self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None) -> list[NodeWithScore]:
        nodes = list(nodes)
        texts = {place: text for place, item in enumerate(nodes) if (text := self._text(item.node))}
        swapped = dict(zip(texts, self.shelf.refer(list(texts.values())), strict=True))
        return [_referring(item, texts[place], swapped[place]) if place in swapped else item for place, item in enumerate(nodes)]

    def _text(self, node: BaseNode) -> str | None:
        """The text to swap; None where there is none, or it is swapped already."""
        text = plain_text(node)
        done = text is not None and ORIGINAL in node.metadata and self.shelf.refers(text)
        return text if text and text.strip() and not done else None


def _referring(item: NodeWithScore, text: str, reference: str) -> NodeWithScore:
    return item.model_copy(update={"node": copied(item.node, ORIGINAL, text, reference)})
