"""What becomes of the nodes: copies, spans, order, everything that is not text."""

from __future__ import annotations

import copy
import json
import time
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llama_index.core import Document
from llama_index.core.schema import ImageNode, IndexNode, MediaResource, MetadataMode, Node, NodeWithScore, QueryBundle, TextNode
from llama_index.core.utils import get_tokenizer
from llama_index.postprocessor.linguapress import LinguaPostprocessor

from linguapress import Guard

QUERY = "How much electricity does the power plant produce?"
LEXICAL = {"method": "sentence_filter", "model": "lexical"}


def words(text: str) -> int:
    return len(text.split())


def scored(*texts: str) -> list[NodeWithScore]:
    return [NodeWithScore(node=TextNode(text=text), score=0.5) for text in texts]


def test_the_zero_argument_postprocessor_halves_the_context(nodes):
    out = LinguaPostprocessor().postprocess_nodes(nodes, query_str=QUERY)
    count = get_tokenizer()
    before = len(count("\n\n".join(item.text for item in nodes)))
    assert 0 < len(count("\n\n".join(item.text for item in out))) <= before // 2
    assert "420" in "".join(item.text for item in out)


@pytest.mark.parametrize("fields", [{"method": "head"}, LEXICAL, {"method": "random_words"}, {"model": "lexical"}])
def test_callers_nodes_are_never_changed(nodes, fields):
    before, identities = copy.deepcopy(nodes), [id(item.node) for item in nodes]
    out = LinguaPostprocessor(rate=0.4, **fields).postprocess_nodes(nodes, query_str=QUERY)
    assert [item.model_dump() for item in nodes] == [item.model_dump() for item in before]
    assert [id(item.node) for item in nodes] == identities
    for item in out:
        item.node.metadata["linguapress"]["warnings"].append("mine")
        item.node.metadata["new"] = 1
        item.node.excluded_llm_metadata_keys.append("new")
        item.node.relationships.clear()
    assert [item.model_dump() for item in nodes] == [item.model_dump() for item in before]


@pytest.mark.parametrize("rate", [0.5, 1.0])
def test_copies_share_nothing_that_changes(rich, change, rate):
    before = copy.deepcopy(rich)
    (out,) = LinguaPostprocessor(rate=rate, model="lexical").postprocess_nodes([NodeWithScore(node=rich)], query_str=QUERY)
    assert type(out.metadata["pair"]) is type(rich.metadata["pair"])
    assert {**rich.metadata, "linguapress": out.metadata["linguapress"]} == out.metadata
    assert out.node.relationships == rich.relationships
    change(out.node)
    assert rich == before


def test_objects_in_metadata_are_not_copied(rich):
    rich.metadata["object"] = found = iter("cannot be copied as a container is")
    (out,) = LinguaPostprocessor(model="lexical").postprocess_nodes([NodeWithScore(node=rich)], query_str=QUERY)
    assert out.metadata["object"] is found


def test_the_types_of_metadata_are_kept(rich):
    rich.metadata |= {"at": time.gmtime(0), "by": defaultdict(list, a=[1])}
    (out,) = LinguaPostprocessor(model="lexical").postprocess_nodes([NodeWithScore(node=rich)], query_str=QUERY)
    assert [(type(out.metadata[name]), out.metadata[name]) for name in ("at", "by")] == [
        (time.struct_time, time.gmtime(0)), (defaultdict, {"a": [1]}),
    ]  # fmt: skip


def test_ids_scores_metadata_and_relationships_stay(nodes):
    out = LinguaPostprocessor(method="random_words", rate=0.6).postprocess_nodes(nodes, query_str=QUERY)
    originals = {item.node_id: item for item in nodes}
    assert len(out) == 3
    for item in out:
        original = originals[item.node_id]
        assert item.score == original.score
        assert item.node.relationships == original.node.relationships
        assert (item.node.start_char_idx, item.node.end_char_idx) == (original.node.start_char_idx, original.node.end_char_idx)
        assert {k: v for k, v in item.metadata.items() if k != "linguapress"} == original.metadata


