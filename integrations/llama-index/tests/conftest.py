"""Nodes, a reader that remembers its prompts, and a recorder of events."""

from __future__ import annotations

import asyncio
from collections import namedtuple
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from llama_index.core.base.llms.types import CompletionResponse
from llama_index.core.bridge.pydantic import Field
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.llms import MockLLM
from llama_index.core.schema import BaseNode, Document, MediaResource, NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

TEXTS = (
    "The dam on the river Lenn was finished in 1931. It is 88 metres high. Visitors come mostly in summer.",
    "The valley was settled early. The power plant at the dam produces 420 MW of electricity. A café stands next to it.",
    "Trout live in the lake. Fishing is not allowed without a permit. Permits cost 12 euros.",
)


@pytest.fixture(autouse=True, scope="session")
def _no_loop_stays_open() -> None:
    """Told that there is no event loop, LlamaIndex opens one that it closes; otherwise it leaves its own open."""
    asyncio.set_event_loop(None)


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


Pair = namedtuple("Pair", "one two")


@pytest.fixture(params=[TextNode, Document])
def rich(request: pytest.FixtureRequest) -> BaseNode:
    """A node with something that can be changed in every place, inside whatever can hold it."""
    known = RelatedNodeInfo(node_id="doc", metadata={"tags": ["a"]})
    metadata = {"tags": ["a"], "deep": {"in": [{"side": ["a"]}]}, "pair": Pair(["a"], 1), "set": {"a"}, "tuple": ([],)}
    relationships = {NodeRelationship.SOURCE: known, NodeRelationship.CHILD: [deepcopy(known)]}
    resource = MediaResource(text=TEXTS[1], mimetype="text/markdown", path="a.md", url="http://localhost/a.md")
    resource.embeddings = {"dense": [0.1]}
    return request.param(
        text_resource=resource, metadata=metadata, relationships=relationships, embedding=[0.1], excluded_llm_metadata_keys=["set"]
    )


@pytest.fixture
def change() -> Callable[[Any], None]:
    return _change


def _change(node: Any) -> None:
    """Changes everything in a node like ``rich`` that can be changed."""
    metadata, known = node.metadata, node.relationships
    metadata["deep"]["in"][0]["side"].append("b")
    metadata["set"].add("b")
    for entries in (metadata["tags"], metadata["pair"].one, metadata["tuple"][0], known[NodeRelationship.SOURCE].metadata["tags"]):
        entries.append("b")
    known[NodeRelationship.CHILD][0].metadata["tags"].append("b")
    known[NodeRelationship.CHILD].append(RelatedNodeInfo(node_id="new"))
    known.clear()
    for entries in (node.embedding, node.excluded_llm_metadata_keys, node.excluded_embed_metadata_keys):
        entries.append(0)
    if isinstance(node, Document):
        node.text_resource.embeddings["dense"].append(0.2)
        node.text_resource.path = None


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
