"""Nodes to texts, and what is kept of the texts back to copies of the nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.schema import (
    BaseNode,
    ImageNode,
    MediaResource,
    MetadataMode,
    Node,
    NodeRelationship,
    NodeWithScore,
    RelatedNodeInfo,
    TextNode,
)

from linguapress import Compression, Passage
from linguapress.hosts import contradicted, covered, fresh, ranges, record_key, record_of, recorded, traced_back

PREPARED = "linguapress_prepared"
"""Metadata key of what a prepared node carries for its postprocessor, as ASCII text."""
MEMORY = "linguapress_memory"
"""Metadata key of what the memory of a node is kept under."""
_SHARED = (dict, list, tuple, set, RelatedNodeInfo, MediaResource)  # what a shallow copy of a node shares with it


def plain_text(node: BaseNode) -> str | None:
    """The bare text of a node that holds nothing else; None for images, sound and whatever is not known to be plain text."""
    media = isinstance(node, Node) and (node.image_resource or node.audio_resource or node.video_resource)
    if media or isinstance(node, ImageNode) or not isinstance(node, TextNode | Node):
        return None
    if isinstance(node, Node) and (node.text_resource is None or node.text_resource.text is None):  # or one that nobody has read
        return None
    return node.get_content(metadata_mode=MetadataMode.NONE)


def copied(node: BaseNode, key: str, value: Any = None, text: str | None = None) -> BaseNode:
    """A copy that shares nothing that changes with the node; objects in its metadata that are no containers stay the same.

    Args:
        node: stays as it is.
        key: of metadata that no model is shown.
        value: what the copy has under ``key``; None = nothing.
        text: in place of the text of the node, if it has one; None = the same.
    """
    fields: dict[str, Any] = {name: _own(field) for name, field in node if isinstance(field, _SHARED)}
    gone = {key} if text is None else {key, PREPARED}  # which fits the whole text only
    fields["metadata"] = {name: entry for name, entry in fields["metadata"].items() if name not in gone}
    fields["metadata"] |= {} if value is None else {key: value}
    for name in ("excluded_llm_metadata_keys", "excluded_embed_metadata_keys"):
        fields[name] = list(dict.fromkeys((*fields[name], key)))
    if text is not None and "text_resource" in fields:
        fields["text_resource"].text = text
    changed = node.model_copy(update=fields)
    if text is not None and not isinstance(node, Node):
        changed.set_content(text)
    return changed


def replaced(nodes: Sequence[NodeWithScore], places: Sequence[int], out: Compression) -> list[NodeWithScore]:
    """The nodes with ``out`` in place of the texts that were compressed; all others stay where they are.

    Args:
        nodes: what the caller gave.
        places: position in ``nodes`` of each document that was compressed.
        out: what is kept of these documents, in the order in which it is to be read.
    """
    slots = sorted(places[passage.index] for passage in out.passages)
    starts = _starts([nodes[place].node for place in places])
    copies = (_rewritten(nodes[places[passage.index]], starts[passage.index], passage, out) for passage in out.passages)
    found = dict(zip(slots, copies, strict=True))
    gone = set(places) - set(slots)
    return [found.get(place, item) for place, item in enumerate(nodes) if place not in gone]


def _rewritten(item: NodeWithScore, start: int | None, passage: Passage, out: Compression) -> NodeWithScore:
    """A copy of the node that holds the kept text and the record; nothing that changes is shared with the original."""
    key = record_key(item.node.metadata)
    return item.model_copy(update={"node": copied(item.node, key, _record(item.node, start, passage, out), passage.text)})


def _own(value: Any) -> Any:
    """A copy of containers, of what is known of other nodes and of resources, at any depth; all else as it is."""
    return fresh(value, _part)


def _part(value: Any) -> Any:
    if isinstance(value, RelatedNodeInfo | MediaResource):
        return value.model_copy(update={name: _own(field) for name, field in value if isinstance(field, _SHARED)})
    return value


def _record(node: BaseNode, start: int | None, passage: Passage, out: Compression) -> dict[str, Any]:
    length = len(passage.source)
    earlier = _earlier(node, length)
    spans = traced_back(passage.spans, ranges(earlier["spans"]) if earlier else [(0, length)])
    if "source_spans" in earlier:
        start = getattr(node, "start_char_idx", None)
    record: dict[str, Any] = {"spans": spans}
    if start is not None:
        record["source_spans"] = [[start + a, start + b] for a, b in spans]
    if passage.score is not None:
        record["relevance"] = passage.score
    record |= {"tokens_before": out.tokens_before, "tokens_after": out.tokens_after, "limit": out.limit}
    return record | {"warnings": list(out.warnings)}


def _starts(nodes: Sequence[BaseNode]) -> list[int | None]:
    """Where each text begins in its source document, None where nothing tells, or nodes of that document contradict each other."""
    sources = [known.node_id if (known := node.source_node) else node.node_id for node in nodes]
    starts = [_start(node) for node in nodes]
    claims = zip(sources, starts, map(plain_text, nodes), strict=True)
    false = contradicted((source, start, text) for source, start, text in claims if start is not None and text is not None)
    return [None if source in false else start for source, start in zip(sources, starts, strict=True)]


def _start(node: BaseNode) -> int | None:
    """Where its text begins by the node itself; None where others have changed the text, or cut it out of another node."""
    start, end = getattr(node, "start_char_idx", None), getattr(node, "end_char_idx", None)
    changed = recorded(node.metadata) or (end is not None and end - (start or 0) != len(plain_text(node) or ""))
    parent, source = (node.relationships.get(kind) for kind in (NodeRelationship.PARENT, NodeRelationship.SOURCE))
    inner = isinstance(parent, RelatedNodeInfo) and not (isinstance(source, RelatedNodeInfo) and source.node_id == parent.node_id)
    return None if changed or inner else start


def _earlier(node: BaseNode, length: int) -> dict[str, Any]:
    """The record of an earlier compression that left this very text, else nothing."""
    record = record_of(node.metadata)
    spans = ranges(record.get("spans"))
    return record if spans and covered(spans) == length else {}
