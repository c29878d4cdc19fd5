"""Nodes to texts, and what is kept of the texts back to copies of the nodes."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

from llama_index.core.schema import (
    BaseNode,
    ImageNode,
    MediaResource,
    MetadataMode,
    Node,
    NodeWithScore,
    RelatedNodeInfo,
    TextNode,
)

from linguapress import Compression, Passage, Span

KEY = "linguapress"
"""Metadata key of the record that a compressed node carries."""
PREPARED = "linguapress_prepared"
"""Metadata key of what a prepared node carries for its postprocessor, as ASCII text."""
MEMORY = "linguapress_memory"
"""Metadata key of what the memory of a node is kept under."""
ORIGINAL = "linguapress_original"
"""Metadata key of the text of a node whose content is a reference to it."""
_SHARED = (dict, list, tuple, set, RelatedNodeInfo, MediaResource)  # what a shallow copy of a node shares with it


def plain_text(node: BaseNode) -> str | None:
    """The bare text of a node that holds nothing else; None for images, sound and whatever is not known to be plain text."""
    media = isinstance(node, Node) and (node.image_resource or node.audio_resource or node.video_resource)
    if media or isinstance(node, ImageNode) or not isinstance(node, TextNode | Node):
        return None
    if isinstance(node, Node) and node.text_resource and node.text_resource.text is None:  # a path or a URL, which nobody has read
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
    copies = (_rewritten(nodes[places[passage.index]], passage, out) for passage in out.passages)
    found = dict(zip(slots, copies, strict=True))
    gone = set(places) - set(slots)
    return [found.get(place, item) for place, item in enumerate(nodes) if place not in gone]


def _rewritten(item: NodeWithScore, passage: Passage, out: Compression) -> NodeWithScore:
    """A copy of the node that holds the kept text and the record; nothing that changes is shared with the original."""
    return item.model_copy(update={"node": copied(item.node, KEY, _record(item.node, passage, out), passage.text)})


def _own(value: Any) -> Any:
    """A copy of containers, of what is known of other nodes and of resources, at any depth; all else as it is."""
    if isinstance(value, RelatedNodeInfo | MediaResource):
        return value.model_copy(update={name: _own(field) for name, field in value if isinstance(field, _SHARED)})
    if isinstance(value, tuple):
        parts = [_own(part) for part in value]
        if hasattr(value, "_make"):  # a named one
            return value._make(parts)
        return tuple(parts) if type(value) is tuple else value
    own: Any = copy(value) if isinstance(value, dict | list | set) else value
    if own is value:  # also a container that nothing can change
        return value
    if isinstance(value, list):
        own[:] = [_own(part) for part in value]
    if isinstance(value, dict):
        own.update({name: _own(part) for name, part in value.items()})
    return own


def _record(node: BaseNode, passage: Passage, out: Compression) -> dict[str, Any]:
    earlier = _earlier(node, len(passage.source))
    first = [Span(*span) for span in earlier["spans"]] if earlier else []
    spans = Passage(0, " " * first[-1].end, tuple(first)).narrow(passage.spans).spans if first else passage.spans
    start, end = getattr(node, "start_char_idx", None), getattr(node, "end_char_idx", None)
    verbatim = "source_spans" in earlier if earlier else end is None or end - (start or 0) == len(passage.source)
    record: dict[str, Any] = {"spans": [list(span) for span in spans]}
    if start is not None and verbatim:  # other postprocessors may have put another text in
        record["source_spans"] = [[start + a, start + b] for a, b in spans]
    if passage.score is not None:
        record["relevance"] = passage.score
    record |= {"tokens_before": out.tokens_before, "tokens_after": out.tokens_after, "limit": out.limit}
    return record | {"warnings": list(out.warnings)}


def _earlier(node: BaseNode, length: int) -> dict[str, Any]:
    """The record of an earlier compression that left this very text, else nothing."""
    record = node.metadata.get(KEY)
    if not isinstance(record, dict) or not record.get("spans"):
        return {}
    return record if sum(end - start for start, end in record["spans"]) == length else {}
