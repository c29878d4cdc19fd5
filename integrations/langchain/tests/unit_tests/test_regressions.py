"""Defects of other compressors, none of which may be found here."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_classic.retrievers import ContextualCompressionRetriever
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.tools import create_retriever_tool
from langchain_linguapress import CompressionRetriever, LinguaCompressor, format_docs

QUERY = "Who founded the observatory?"
TEXTS = st.lists(
    st.text(max_size=60) | st.sampled_from(['{"a": 1499.00, "b": [1, 2]}', "id -9012- /usr/lib/x", "狮子桥 😀", "  ", ""]),
    max_size=4,
)
METHODS = [
    {"method": "head"},
    {"method": "random_words"},
    {"method": "sentence_filter", "model": "lexical"},
    {"method": "document_ranking", "model": "lexical"},
]
OFFLINE = """
import socket, sys
def refuse(*args, **kwargs):
    raise OSError("no network")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from langchain_core.documents import Document
from langchain_linguapress import LinguaCompressor
compressor = LinguaCompressor()
assert "torch" not in sys.modules and "transformers" not in sys.modules
documents = [Document("The observatory was founded by Mary Hale. Sheep graze."), Document("Bread is baked for an hour.")]
print(compressor.compress_documents(documents, "Who founded the observatory?")[0].page_content)
"""


def words(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))


def test_01_no_argument_is_needed(retriever):
    short = ContextualCompressionRetriever(base_compressor=LinguaCompressor(), base_retriever=retriever).invoke(QUERY)
    assert "Mary Hale" in short[0].page_content


def test_02_no_network_and_no_home(tmp_path):
    folders = dict.fromkeys(("HOME", "HF_HOME", "TIKTOKEN_CACHE_DIR"), str(tmp_path))
    command = [sys.executable, "-W", "error", "-c", OFFLINE]
    ran = subprocess.run(command, env={**os.environ, **folders, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Mary Hale" in ran.stdout


@pytest.mark.parametrize("method", METHODS)
@given(texts=TEXTS, rate=st.floats(0, 1), separator=st.sampled_from(["\n\n", " ", "\n---\n"]))
@settings(max_examples=25, deadline=None)
def test_03_and_10_never_longer_and_never_over_the_budget(method, texts, rate, separator):
    documents = [Document(text) for text in texts]
    compressor = LinguaCompressor(**method, rate=rate, token_counter=words, separator=separator)
    after = words(format_docs(compressor.compress_documents(documents, QUERY), separator))
    assert after <= rate * words(format_docs(documents, separator)) + 1e-6


@pytest.mark.parametrize("fields", [{}, *METHODS])
def test_04_documents_are_not_changed(fields, documents):
    before = copy.deepcopy(documents)
    LinguaCompressor(**fields).compress_documents(documents, QUERY)
    LinguaCompressor(**fields).compress_documents(tuple(documents), QUERY)
    assert documents == before


def test_05_metadata_neither_enters_the_text_nor_spreads(documents, retriever):
    compressed = CompressionRetriever(base_retriever=retriever, compressor=LinguaCompressor(method="head", rate=0.9))
    content = create_retriever_tool(compressed, "search", "Searches.").invoke({"query": QUERY})
    assert "towns.txt" not in content
    for document in compressed.invoke(QUERY):
        before = next(other for other in documents if other.id == document.id)
        assert {key: value for key, value in document.metadata.items() if key != "linguapress"} == before.metadata


@pytest.mark.parametrize("fields", [{"model": "mini"}, *METHODS])
@pytest.mark.parametrize(
    "text",
    ["", " \n\t ", "😀👩‍👩‍👧", "狮子桥建于一八九四年", "الجسر قديم", "a\u200bb\u2060c", "nul\x00nul", "\ud800 alone", "x" * 3000],
)
def test_06_odd_chunks(fields, text):
    documents = [Document(text, id="odd"), Document("The observatory was founded by Mary Hale. Sheep graze.")]
    for document in LinguaCompressor(**fields, rate=0.6).compress_documents(documents, QUERY):
        if document.id == "odd":
            assert "".join(text[start:end] for start, end in document.metadata["linguapress"]["spans"]) == document.page_content


@pytest.mark.parametrize("fields", METHODS)
def test_06_one_token_of_a_megabyte(fields):
    documents = [Document("x" * 1_000_000), Document("Mary Hale founded it.")]
    compressor = LinguaCompressor(**fields, target_tokens=20, token_counter=words)
    assert words(format_docs(compressor.compress_documents(documents, QUERY))) <= 20


def test_07_the_framework_takes_it(retriever):
    assert isinstance(LinguaCompressor(), BaseDocumentCompressor)
    compressor = LinguaCompressor(method="head")
    assert ContextualCompressionRetriever(base_compressor=compressor, base_retriever=retriever).invoke(QUERY)


def test_08_documents_can_be_written_and_read_again(documents):
    short = LinguaCompressor(model="lexical", method="sentence_filter").compress_documents(documents, QUERY)
    assert [Document.model_validate_json(document.model_dump_json()) for document in short] == short


def test_09_tags_in_a_text_are_text():
    texts = ["<#ref0#> The observatory was founded by Mary Hale.", "Mary <#ref1#> Hale </#ref0#> lived here.", "[SEP] [CLS] Bread."]
    documents = [Document(text, id=str(number), metadata={"n": number}) for number, text in enumerate(texts)]
    for document in LinguaCompressor(model="mini", rate=0.9).compress_documents(documents, QUERY):
        source = texts[document.metadata["n"]]
        assert document.id == str(document.metadata["n"])
        assert "".join(source[start:end] for start, end in document.metadata["linguapress"]["spans"]) == document.page_content


def test_10_the_budget_holds_for_what_a_tool_sends(retriever):
    compressor = LinguaCompressor(target_tokens=37, token_counter=words)
    tool = create_retriever_tool(CompressionRetriever(base_retriever=retriever, compressor=compressor), "search", "Searches.")
    content = tool.invoke({"query": QUERY})
    assert 25 <= words(content) <= 37


def test_11_ids_and_scores_are_there(documents):
    short = LinguaCompressor(method="document_ranking", model="lexical", rate=0.9).compress_documents(documents, QUERY)
    scores = {document.id: document.metadata["relevance_score"] for document in short}
    assert set(scores) <= {"o", "b", "h"}
    assert max(scores, key=lambda name: scores[name]) == "o"


async def test_12_every_start_has_an_end(recorder):
    compressor = LinguaCompressor(method="head")
    for documents in ([], [Document("")], [Document("one two three")]):
        compressor.compress_documents(documents, QUERY, callbacks=[recorder])
        await compressor.acompress_documents(documents, QUERY, callbacks=[recorder])
    assert len(recorder.ended) == len(recorder.names) == 6


@pytest.mark.parametrize(
    "stored",
    [str, json.dumps, lambda record: None, lambda record: {}, lambda record: {**record, "spans": str(record["spans"])}],
    ids=["repr", "json", "null", "empty", "part"],
)
def test_no_source_spans_where_a_store_has_made_a_string_of_the_note(stored):
    text = "Nothing. The observatory was founded by Ada Lind in 1875. It rained."
    document = Document(text, metadata={"start_index": 1000})
    [first] = LinguaCompressor(method="sentence_filter", model="lexical", rate=0.7).compress_documents([document], QUERY)
    record = first.metadata["linguapress"]
    assert record["spans"][0][0] > 0
    again = Document(first.page_content, metadata={**first.metadata, "linguapress": stored(record)})
    for rate in (0.6, 1.0):
        [second] = LinguaCompressor(method="head", rate=rate).compress_documents([again], QUERY)
        assert "source_spans" not in second.metadata["linguapress"]
        assert second.page_content == "".join(first.page_content[a:b] for a, b in second.metadata["linguapress"]["spans"])
