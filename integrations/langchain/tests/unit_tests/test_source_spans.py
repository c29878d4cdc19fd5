"""Places in the source, told only where they can be told."""

from __future__ import annotations

import json

import numpy as np
import pytest
from langchain_classic.retrievers.document_compressors import DocumentCompressorPipeline
from langchain_core.documents import Document
from langchain_linguapress import LinguaCompressor
from langchain_text_splitters import RecursiveCharacterTextSplitter

QUERY = "Who founded the observatory?"


def test_spans_point_into_the_chunk_and_into_its_source(documents):
    for document in LinguaCompressor(method="sentence_filter", model="lexical").compress_documents(documents, QUERY):
        before = next(other for other in documents if other.id == document.id)
        record = document.metadata["linguapress"]
        assert "".join(before.page_content[start:end] for start, end in record["spans"]) == document.page_content
        shifted = [[1000 + start, 1000 + end] for start, end in record["spans"]]
        assert record.get("source_spans") == (shifted if document.id == "o" else None)


@pytest.mark.parametrize("start", [-1, True, "12", None, 1.5, float("nan"), float("inf")])
def test_only_a_real_start_index_counts(start):
    short = LinguaCompressor(method="head").compress_documents(
        [Document("one two three four", metadata={"start_index": start})], ""
    )
    assert "source_spans" not in short[0].metadata["linguapress"]


@pytest.mark.parametrize("number", [float, np.int64, np.float32, np.float64])
def test_a_whole_number_of_any_kind_is_a_start_index(number):
    compressor = LinguaCompressor(method="head")
    one, other = (
        compressor.compress_documents([Document("one two three four", metadata={"start_index": n})], "")[0]
        for n in (12, number(12))
    )
    assert one.metadata["linguapress"] == other.metadata["linguapress"]
    assert json.dumps(other.metadata["linguapress"]["source_spans"]) == "[[12, 19]]"


def test_no_source_spans_where_something_else_has_cut_the_text(documents):
    compressor = LinguaCompressor(method="sentence_filter", model="lexical", rate=0.7)
    (first,) = compressor.compress_documents(documents[:1], QUERY)
    assert "source_spans" in first.metadata["linguapress"]
    (chunk,) = compressor.compress_documents([first.model_copy(update={"page_content": first.page_content[9:]})], QUERY)
    (again,) = LinguaCompressor(method="head").compress_documents([chunk], QUERY)
    for document in (chunk, again):
        spans = document.metadata["linguapress"]["spans"]
        assert "source_spans" not in document.metadata["linguapress"]
        assert "".join(first.page_content[9:][start:end] for start, end in spans) == document.page_content


def test_source_spans_go_back_to_the_source_after_a_second_compression(documents):
    source = "x" * 1000 + documents[0].page_content
    first = LinguaCompressor(method="random_words", rate=0.7).compress_documents(documents[:1], QUERY)
    first[0].metadata["start_index"] = 0  # of the shortened text, as a text splitter counts
    (second,) = LinguaCompressor(method="random_words", rate=0.5).compress_documents(first, QUERY)
    spans = second.metadata["linguapress"]["source_spans"]
    assert "".join(source[start:end] for start, end in spans) == second.page_content


def pipeline(**fields):
    splitter = RecursiveCharacterTextSplitter(chunk_size=70, chunk_overlap=0, separators=[". "], **fields)
    return DocumentCompressorPipeline(transformers=[splitter, LinguaCompressor(method="head", rate=0.9)])


@pytest.mark.parametrize("known", [{"source": "a.txt"}, {}])
def test_parts_of_a_chunk_that_share_its_place_have_no_source_spans(documents, known):
    chunks = [Document(documents[0].page_content, metadata={**known, "start_index": 1000})]
    short = pipeline().compress_documents(chunks, QUERY)
    assert len(short) > 1
    assert all("source_spans" not in part.metadata["linguapress"] for part in short)
    for part in pipeline(add_start_index=True).compress_documents(chunks, QUERY):
        spans = part.metadata["linguapress"]["source_spans"]
        assert "".join(chunks[0].page_content[start:end] for start, end in spans) == part.page_content


@pytest.mark.parametrize("known", [{"source": "a.txt"}, {}])
def test_places_that_cannot_all_be_true_are_those_of_no_part_of_that_source(known):
    told = [(0, "one two three"), (4, "six"), (500, "seven"), (8, "three four")]  # the second is a place in some part
    documents = [Document(text, metadata={**known, "start_index": start}) for start, text in told]
    documents.append(Document("elsewhere", metadata={"source": "b.txt", "start_index": 0}))
    everything = LinguaCompressor(rate=1, method="head")
    spans = [d.metadata["linguapress"].get("source_spans") for d in everything.compress_documents(documents, "")]
    assert spans == [None] * 4 + [[[0, 9]]]
    del documents[1]
    spans = [d.metadata["linguapress"].get("source_spans") for d in everything.compress_documents(documents, "")]
    assert spans == [[[0, 13]], [[500, 505]], [[8, 18]], [[0, 9]]]


def test_chunks_at_the_same_place_of_other_sources_have_source_spans():
    place = {"start_index": 0, "relevance_score": 0.1}
    told = [{"source": "a", "page": 1}, {"source": "a", "page": 2}, {"source": "b", "page": 1}, {"source": "b", "page": 1}]
    documents = [Document(f"one two {n // 3}", metadata={**known, **place}) for n, known in enumerate([*told, {}])]
    documents[3].page_content = documents[2].page_content
    documents += [Document(f"one two {name}", id=name, metadata=place) for name in "cd"]
    short = LinguaCompressor(rate=1, method="head").compress_documents(documents, "")
    assert [document.metadata["linguapress"].get("source_spans") for document in short] == [[[0, 9]]] * 7