def test_spans_rebuild_the_text_in_node_and_source(nodes):
    out = LinguaPostprocessor(method="random_words", rate=0.5).postprocess_nodes(nodes, query_str=QUERY)
    originals = {item.node_id: item.node for item in nodes}
    for item in out:
        record, original = item.metadata["linguapress"], originals[item.node_id]
        assert "".join(original.text[a:b] for a, b in record["spans"]) == item.text
        assert record["source_spans"] == [[a + original.start_char_idx, b + original.start_char_idx] for a, b in record["spans"]]
        assert record["tokens_after"] <= record["limit"] < record["tokens_before"]
        assert json.loads(json.dumps(record)) == record


def test_spans_of_two_postprocessors_in_turn_point_into_the_original(nodes):
    once = LinguaPostprocessor(method="random_words", rate=0.7).postprocess_nodes(nodes)
    twice = LinguaPostprocessor(method="random_words", rate=0.6, settings={"seed": 5}).postprocess_nodes(once)
    originals = {item.node_id: item.node for item in nodes}
    for item in twice:
        record, original = item.metadata["linguapress"], originals[item.node_id]
        assert "".join(original.text[a:b] for a, b in record["spans"]) == item.text
        assert record["source_spans"][0][0] == record["spans"][0][0] + original.start_char_idx
        assert item.node.excluded_llm_metadata_keys.count("linguapress") == 1


@pytest.mark.parametrize(
    "stored", [str, lambda record: None, lambda record: {**record, "spans": [["a", "b"]]}, lambda record: {**record, "spans": [[0, 1]]}],
    ids=["repr", "null", "damaged", "other"],
)  # fmt: skip
def test_no_source_spans_where_a_store_has_made_another_thing_of_the_record(stored):
    node = TextNode(text="Nothing. The dam was finished in 1931. It rained.", start_char_idx=1000)
    settings = {"method": "sentence_filter", "model": "lexical", "rate": 0.6}
    [first] = LinguaPostprocessor(**settings).postprocess_nodes([NodeWithScore(node=node)], query_str="When was the dam finished?")
    assert first.metadata["linguapress"]["source_spans"][0][0] > 1000
    first.node.metadata["linguapress"] = stored(first.metadata["linguapress"])
    [second] = LinguaPostprocessor(method="head", rate=0.6).postprocess_nodes([first])
    assert "source_spans" not in second.metadata["linguapress"]
    assert second.text == "".join(first.text[a:b] for a, b in second.metadata["linguapress"]["spans"])


@pytest.mark.parametrize("value", [3, {"team": "x"}, "mine"], ids=repr)
def test_what_others_have_put_in_the_place_of_the_record_stays(value):
    node = TextNode(text="one two three four five six", metadata={"linguapress": value}, start_char_idx=5)
    postprocessor = LinguaPostprocessor(method="head", rate=0.8)
    [first] = postprocessor.postprocess_nodes([NodeWithScore(node=node)])
    [second] = postprocessor.postprocess_nodes([first])
    for item in (first, second):
        record = item.metadata["linguapress_record"]
        assert item.metadata["linguapress"] == value
        assert record["spans"] == [[0, len(item.text)]]
        assert "source_spans" not in record  # nobody can tell whether the text has been cut before
        assert "the record is under 'linguapress_record'" in record["warnings"][-1]
        assert item.node.excluded_llm_metadata_keys == ["linguapress_record"]
    assert len(second.text) < len(first.text)
    assert node.metadata == {"linguapress": value}


def test_the_prompt_shows_each_metadata_line_once_and_never_ours(nodes):
    for item in LinguaPostprocessor(rate=0.6, **LEXICAL).postprocess_nodes(nodes, query_str=QUERY):
        for mode in (MetadataMode.LLM, MetadataMode.EMBED):
            shown = item.node.get_content(metadata_mode=mode)
            assert shown.count("file: ") == 1
            assert "linguapress" not in shown
        assert "secret" not in item.node.get_content(metadata_mode=MetadataMode.LLM)


