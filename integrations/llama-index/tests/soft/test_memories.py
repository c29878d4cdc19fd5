"""Nodes at ingestion and at query time: what is added, what is swapped, what stays."""

from __future__ import annotations

import pickle
import subprocess
import sys
from copy import deepcopy

import pytest
from llama_index.core import Document
from llama_index.core.bridge.pydantic import ValidationError
from llama_index.core.ingestion import IngestionCache, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import ImageNode, MediaResource, MetadataMode, NodeWithScore, TextNode, TransformComponent
from llama_index.postprocessor.linguapress import LinguaPostprocessor, MemoryPostprocessor, MemoryPreparer

from linguapress.soft import FolderStore, MemoryShelf, TextShelf, resolve

from .conftest import TEXTS

ODD = ["", " \n", "a\0b", "🧑🏽‍🚀", "قال: نعم", "</s><|turn|>user", "[[memory:a:b]] {x} {{y}}", "é" * 500_000]
HIDDEN = (MetadataMode.LLM, MetadataMode.EMBED)


def prepared(shelf, nodes):
    return [
        NodeWithScore(node=n, score=i.score)
        for n, i in zip(MemoryPreparer(shelf=shelf)([i.node for i in nodes]), nodes, strict=True)
    ]


async def test_ingestion_adds_a_key_that_no_model_is_shown(shelf, nodes):
    plain = [item.node for item in nodes]
    before = deepcopy(plain)
    preparer = MemoryPreparer(shelf=shelf)
    assert isinstance(preparer, TransformComponent)
    done = preparer(plain)
    assert await preparer.acall(plain) == done
    assert plain == before
    for node, copy in zip(plain, done, strict=True):
        assert shelf.store.mget([copy.metadata["linguapress_memory"]])[0]
        assert (copy.node_id, copy.text, copy.relationships) == (node.node_id, node.text, node.relationships)
        assert {**node.metadata, "linguapress_memory": copy.metadata["linguapress_memory"]} == copy.metadata
        for mode in HIDDEN:
            assert copy.get_content(mode) == node.get_content(mode)


def test_an_ingestion_pipeline(shelf, monkeypatch):
    seen = []
    compress = shelf.press.compress
    monkeypatch.setattr(shelf.press, "compress", lambda texts, *args: seen.extend(texts) or compress(texts, *args))
    parts = [SentenceSplitter(chunk_size=40, chunk_overlap=0), MemoryPreparer(shelf=shelf)]
    pipeline = IngestionPipeline(transformations=parts, cache=IngestionCache())
    nodes = pipeline.run(documents=[Document(text=" ".join(TEXTS * 3))])
    assert len(nodes) > 1
    assert sorted(seen) == sorted({node.text for node in nodes})
    pipeline.run(documents=[Document(text=" ".join(TEXTS * 3))])
    assert len(seen) == len({node.text for node in nodes})
    assert all("linguapress_memory" in node.metadata for node in nodes)


def test_a_cache_does_not_keep_another_folder_empty(press, tmp_path):
    cache = IngestionCache()
    for folder in ("one", "two"):
        shelf = MemoryShelf(press, FolderStore(tmp_path / folder))
        (node,) = IngestionPipeline(transformations=[MemoryPreparer(shelf=shelf)], cache=cache).run(nodes=[TextNode(text=TEXTS[0])])
        assert shelf.store.mget([node.metadata["linguapress_memory"]])[0]


def test_a_cache_finds_what_another_process_left_for_the_same_folder(press, tmp_path):
    one, two = (MemoryPreparer(shelf=MemoryShelf(press, FolderStore(tmp_path))) for _ in range(2))
    assert one.to_dict() == two.to_dict()


def test_copies_share_nothing_that_changes(shelf, rich, change):
    before = deepcopy(rich)
    (kept,) = MemoryPreparer(shelf=shelf)([rich])
    (swapped,) = MemoryPostprocessor(shelf=shelf).postprocess_nodes([NodeWithScore(node=rich)])
    for node in (kept, swapped.node):
        assert node.relationships == rich.relationships
        change(node)
        assert rich == before


def test_type_path_and_url_of_a_text_stay_and_one_that_nobody_has_read_passes_through(shelf):
    resource = MediaResource(text=TEXTS[0], mimetype="text/html", path="a.html", url="http://localhost/a")
    read, unread = (Document(text_resource=r) for r in (resource, resource.model_copy(update={"text": None})))
    swapped = MemoryPostprocessor(shelf=shelf).postprocess_nodes([NodeWithScore(node=node) for node in (read, unread)])
    assert swapped[0].node.text_resource == resource.model_copy(update={"text": swapped[0].node.get_content()})
    assert swapped[0].node.get_content() != TEXTS[0]
    kept = MemoryPreparer(shelf=shelf)([read, unread])
    assert kept[0].text_resource == resource
    assert swapped[1].node is kept[1] is unread


