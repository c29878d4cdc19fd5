"""Nodes to texts, and what is kept of the texts back to copies of the nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.schema import BaseNode, ImageNode, MetadataMode, Node, NodeWithScore, TextNode

from linguapress import Compression, Passage, Span

KEY = "linguapress"
"""Metadata key of the record that a compressed node carries."""
PREPARED = "linguapress_prepared"
"""Metadata key of what a prepared node carries for its postprocessor, as ASCII text."""
MEMORY = "linguapress_memory"
"""Metadata key of what the memory of a node is kept under."""
ORIGINAL = "linguapress_original"
"""Metadata key of the text of a node whose content is a reference to it."""


def plain_text(node: BaseNode) -> str | None:
    """The bare text of a node that holds nothing else; None for images, sound and whatever is not known to be plain text."""
    media = isinstance(node, Node) and (node.image_resource or node.audio_resource or node.video_resource)
    if media or isinstance(node, ImageNode) or not isinstance(node, TextNode | Node):
        return None
    return node.get_content(metadata_mode=MetadataMode.NONE)


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
    node = item.node
    others = {key: value for key, value in node.metadata.items() if key != PREPARED}  # fits the whole text only
    copy = node.model_copy(update={
        "metadata": {**others, KEY: _record(node, passage, out)},
        "relationships": dict(node.relationships),
        "excluded_llm_metadata_keys": list(dict.fromkeys((*node.excluded_llm_metadata_keys, KEY))),
        "excluded_embed_metadata_keys": list(dict.fromkeys((*node.excluded_embed_metadata_keys, KEY))),
    })  # fmt: skip
    copy.set_content(passage.text)
    return item.model_copy(update={"node": copy})


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
