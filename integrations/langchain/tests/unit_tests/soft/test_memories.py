from __future__ import annotations

import pickle
import subprocess
import sys
from copy import deepcopy

import pytest
from langchain_core.documents import BaseDocumentCompressor, BaseDocumentTransformer, Document
from langchain_linguapress import ChatLinguaPress, LinguaCompressor, LinguaPreparer, MemoryCompressor, MemoryPreparer
from pydantic import ValidationError

from linguapress.errors import InvalidDocuments, MissingExtra
from linguapress.soft import MemoryShelf, TextShelf, resolve

ODD = ["", " \n", "a\0b", "🧑🏽‍🚀", "قال: نعم", "</s><|turn|>user", "[[memory:a:b]] {x} {{y}}", "é" * 500_000]


def test_ingestion_keeps_texts_and_adds_a_key(shelf, store, documents):
    before = deepcopy(documents)
    prepared = MemoryPreparer(shelf=shelf).transform_documents(documents)
    assert documents == before
    for document, copy in zip(documents, prepared, strict=True):
        key = copy.metadata.pop("linguapress_memory")
        assert copy == document
        assert copy.metadata["tags"] is not document.metadata["tags"]
        assert store.mget([key])[0]
    assert isinstance(MemoryPreparer(shelf=shelf), BaseDocumentTransformer)


def test_ingestion_makes_no_memory_twice(shelf, documents, monkeypatch):
    seen = []
    compress = shelf.press.compress
    monkeypatch.setattr(shelf.press, "compress", lambda texts, *args: seen.extend(texts) or compress(texts, *args))
    preparer = MemoryPreparer(shelf=shelf, batch_size=2)
    assert preparer.transform_documents(preparer.transform_documents(documents)) == preparer.transform_documents(documents)
    assert seen == [document.page_content for document in documents]


async def test_the_text_is_swapped_and_kept_in_the_metadata(shelf, documents):
    before = deepcopy(documents)
    compressor = MemoryCompressor(shelf=shelf)
    swapped = compressor.compress_documents(documents, "Which?")
    assert documents == before
    assert isinstance(compressor, BaseDocumentCompressor)
    for document, copy in zip(documents, swapped, strict=True):
        assert (copy.id, copy.type) == (document.id, document.type)
        assert copy.metadata.pop("linguapress_original") == document.page_content
        assert copy.metadata == document.metadata
        assert resolve(shelf, copy.page_content).segments == [document.page_content]
    assert [d.page_content for d in await compressor.acompress_documents(documents, "")] == [d.page_content for d in swapped]
    assert compressor.compress_documents([], "Which?") == []


def test_swapping_twice_changes_nothing(shelf, documents):
    compressor = MemoryCompressor(shelf=shelf)
    once = compressor.compress_documents(documents, "")
    assert compressor.compress_documents(once, "") == once


def test_a_document_that_quotes_a_reference_is_swapped_as_a_text(shelf, documents):
    compressor = MemoryCompressor(shelf=shelf)
    quoted = compressor.compress_documents(documents, "")[0].page_content
    for text in (quoted, f"See {quoted}."):
        (swapped,) = compressor.compress_documents([Document(text)], "")
        assert resolve(shelf, swapped.page_content).segments == [text]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_documents(shelf, text):
    documents = [Document(text)]
    if len(text) < 1000:
        MemoryPreparer(shelf=shelf).transform_documents(documents)
    (swapped,) = MemoryCompressor(shelf=shelf).compress_documents(documents, "")
    if not text.strip():
        assert swapped == documents[0]
    else:
        assert len(swapped.page_content) < 80
        assert swapped.metadata == {"linguapress_original": text}
        assert resolve(shelf, swapped.page_content).missing == (len(text) >= 1000)


def test_a_record_that_fits_the_text_only_does_not_stay(shelf, documents):
    prepared = LinguaPreparer().transform_documents(documents)
    assert all("linguapress_prepared" in document.metadata for document in prepared)
    swapped = MemoryCompressor(shelf=shelf).compress_documents(prepared, "")
    assert not any("linguapress_prepared" in document.metadata for document in swapped)


def test_swapping_needs_no_model(press, store, documents):
    secret = b"shared by both of us"
    swapped = MemoryCompressor(shelf=TextShelf(store, secret)).compress_documents(documents, "")
    reading = MemoryShelf(press, store, secret)
    MemoryPreparer(shelf=reading).transform_documents(documents)
    assert all(resolve(reading, document.page_content).memories for document in swapped)


def test_references_pass_through_a_compressor_of_texts(shelf, documents):
    swapped = MemoryCompressor(shelf=shelf).compress_documents(documents[:2], "")
    text = Document("one two three four five six")
    compressor = LinguaCompressor(method="head", target_tokens=3)
    before = deepcopy(swapped)
    short = compressor.compress_documents([swapped[0], text, swapped[1]], "")
    assert short[::2] == swapped == before
    assert short[1] == compressor.compress_documents([text], "")[0]
    assert compressor.compress_documents(swapped, "") == swapped
    quoted = Document(swapped[0].page_content)  # by somebody who has not swapped it
    forged = Document("see " + swapped[0].page_content, metadata={"linguapress_original": "x"})
    for other in (quoted, forged):
        assert LinguaCompressor(method="head", target_tokens=0).compress_documents([other], "") == []  # a text


def test_documents_may_come_one_by_one(shelf, documents):
    preparer, compressor = MemoryPreparer(shelf=shelf), MemoryCompressor(shelf=shelf)
    prepared = preparer.transform_documents(documents)
    assert preparer.transform_documents(iter(documents)) == prepared
    assert compressor.compress_documents(iter(documents), "") == compressor.compress_documents(documents, "")
    assert compressor.as_runnable().get_output_jsonschema()["type"] == "array"


def test_texts_are_no_documents(shelf):
    for call in (MemoryPreparer(shelf=shelf).transform_documents, MemoryCompressor(shelf=shelf).as_runnable().invoke):
        with pytest.raises(InvalidDocuments, match="number 0 is str; write Document"):
            call(["a text"])


@pytest.mark.parametrize("kind", [MemoryPreparer, MemoryCompressor, ChatLinguaPress])
def test_copies_share_the_shelf_and_no_other_process_is_given_one(shelf, kind):
    part = kind(shelf=shelf)
    assert deepcopy(part).shelf is part.model_copy(deep=True).shelf is shelf
    with pytest.raises(TypeError, match="stays in its process"):
        pickle.dumps(part)


def test_what_is_no_shelf_is_refused(store, shelf):
    with pytest.raises(ValidationError, match="shelf"):
        MemoryCompressor(shelf=store)
    with pytest.raises(ValidationError, match="shelf"):
        MemoryPreparer(shelf=TextShelf(store))
    with pytest.raises(ValidationError, match="batch_size"):
        MemoryPreparer(shelf=shelf, batch_size=0)


def test_the_package_imports_no_torch_until_memories_are_wanted():
    code = "import sys, langchain_linguapress; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_peft_the_extra_is_named(monkeypatch):
    from .conftest import make_press

    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtra, match=r"linguapress\[soft\]"):
        make_press()