async def test_the_text_is_swapped_and_all_else_stays(shelf, nodes):
    before = deepcopy(nodes)
    postprocessor = MemoryPostprocessor(shelf=shelf)
    assert isinstance(postprocessor, BaseNodePostprocessor)
    swapped = postprocessor.postprocess_nodes(nodes, query_str="Which?")
    assert nodes == before
    assert await postprocessor.apostprocess_nodes(nodes, query_str="Which?") == swapped
    for item, copy in zip(nodes, swapped, strict=True):
        assert (copy.score, copy.node.node_id, copy.node.relationships) == (item.score, item.node.node_id, item.node.relationships)
        assert copy.node.metadata == {**item.node.metadata, "linguapress_original": item.node.text}
        assert copy.node.metadata is not item.node.metadata
        shown = copy.node.get_content(MetadataMode.LLM)
        assert "".join(resolve(shelf, shown).segments) == item.node.get_content(MetadataMode.LLM)
        assert shown.startswith("file: ")
    assert postprocessor.postprocess_nodes([], query_str="Which?") == []


def test_swapping_twice_changes_nothing(shelf, nodes):
    postprocessor = MemoryPostprocessor(shelf=shelf)
    once = postprocessor.postprocess_nodes(nodes)
    assert postprocessor.postprocess_nodes(once) == once


def test_a_node_that_quotes_a_reference_is_swapped_as_a_text(shelf, nodes):
    postprocessor = MemoryPostprocessor(shelf=shelf)
    quoted = postprocessor.postprocess_nodes(nodes)[0].node.text
    (swapped,) = postprocessor.postprocess_nodes([NodeWithScore(node=TextNode(text=quoted))])
    assert resolve(shelf, swapped.node.text).segments == [quoted]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_texts(shelf, text):
    nodes = [NodeWithScore(node=TextNode(text=text))]
    if len(text) < 1000:
        prepared(shelf, nodes)
    (swapped,) = MemoryPostprocessor(shelf=shelf).postprocess_nodes(nodes)
    if not text.strip():
        assert swapped == nodes[0]
    else:
        assert len(swapped.node.text) < 80
        assert swapped.node.metadata == {"linguapress_original": text}
        assert resolve(shelf, swapped.node.text).missing == (len(text) >= 1000)


def test_other_nodes_stay_where_they_are(shelf, nodes):
    image = NodeWithScore(node=ImageNode(text="a picture", image="aGk="))
    mixed = [nodes[0], image, nodes[1]]
    assert MemoryPostprocessor(shelf=shelf).postprocess_nodes(mixed)[1] is image
    assert MemoryPreparer(shelf=shelf)([image.node]) == [image.node]


def test_serialized_forms_say_which_shelf_and_hold_no_secret(press, tmp_path):
    shelf = MemoryShelf(press, FolderStore(tmp_path), b"a secret that nobody sees")
    for part in (MemoryPreparer(shelf=shelf), MemoryPostprocessor(shelf=shelf)):
        assert shelf.maker.adapter in part.to_json()
        assert "nobody sees" not in part.to_json() + repr(part)
        assert type(part).from_dict({**part.to_dict(), "shelf": shelf}).to_dict() == part.to_dict()
        with pytest.raises(ValidationError, match="shelf"):
            type(part).from_dict(part.to_dict())


def test_references_pass_through_a_postprocessor_of_texts(shelf, nodes):
    swapped = MemoryPostprocessor(shelf=shelf).postprocess_nodes(nodes[:2])
    compressor = LinguaPostprocessor(method="head", target_tokens=3, token_counter="embedded")
    out = compressor.postprocess_nodes([swapped[0], nodes[2], swapped[1]])
    assert out[::2] == swapped
    assert [item.node.metadata for item in swapped] == [item.node.metadata for item in out[::2]]
    assert out[1].text == compressor.postprocess_nodes(nodes[2:])[0].text != nodes[2].text
    assert compressor.postprocess_nodes(swapped) == swapped


def test_nodes_may_come_one_by_one(shelf, nodes):
    plain = [item.node for item in nodes]
    preparer, postprocessor = MemoryPreparer(shelf=shelf), MemoryPostprocessor(shelf=shelf)
    assert preparer(iter(plain)) == preparer(plain)
    assert postprocessor.postprocess_nodes(iter(nodes)) == postprocessor.postprocess_nodes(nodes)


def test_copies_share_a_shelf_with_a_model_and_no_other_process_is_given_one(shelf, nodes):
    preparer, postprocessor = MemoryPreparer(shelf=shelf), MemoryPostprocessor(shelf=shelf)
    done, swapped = preparer([nodes[0].node]), postprocessor.postprocess_nodes(nodes)
    for part in (preparer, postprocessor):
        assert deepcopy(part).shelf is shelf
        with pytest.raises(TypeError, match="stays in its process"):
            pickle.dumps(part)
    assert preparer([nodes[0].node]) == done
    assert postprocessor.postprocess_nodes(nodes) == swapped


def test_a_shelf_without_a_model_can_go_to_another_process(shelf, nodes):
    postprocessor = MemoryPostprocessor(shelf=TextShelf(shelf.store, b"the shelf of these tests"))
    again = pickle.loads(pickle.dumps(postprocessor))
    assert again.postprocess_nodes(nodes) == postprocessor.postprocess_nodes(nodes)


def test_what_is_no_shelf_is_refused(shelf):
    with pytest.raises(ValidationError, match="shelf"):
        MemoryPostprocessor(shelf=shelf.store)
    with pytest.raises(ValidationError, match="shelf"):
        MemoryPreparer(shelf=TextShelf(shelf.store))


def test_the_package_imports_no_torch_until_memories_are_wanted():
    code = "import sys, llama_index.postprocessor.linguapress; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
