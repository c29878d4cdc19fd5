"""Records that travel in metadata: written in the ingestion pipeline, used by the postprocessor, shown to no model."""

from __future__ import annotations

import copy
import pickle

import pytest
from llama_index.core import Document, MockEmbedding, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import ImageNode, MediaResource, MetadataMode, Node, NodeWithScore, TextNode
from llama_index.postprocessor.linguapress import LinguaPostprocessor, LinguaPreparer

from linguapress import Prepared

KEY = "linguapress_prepared"
QUERY = "How much electricity does the power plant produce?"
QUICK = LinguaPostprocessor(rate=0.4, settings={"effort": "low"})


def prepared(nodes: list[NodeWithScore], **fields: object) -> list[NodeWithScore]:
    copies = LinguaPreparer(**fields)([item.node for item in nodes])
    return [item.model_copy(update={"node": node}) for item, node in zip(nodes, copies, strict=True)]


def told(items: list[NodeWithScore]) -> list[tuple[str, str, object]]:
    return [(item.node_id, item.text, item.metadata["linguapress"]) for item in items]


def test_records_are_written_into_copies_that_no_model_is_shown(nodes):
    before = copy.deepcopy(nodes)
    for item, original in zip(prepared(nodes), nodes, strict=True):
        assert item.node is not original.node
        assert Prepared.from_text(item.metadata[KEY]).fits(original.text)
        assert {k: v for k, v in item.metadata.items() if k != KEY} == original.metadata
        for mode in (MetadataMode.LLM, MetadataMode.EMBED):
            assert item.node.get_content(mode) == original.node.get_content(mode)
        assert item.node.excluded_llm_metadata_keys[:1] == ["secret"]
    assert [item.model_dump() for item in nodes] == [item.model_dump() for item in before]


def test_nodes_may_come_one_by_one(nodes):
    plain = [item.node for item in nodes]
    assert LinguaPreparer()(iter(plain)) == LinguaPreparer()(plain)


@pytest.mark.parametrize("method", ["lingua", "head"])
def test_prepared_copies_share_nothing_that_changes(rich, change, method):
    before = copy.deepcopy(rich)
    (out,) = LinguaPreparer(method=method)([rich])
    assert (out.relationships, out.get_content()) == (rich.relationships, rich.get_content())
    change(out)
    assert rich == before


@pytest.mark.parametrize("fields", [{"settings": {"effort": "low"}}, {}, {"method": "llmlingua2"}, {"method": "sentence_filter"}])
def test_records_change_nothing_but_the_time(nodes, fields):
    method = {key: value for key, value in fields.items() if key == "method"}
    press = LinguaPostprocessor(rate=0.4, **fields)
    plain, quick = (press.postprocess_nodes(items, query_str=QUERY) for items in (nodes, prepared(nodes, **method)))
    assert told(quick) == told(plain)
    assert all(KEY not in item.metadata for item in quick)
    assert not quick[0].metadata["linguapress"]["warnings"]


def test_a_node_of_which_everything_is_kept_carries_no_record(nodes):
    out = LinguaPostprocessor(rate=1.0).postprocess_nodes(prepared(nodes), query_str=QUERY)
    assert [item.text for item in out] == [item.text for item in nodes]
    assert all(KEY not in item.metadata for item in out)


@pytest.mark.parametrize("awaited", [False, True])
async def test_records_survive_pipeline_index_and_disk(awaited, tmp_path):
    text = "The plant produces 420 MW of electricity. Tours start at noon. Fish live in the lake. " * 30
    pipeline = IngestionPipeline(transformations=[SentenceSplitter(chunk_size=80, chunk_overlap=0), LinguaPreparer()])
    documents = [Document(text=text, metadata={"file": "a.txt"})]
    nodes = await pipeline.arun(documents=documents) if awaited else pipeline.run(documents=documents)
    assert len(nodes) > 3
    VectorStoreIndex(nodes, embed_model=MockEmbedding(embed_dim=8)).storage_context.persist(str(tmp_path))
    stored = StorageContext.from_defaults(persist_dir=str(tmp_path))
    found = load_index_from_storage(stored, embed_model=MockEmbedding(embed_dim=8)).as_retriever(similarity_top_k=4).retrieve(QUERY)
    assert all(Prepared.from_text(item.metadata[KEY]).fits(item.node.get_content(MetadataMode.NONE)) for item in found)
    plain = [NodeWithScore(node=TextNode(text=item.text, id_=item.node_id), score=item.score) for item in found]
    quick = QUICK.postprocess_nodes(found, query_str=QUERY)
    assert [item.text for item in quick] == [item.text for item in QUICK.postprocess_nodes(plain, query_str=QUERY)]
    assert not quick[0].metadata["linguapress"]["warnings"]


def test_a_pipeline_recognises_what_it_has_prepared(nodes):
    pipeline = IngestionPipeline(transformations=[LinguaPreparer()])
    plain = [item.node for item in nodes]
    assert [node.metadata[KEY] for node in pipeline.run(nodes=plain)] == [node.metadata[KEY] for node in pipeline.run(nodes=plain)]


@pytest.mark.parametrize("written", ["", "no record", 7, {"a": 1}], ids=repr)
def test_what_is_no_record_is_ignored_with_a_warning(nodes, written):
    plain = QUICK.postprocess_nodes(nodes, query_str=QUERY)
    nodes[1].node.metadata[KEY] = written
    out = QUICK.postprocess_nodes(nodes, query_str=QUERY)
    assert [item.text for item in out] == [item.text for item in plain]
    assert any("could not be read" in warning for warning in out[0].metadata["linguapress"]["warnings"])


def test_a_record_that_chunks_inherit_is_ignored_with_a_warning():
    text = "The plant produces 420 MW of electricity. Tours start at noon. Fish live in the lake. " * 6
    document = LinguaPreparer()([Document(text=text)])[0]
    half = TextNode(text=text[: len(text) // 2], metadata=document.metadata)
    out = QUICK.postprocess_nodes([NodeWithScore(node=half)], query_str=QUERY)
    bare = QUICK.postprocess_nodes([NodeWithScore(node=TextNode(text=half.text))], query_str=QUERY)
    assert [item.text for item in out] == [item.text for item in bare]
    assert any("another text" in warning for warning in out[0].metadata["linguapress"]["warnings"])


def test_what_is_not_text_and_methods_with_nothing_to_keep_write_no_record():
    unread = Document(text_resource=MediaResource(path="a.md"))
    assert LinguaPreparer()([unread])[0] is unread
    image, empty = ImageNode(text="caption", image_url="http://localhost/i.png"), Node()
    assert LinguaPreparer()([image])[0] is image
    assert LinguaPreparer()([]) == []
    assert len(LinguaPreparer()([empty])) == 1
    (node,) = LinguaPreparer(method="head")([TextNode(text="one two")])
    assert KEY not in node.metadata


@pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it)), lambda it: type(it).from_dict(it.to_dict())]
)
def test_a_preparer_survives_copies(again):
    preparer = LinguaPreparer(method="sentence_filter", model="mini")
    assert again(preparer).to_dict() == preparer.to_dict()
    with pytest.raises(ValueError, match="unknown method"):
        LinguaPreparer(method="magic")
