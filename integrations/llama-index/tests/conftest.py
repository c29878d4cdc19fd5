"""Nodes, a reader that remembers its prompts, and a recorder of events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.base.llms.types import CompletionResponse
from llama_index.core.bridge.pydantic import Field
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.llms import MockLLM
from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

TEXTS = (
    "The dam on the river Lenn was finished in 1931. It is 88 metres high. Visitors come mostly in summer.",
    "The valley was settled early. The power plant at the dam produces 420 MW of electricity. A café stands next to it.",
    "Trout live in the lake. Fishing is not allowed without a permit. Permits cost 12 euros.",
)


@pytest.fixture
def nodes() -> list[NodeWithScore]:
    found = []
    for number, text in enumerate(TEXTS):
        start = 1000 * number
        node = TextNode(
            id_=f"node-{number}", text=text, metadata={"file": f"{number}.txt", "secret": "s"}, start_char_idx=start,
            end_char_idx=start + len(text), excluded_llm_metadata_keys=["secret"],
            relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"doc-{number}")},
        )  # fmt: skip
        found.append(NodeWithScore(node=node, score=0.9 - number / 10))
    return found


class Reader(MockLLM):
    """Answers nothing of interest and remembers what it was asked."""

    prompts: list[str] = Field(default_factory=list)

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        self.prompts.append(prompt)
        return CompletionResponse(text="420 MW")

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        self.prompts.append(prompt)
        return iter([CompletionResponse(text="420 MW", delta="420 MW")])


@pytest.fixture
def reader() -> Reader:
    return Reader()


class Recorder(BaseEventHandler):
    events: list[BaseEvent] = Field(default_factory=list)

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        self.events.append(event)

    def names(self) -> list[str]:
        wanted = {"ReRankStartEvent", "CompressionEvent", "ReRankEndEvent"}
        return [event.class_name() for event in self.events if event.class_name() in wanted]

    def first(self, name: str) -> Any:
        return next(event for event in self.events if event.class_name() == name)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    root, handler = get_dispatcher(), Recorder()
    root.add_event_handler(handler)
    yield handler
    root.event_handlers = [other for other in root.event_handlers if other is not handler]
