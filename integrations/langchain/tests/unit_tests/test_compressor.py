from __future__ import annotations

import asyncio
import copy
import time
from collections import OrderedDict, defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest
from langchain_core.documents import Document
from langchain_linguapress import LinguaCompressor, LinguaPreparer, format_docs

from linguapress import Budget, Guard, InvalidDocuments, list_methods, load

QUERY = "Who founded the observatory?"


def test_no_argument_is_needed(documents):
    short = LinguaCompressor().compress_documents(documents, QUERY)
    assert short[0].id == "o"
    assert "Mary Hale" in short[0].page_content
    assert short[0].metadata["linguapress"]["tokens_after"] <= short[0].metadata["linguapress"]["tokens_before"] // 2
    assert all(isinstance(document.metadata["relevance_score"], float) for document in short)
    assert all(document.metadata["linguapress"]["relevance"] == document.metadata["relevance_score"] for document in short)


async def test_no_argument_is_needed_in_async_code_either(documents):
    compressor = LinguaCompressor()
    assert await compressor.acompress_documents(documents, QUERY) == compressor.compress_documents(documents, QUERY)


QUICK = [name for name in list_methods() if name not in ("lingua", "llmlingua2")]


@pytest.mark.parametrize("method", QUICK)
async def test_every_method_is_the_core_s_own(method, documents):
    model = "lexical" if method in ("sentence_filter", "document_ranking") else None
    compressor = LinguaCompressor(method=method, model=model, target_tokens=40)
    result = load(method, **({"model": model} if model else {})).compress(
        [document.page_content for document in documents], QUERY, budget=Budget(tokens=40)
    )
    short = compressor.compress_documents(documents, QUERY)
    assert format_docs(short) == result.text
    assert [document.id for document in short] == [documents[passage.index].id for passage in result.passages]
    assert short == await compressor.acompress_documents(documents, QUERY)


def test_spans_still_point_into_the_first_text_after_a_second_compression(documents):
    first = LinguaCompressor(method="sentence_filter", model="lexical", rate=0.7).compress_documents(documents, QUERY)
    second = LinguaCompressor(method="random_words", rate=0.5).compress_documents(first, QUERY)
    assert format_docs(second) != format_docs(first)
    for document in second:
        before = next(other for other in documents if other.id == document.id)
        record = document.metadata["linguapress"]
        assert "".join(before.page_content[start:end] for start, end in record["spans"]) == document.page_content
        assert all(a[1] <= b[0] for a, b in zip(record["spans"], record["spans"][1:], strict=False))


@pytest.mark.parametrize("spans", [None, [1], [[0, 2]], [["a", "b"]], "x"])
def test_a_damaged_record_does_no_harm(spans):
    record = {"spans": spans, "tokens_before": 9, "tokens_after": 4, "limit": 4}
    document = Document("one two three four", metadata={"linguapress": record})
    short = LinguaCompressor(method="head").compress_documents([document], "")
    assert short[0].metadata["linguapress"]["spans"] == [[0, len(short[0].page_content)]]
    assert document.metadata == {"linguapress": record}


@pytest.mark.parametrize("value", [3, 0, [], {"team": "x"}, {"spans": [[0, 2]]}, "mine"], ids=repr)
def test_what_others_have_put_in_the_place_of_the_record_stays(value):
    document = Document("one two three four", metadata={"linguapress": value, "start_index": 5})
    compressor = LinguaCompressor(method="head", rate=0.8)
    [first] = compressor.compress_documents([document, Document("")], "")
    [second] = compressor.compress_documents([first], "")
    for short in (first, second):
        record = short.metadata["linguapress_record"]
        assert short.metadata["linguapress"] == value
        assert record["spans"] == [[0, len(short.page_content)]]
        assert "source_spans" not in record  # nobody can tell whether the text has been cut before
        assert "the record is under 'linguapress_record'" in record["warnings"][-1]
    assert len(second.page_content) < len(first.page_content)
    assert document.metadata == {"linguapress": value, "start_index": 5}