def test_relevance_is_told_when_it_was_measured(nodes):
    measured = LinguaPostprocessor(rate=0.7, **LEXICAL).postprocess_nodes(nodes, query_str=QUERY)
    best = max(measured, key=lambda item: item.metadata["linguapress"]["relevance"])
    assert best.node_id == "node-1"
    unmeasured = LinguaPostprocessor(method="head").postprocess_nodes(nodes)
    assert all("relevance" not in item.metadata["linguapress"] for item in unmeasured)


def test_everything_stays_when_everything_fits(nodes):
    nodes.append(NodeWithScore(node=TextNode(text="")))
    out = LinguaPostprocessor(target_tokens=10_000).postprocess_nodes(nodes, query_str=QUERY)
    assert [item.text for item in out] == [item.text for item in nodes]


def test_order_by_relevance_moves_text_only(nodes):
    picture = NodeWithScore(node=ImageNode(text="caption", image_url="http://localhost/i.png"))
    postprocessor = LinguaPostprocessor(rate=0.9, model="lexical", order="relevance")
    out = postprocessor.postprocess_nodes([nodes[0], picture, nodes[1], nodes[2]], query_str=QUERY)
    assert out[0].node_id == "node-1"
    assert out[1] is picture


def test_what_is_not_text_passes_through_at_its_place(nodes):
    picture = NodeWithScore(node=ImageNode(text="a long caption " * 50, image_url="http://localhost/i.png"), score=0.1)
    mixed = NodeWithScore(node=Node(text_resource=MediaResource(text="x " * 50), image_resource=MediaResource(data=b"1234")))
    out = LinguaPostprocessor(target_tokens=30, **LEXICAL).postprocess_nodes([picture, *nodes, mixed], query_str=QUERY)
    assert out[0] is picture
    assert out[-1] is mixed
    assert "linguapress" not in picture.metadata


def test_index_nodes_and_text_documents_are_compressed():
    target = TextNode(text="target")
    index = NodeWithScore(node=IndexNode(text="one two three four", index_id="i", obj=target))
    document = NodeWithScore(node=Document(text="five six seven eight"))
    out = LinguaPostprocessor(method="random_words", rate=0.5, token_counter=words).postprocess_nodes([index, document])
    assert sum(words(item.node.get_content()) for item in out) <= 4
    assert {type(item.node) for item in out} <= {IndexNode, Document}
    whole = LinguaPostprocessor(rate=1.0, method="head").postprocess_nodes([index, document])
    assert whole[0].node.obj is target
    assert whole[1].node.get_content() == "five six seven eight"


@pytest.mark.parametrize("rate", [0.5, 1.0])
def test_type_path_and_url_of_a_text_stay(rate):
    resource = MediaResource(text="The plant is old. Fish swim.", mimetype="text/html", path="a.html", url="http://localhost/a")
    for node in (Document(text_resource=resource), Node(text_resource=resource)):
        (out,) = LinguaPostprocessor(rate=rate, model="lexical").postprocess_nodes([NodeWithScore(node=node)], query_str=QUERY)
        assert out.node.text_resource == resource.model_copy(update={"text": out.node.get_content()})
        assert (out.node.get_content() == resource.text) is (rate == 1.0)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_text_that_nobody_has_read_passes_through_at_its_place(nodes, rate):
    resource = MediaResource(path="a.md", url="http://localhost/a")
    unread = [NodeWithScore(node=kind(text_resource=resource)) for kind in (Document, Node)]
    out = LinguaPostprocessor(rate=rate, **LEXICAL).postprocess_nodes([unread[0], *nodes, unread[1]], query_str=QUERY)
    assert out[0] is unread[0]
    assert out[-1] is unread[1]


def test_a_node_without_a_text_is_given_none():
    (out,) = LinguaPostprocessor(rate=1.0).postprocess_nodes([NodeWithScore(node=Node())], query_str=QUERY)
    assert out.node.text_resource is None


@pytest.mark.parametrize("given", [[], ["", "  \n", ""], [""]])
def test_nothing_in_little_out(given):
    for fields in ({}, {"target_tokens": 0}):
        out = LinguaPostprocessor(**fields).postprocess_nodes(scored(*given), query_str=QUERY)
        assert all(not item.text.strip() for item in out)


