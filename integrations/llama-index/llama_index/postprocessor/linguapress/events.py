"""What LlamaIndex's instrumentation is told: start, savings, end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # re-exported without saying so
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
from llama_index.core.schema import NodeWithScore, QueryBundle

from linguapress import Compression

dispatcher = get_dispatcher(__name__)


class CompressionEvent(BaseEvent):
    """Savings of one call: numbers and warnings, no documents.

    Attributes:
        method: name of the compression method.
        tokens_before: tokens of the text nodes joined, by the reader's tokenizer.
        tokens_after: tokens of what is kept of them, by the same.
        limit: tokens that were allowed.
        rate: kept / original tokens, 0..1.
        nodes_kept: text nodes of which something is kept.
        nodes_dropped: text nodes of which nothing is kept.
        stages: what each step removed, and its wall time in milliseconds.
        warnings: sentences for the user.
    """

    method: str
    tokens_before: int
    tokens_after: int
    limit: int
    rate: float
    nodes_kept: int
    nodes_dropped: int
    stages: list[dict[str, Any]]
    warnings: list[str]

    @classmethod
    def class_name(cls) -> str:
        """Name in traces."""
        return "CompressionEvent"

    @property
    def tokens_saved(self) -> int:
        """Tokens that the reader is spared."""
        return self.tokens_before - self.tokens_after


def tell(method: str, out: Compression) -> None:
    """Sends the event that tells of ``out``."""
    told = {name: getattr(out, name) for name in ("tokens_before", "tokens_after", "limit", "rate")}
    told |= {"nodes_kept": len(out.passages), "nodes_dropped": len(out.dropped)}
    stages = [stage._asdict() for stage in out.stages]
    dispatcher.event(CompressionEvent(method=method, stages=stages, warnings=list(out.warnings), **told))


@contextmanager
def traced(
    manager: CallbackManager, method: str, nodes: list[NodeWithScore], query: QueryBundle | None
) -> Iterator[list[NodeWithScore]]:
    """Announces the start, and the end however it comes; yields the list that the caller fills with nodes."""
    done: list[NodeWithScore] = []
    name, asked = f"linguapress/{method}", query.query_str if query else ""
    payload: dict[str, Any] = {EventPayload.NODES: nodes, EventPayload.MODEL_NAME: name, EventPayload.QUERY_STR: asked}
    dispatcher.event(ReRankStartEvent(query=query, nodes=nodes, top_n=len(nodes), model_name=name))
    try:
        with manager.event(CBEventType.RERANKING, payload={**payload, EventPayload.TOP_K: len(nodes)}) as event:
            yield done
            event.on_end(payload={EventPayload.NODES: done})
    finally:
        dispatcher.event(ReRankEndEvent(nodes=done))