@pytest.mark.parametrize("value", [None, "", {}], ids=repr)
def test_nothing_in_the_place_of_the_record_is_no_obstacle(value):
    [short] = LinguaCompressor(method="head").compress_documents([Document("one two", metadata={"linguapress": value})], "")
    assert short.metadata.keys() == {"linguapress"}
    assert short.metadata["linguapress"]["warnings"] == []


def test_copies_share_nothing_with_the_documents(documents):
    before = copy.deepcopy(documents)
    short = LinguaCompressor(method="head", rate=1).compress_documents(documents, QUERY)
    short[0].metadata["tags"]["kind"].append("changed")
    short[0].metadata["linguapress"]["warnings"].append("changed")
    assert documents == before
    assert short[1].metadata["linguapress"]["warnings"] == []


def test_copies_share_no_values_inside_tuples_and_sets():
    class Place(NamedTuple):
        lines: list[int]

    held = object()
    metadata = {"pair": ([1], {"a": {2}}), "set": {3}, "place": Place([4]), "held": held}
    before = copy.deepcopy({**metadata, "held": None})
    (short,) = LinguaCompressor(method="head", rate=1).compress_documents([Document("one two", metadata=metadata)], "")
    new = {name: value for name, value in short.metadata.items() if name != "linguapress"}
    assert new == metadata
    assert type(new["place"]) is Place
    assert new["held"] is held
    new["pair"][0].append(0)
    new["pair"][1]["a"].add(0)
    new["set"].add(0)
    new["place"].lines.append(0)
    assert {**metadata, "held": None} == before


def test_the_types_of_metadata_are_kept():
    class Tags(list):
        def __init__(self, tags, kind):
            super().__init__(tags)
            self.kind = kind

    metadata = {"by": defaultdict(list, a=[1]), "first": OrderedDict(a={}), "at": time.gmtime(0), "tags": Tags([[2]], "k")}
    (short,) = LinguaCompressor(method="head", rate=1).compress_documents([Document("one two", metadata=metadata)], "")
    assert {name: type(short.metadata[name]) for name in metadata} == {name: type(value) for name, value in metadata.items()}
    assert {**short.metadata, **metadata} == short.metadata
    assert short.metadata["tags"].kind == "k"
    short.metadata["by"]["b"].append(0)
    short.metadata["first"]["a"]["b"] = short.metadata["tags"][0].append(0)
    assert metadata == {"by": {"a": [1]}, "first": {"a": {}}, "at": time.gmtime(0), "tags": [[2]]}


def test_a_container_that_nothing_can_change_stays():
    class Fixed(dict):
        def __copy__(self):
            return self

        def update(self, *args):
            raise TypeError

    metadata = {"fixed": Fixed(a=1)}
    (short,) = LinguaCompressor(method="head", rate=1).compress_documents([Document("one two", metadata=metadata)], "")
    assert short.metadata["fixed"] is metadata["fixed"]


def test_the_type_of_a_document_is_kept():
    class Scan(Document):
        page: int = 0

    short = LinguaCompressor(method="head").compress_documents([Scan("one two three four", page=3, id="s")], "")
    assert type(short[0]) is Scan
    assert (short[0].page, short[0].id) == (3, "s")


@pytest.mark.parametrize("rate", [0.5, 1])
def test_the_state_of_a_filter_is_copied_without_the_embedding_of_the_whole_text(rate):
    class Stateful(Document):
        state: dict

    documents = [Stateful(text, state={"embedded_doc": [1.0], "tags": ["a"]}) for text in ("one two three", "four five six")]
    short = LinguaCompressor(method="head", rate=rate).compress_documents(documents, "")
    for document in short:
        assert document.state == {"tags": ["a"]}
        document.state["tags"].append("b")
    assert all(document.state == {"embedded_doc": [1.0], "tags": ["a"]} for document in documents)


def test_everything_is_kept_when_everything_fits(documents):
    short = LinguaCompressor(target_tokens=10_000).compress_documents(documents, QUERY)
    assert [(d.page_content, d.id) for d in short] == [(d.page_content, d.id) for d in documents]
    assert all("relevance_score" not in d.metadata for d in short)