@pytest.mark.parametrize("query", [None, QueryBundle(""), QueryBundle("  ")])
def test_works_without_a_query(nodes, query):
    out = LinguaPostprocessor().postprocess_nodes(nodes, query)
    assert out
    assert out[0].metadata["linguapress"]["tokens_after"] <= out[0].metadata["linguapress"]["limit"]


def test_a_query_bundle_is_only_read(nodes):
    bundle = QueryBundle(QUERY, custom_embedding_strs=["a"], embedding=[0.1])
    LinguaPostprocessor(**LEXICAL).postprocess_nodes(nodes, bundle)
    assert bundle == QueryBundle(QUERY, custom_embedding_strs=["a"], embedding=[0.1])


def test_text_that_looks_like_a_tag_survives():
    out = LinguaPostprocessor(rate=1.0).postprocess_nodes(scored("<#ref0#> text <#ref1#>", "<#ref0#>"), query_str="ref0")
    assert [item.text for item in out] == ["<#ref0#> text <#ref1#>", "<#ref0#>"]
    cut = LinguaPostprocessor(rate=0.5, guard=Guard(keep=(r"<#ref\d#>",)), model="lexical").postprocess_nodes(
        scored("Go to <#ref0#>. All of this may go, since nobody asks for it.", "And so may this, as it seems."), query_str="seems"
    )
    assert "<#ref0#>" in cut[0].text


@pytest.mark.parametrize("counter", [None, "embedded", words])
@pytest.mark.parametrize("separator", ["\n\n", "\n\n---------------------\n\n"])
@pytest.mark.parametrize("limit", [0, 1, 7, 25, 60])
def test_the_final_string_fits(nodes, counter, separator, limit):
    postprocessor = LinguaPostprocessor(target_tokens=limit, token_counter=counter, separator=separator, model="lexical")
    out = postprocessor.postprocess_nodes(nodes, query_str=QUERY)
    text = separator.join(item.text for item in out)
    if counter is None:
        assert len(get_tokenizer()(text)) <= limit
    if counter is words:
        assert words(text) <= limit


@pytest.mark.parametrize("method", ["head", "sentence_filter", "lingua"])
@settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.text(max_size=80), max_size=5), query=st.text(max_size=20), rate=st.floats(0, 1))
def test_never_longer_whatever_the_text(method, texts, query, rate):
    model = {} if method == "head" else {"model": "lexical"}
    out = LinguaPostprocessor(method=method, rate=rate, **model).postprocess_nodes(scored(*texts), query_str=query)
    count = get_tokenizer()
    before, after = (len(count("\n\n".join(parts))) for parts in (texts, [item.text for item in out]))
    assert after <= before
    assert not out or after <= int(before * rate + 1e-9)


ODD = {
    "emoji": "🎉👩‍👩‍👧‍👦🇩🇪 " * 30,
    "chinese": "发电厂每年生产四百二十兆瓦的电力。湖里有鳟鱼。" * 10,
    "arabic": "تنتج محطة الطاقة أربعمئة ميغاواط. تعيش الأسماك في البحيرة. " * 10,
    "hebrew": "תחנת הכוח מייצרת חשמל. דגים חיים באגם. " * 10,
    "zero width": "po\u200bwer\u200d pl\u2060ant \ufeff" * 20,
    "nul": "power\x00plant\x00 " * 20,
    "surrogate": "power \ud800 plant \udfff " * 10,
    "crlf": "power\r\nplant\r\n\r\n" * 20,
    "special": "<|endoftext|> [SEP] [UNK] <s> </s> " * 10,
    "one token": "a" * 1_000_000,
}


@pytest.mark.parametrize("name", ODD)
def test_odd_text_does_not_break_it(name):
    fields = {"method": "head", "token_counter": "embedded"} if name == "one token" else {"model": "lexical"}
    out = LinguaPostprocessor(rate=0.4, **fields).postprocess_nodes(scored(ODD[name], "", "The plant is old."), query_str=QUERY)
    for item in out:
        record = item.metadata["linguapress"]
        assert record["tokens_after"] <= record["limit"]
        assert any("".join(text[a:b] for a, b in record["spans"]) == item.text for text in (ODD[name], "The plant is old."))
