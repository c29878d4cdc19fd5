"""Records that travel in metadata: written at ingestion, used at query time, never sent on."""

from __future__ import annotations

import json

import pytest
from langchain_core.documents import BaseDocumentTransformer, Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_linguapress import LinguaCompressor, LinguaPreparer

from linguapress import Prepared

KEY = "linguapress_prepared"
QUERY = "Who founded the observatory?"
QUICK = LinguaCompressor(target_tokens=40, settings={"effort": "low"})


TEXTS = (
    "The observatory was founded in 1821 by Mary Hale. It stands on a hill above the town. Sheep graze around it in summer.",
    "Bread is made of flour and water. It is baked for an hour. Old bread can be revived with water. Salt is added late.",
    "The harbour freezes in winter. Ships wait until March. Gulls nest on the pier. A lamp burns on the mole at night.",
)


@pytest.fixture
def documents() -> list[Document]:
    return [Document(text, id=str(number), metadata={"page": number, "tags": ["a"]}) for number, text in enumerate(TEXTS)]


def contents(documents):
    return [(document.id, document.page_content, document.metadata["linguapress"]) for document in documents]


def test_records_are_written_into_copies(documents):
    before = [document.model_copy(deep=True) for document in documents]
    prepared = LinguaPreparer().transform_documents(documents)
    assert isinstance(LinguaPreparer(), BaseDocumentTransformer)
    assert documents == before
    for document, original in zip(prepared, documents, strict=True):
        assert {**original.metadata, KEY: document.metadata[KEY]} == document.metadata
        assert (document.id, document.page_content) == (original.id, original.page_content)
        assert Prepared.from_text(document.metadata[KEY]).fits(original.page_content)
        document.metadata["tags"].append("b")
    assert documents == before


def test_documents_may_come_one_by_one(documents):
    assert LinguaPreparer().transform_documents(iter(documents)) == LinguaPreparer().transform_documents(documents)


async def test_the_work_can_be_awaited(documents):
    assert await LinguaPreparer().atransform_documents(documents) == LinguaPreparer().transform_documents(documents)


@pytest.mark.parametrize("compressor", [QUICK, LinguaCompressor(rate=0.4), LinguaCompressor(method="llmlingua2", rate=0.4)])
def test_records_change_nothing_but_the_time(documents, compressor):
    preparer = LinguaPreparer(method=compressor.method)
    plain = compressor.compress_documents(documents, QUERY)
    quick = compressor.compress_documents(preparer.transform_documents(documents), QUERY)
    assert contents(quick) == contents(plain)
    assert quick == plain
    assert not quick[0].metadata["linguapress"]["warnings"]


def test_a_compressed_document_carries_no_record_even_when_all_of_it_is_kept(documents):
    prepared = LinguaPreparer().transform_documents(documents)
    for compressor in (QUICK, LinguaCompressor(rate=1.0)):
        assert all(KEY not in document.metadata for document in compressor.compress_documents(prepared, QUERY))
    assert all(KEY in document.metadata for document in prepared)


def test_records_survive_a_vector_store_and_json(documents, tmp_path):
    store = InMemoryVectorStore.from_documents(LinguaPreparer().transform_documents(documents), DeterministicFakeEmbedding(size=8))
    store.dump(str(tmp_path / "store.json"))
    store = InMemoryVectorStore.load(str(tmp_path / "store.json"), DeterministicFakeEmbedding(size=8))
    found = store.similarity_search(QUERY, k=3)
    plain = [
        document.model_copy(update={"metadata": {k: v for k, v in document.metadata.items() if k != KEY}}) for document in found
    ]
    assert json.loads(json.dumps(found[0].metadata)) == found[0].metadata
    assert QUICK.compress_documents(found, QUERY) == QUICK.compress_documents(plain, QUERY)
    again = [Document.model_validate_json(document.model_dump_json()) for document in found]
    assert QUICK.compress_documents(again, QUERY) == QUICK.compress_documents(plain, QUERY)


@pytest.mark.parametrize("written", ["", "no record", "TFAB", 7, {"a": 1}, ["x"], b"LP"], ids=repr)
def test_what_is_no_record_is_ignored_with_a_warning(documents, written):
    plain = QUICK.compress_documents(documents, QUERY)
    documents[0].metadata[KEY] = written
    out = QUICK.compress_documents(documents, QUERY)
    assert [document.page_content for document in out] == [document.page_content for document in plain]
    assert any("could not be read" in warning for warning in out[0].metadata["linguapress"]["warnings"])


def test_a_record_of_another_text_is_ignored_with_a_warning(documents):
    prepared = LinguaPreparer().transform_documents(documents)
    edited = [document.model_copy(update={"page_content": document.page_content + " It was raining."}) for document in prepared]
    plain = [Document(document.page_content, id=document.id) for document in edited]
    out = QUICK.compress_documents(edited, QUERY)
    assert [document.page_content for document in out] == [d.page_content for d in QUICK.compress_documents(plain, QUERY)]
    assert any("another text" in warning for warning in out[0].metadata["linguapress"]["warnings"])


def test_methods_with_nothing_to_keep_write_nothing(documents):
    assert LinguaPreparer(method="head").transform_documents(documents) == documents
    assert LinguaPreparer().transform_documents([]) == []


def test_preparing_again_replaces_a_stale_record(documents):
    first = LinguaPreparer().transform_documents(documents)
    edited = [document.model_copy(update={"page_content": document.page_content.upper()}) for document in first]
    for document in LinguaPreparer().transform_documents(edited):
        assert Prepared.from_text(document.metadata[KEY]).fits(document.page_content)


def test_a_preparer_goes_through_json():
    preparer = LinguaPreparer(method="sentence_filter", model="mini")
    assert LinguaPreparer.model_validate_json(preparer.model_dump_json()) == preparer
    with pytest.raises(ValueError, match="unknown method"):
        LinguaPreparer(method="magic")