def test_an_earlier_score_survives_where_none_is_measured():
    document = Document("one two three four", metadata={"relevance_score": 0.7})
    assert LinguaCompressor(method="head").compress_documents([document], "")[0].metadata["relevance_score"] == 0.7


@pytest.mark.parametrize("own", [0.7, None, "high"])
def test_a_score_of_somebody_else_stays(documents, own):
    ranking = LinguaCompressor(model="lexical", order="relevance", rate=1)
    plain = ranking.compress_documents(documents, QUERY)
    scored = [d.model_copy(update={"metadata": {**d.metadata, "relevance_score": own}}) for d in documents]
    twice = ranking.compress_documents(ranking.compress_documents(scored, QUERY), QUERY)
    assert [document.metadata["relevance_score"] for document in twice] == [own] * 3
    assert [d.metadata["linguapress"]["relevance"] for d in twice] == [d.metadata["relevance_score"] for d in plain]


def test_a_second_compression_renews_the_score_of_the_first(documents):
    ranking = LinguaCompressor(model="lexical", order="relevance", rate=1)
    first, second = "How is bread baked?", QUERY
    again = ranking.compress_documents(ranking.compress_documents(documents, first), second)
    scores = {document.id: document.metadata["relevance_score"] for document in again}
    assert scores == {d.id: d.metadata["relevance_score"] for d in ranking.compress_documents(documents, second)}


def test_order_is_that_of_the_compression(documents):
    compressor = LinguaCompressor(model="lexical", order="relevance", rate=1)
    short = compressor.compress_documents(documents[::-1], QUERY)
    scores = [document.metadata["relevance_score"] for document in short]
    assert short[0].id == "o"
    assert scores == sorted(scores, reverse=True)


def test_no_documents():
    assert LinguaCompressor().compress_documents([], QUERY) == []
    assert asyncio.run(LinguaCompressor().acompress_documents([], QUERY)) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a text"], r"number 0 is str; write Document\(text\)"),
        ([Document("a text"), None], "number 1 is NoneType; "),
        ("a text", r"got str; wrap it: \[Document\(text\)\]"),
        (Document("a text"), "got Document; wrap it"),
    ],
)
def test_what_are_no_documents_is_refused(given, message):
    for call in (lambda: LinguaCompressor().compress_documents(given, QUERY), lambda: LinguaPreparer().transform_documents(given)):
        with pytest.raises(InvalidDocuments, match="documents must be a list of Document, " + message):
            call()


def test_no_query_is_a_blank_one(documents):
    compressor = LinguaCompressor(method="sentence_filter", model="lexical")
    assert compressor.compress_documents(documents, None) == compressor.compress_documents(documents, "")


def test_nothing_fits(documents):
    assert LinguaCompressor(method="head", target_tokens=0).compress_documents(documents, QUERY) == []


def test_a_guard_reaches_the_method(documents):
    guard = Guard(keep=("Old bread can be revived with water",))
    short = LinguaCompressor(method="sentence_filter", model="lexical", guard=guard).compress_documents(documents, QUERY)
    assert "Old bread can be revived with water" in format_docs(short)


def test_further_settings_reach_the_method(documents):
    one, other = (LinguaCompressor(method="random_words", settings={"seed": seed}) for seed in (1, 2))
    assert one.compress_documents(documents, QUERY) != other.compress_documents(documents, QUERY)


def test_warnings_are_told(documents):
    short = LinguaCompressor(method="sentence_filter", model="lexical", target_tokens=3).compress_documents(documents, QUERY)
    assert short[0].metadata["linguapress"]["warnings"]


def test_threads_do_not_disturb_each_other(documents):
    compressor = LinguaCompressor(model="lexical", method="sentence_filter")
    queries = [QUERY, "How is bread baked?", "When does the harbour freeze?"] * 4
    expected = [compressor.compress_documents(documents, query) for query in queries]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda query: compressor.compress_documents(documents, query), queries)) == expected
