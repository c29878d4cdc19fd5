"""Places in the source document, told only where they can be told."""

from __future__ import annotations

from llama_index.core import Document
from llama_index.core.node_parser import HierarchicalNodeParser, TokenTextSplitter
from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode
from llama_index.postprocessor.linguapress import LinguaPostprocessor

from .conftest import TEXTS

QUERY = "How much electricity does the power plant produce?"
LEXICAL = {"method": "sentence_filter", "model": "lexical"}


def test_no_source_spans_where_a_node_was_cut_out_of_another_that_is_not_the_source():
    document = Document(text="\n\n".join(f"{text} {text} {text}" for text in TEXTS))
    cut = HierarchicalNodeParser.from_defaults(chunk_sizes=[120, 60], chunk_overlap=0).get_nodes_from_documents([document])
    nodes = [NodeWithScore(node=node) for node in cut]
    told = [item.metadata["linguapress"] for item in LinguaPostprocessor(rate=1.0).postprocess_nodes(nodes)]
    inner = [node.parent_node is not None for node in cut]
    assert len(cut) == len(told)
    assert True in inner
    assert False in inner
    assert ["source_spans" not in record for record in told] == inner
    for node, record in zip(cut, told, strict=True):
        assert all(document.text[a:b] in node.text for a, b in record.get("source_spans", []))


def test_a_parent_that_is_the_source_is_no_obstacle():
    known = RelatedNodeInfo(node_id="doc")
    relationships = {NodeRelationship.SOURCE: known, NodeRelationship.PARENT: known}
    node = TextNode(text="one two", start_char_idx=5, end_char_idx=12, relationships=relationships)
    [item] = LinguaPostprocessor(rate=1.0).postprocess_nodes([NodeWithScore(node=node)])
    assert item.metadata["linguapress"]["source_spans"] == [[5, 12]]


def test_places_that_cannot_all_be_true_are_those_of_no_node_of_that_document(nodes):
    for item, start in zip(nodes, (0, 30, 500), strict=True):
        item.node.start_char_idx, item.node.end_char_idx = start, start + len(item.text)
    everything = LinguaPostprocessor(rate=1.0)
    assert all("source_spans" in item.metadata["linguapress"] for item in everything.postprocess_nodes(nodes))
    for item in nodes:
        item.node.relationships = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="doc")}
    assert not any("source_spans" in item.metadata["linguapress"] for item in everything.postprocess_nodes(nodes))


def test_spans_point_into_the_document_that_was_split():
    source = "First comes a long sentence about rivers. " * 12 + "The plant produces 420 MW. " + "Last come fish. " * 20
    split = TokenTextSplitter(chunk_size=60, chunk_overlap=10).get_nodes_from_documents([Document(text=source)])
    out = LinguaPostprocessor(rate=0.3, **LEXICAL).postprocess_nodes([NodeWithScore(node=node) for node in split], query_str=QUERY)
    assert out
    for item in out:
        assert "".join(source[a:b] for a, b in item.metadata["linguapress"]["source_spans"]) == item.text


def test_no_source_spans_where_the_text_is_not_the_source():
    node = TextNode(text="one two three four", start_char_idx=7, end_char_idx=12)  # as after MetadataReplacementPostProcessor
    record = LinguaPostprocessor(method="head").postprocess_nodes([NodeWithScore(node=node)])[0].metadata["linguapress"]
    assert "spans" in record
    assert "source_spans" not in record
