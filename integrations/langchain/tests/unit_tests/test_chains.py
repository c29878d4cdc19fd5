from __future__ import annotations

import pickle

import pytest
from langchain_classic.retrievers import ContextualCompressionRetriever
from langchain_classic.retrievers.document_compressors import DocumentCompressorPipeline
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.language_models.fake_chat_models import FakeListChatModel, ParrotFakeChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langchain_core.tools import create_retriever_tool
from langchain_linguapress import CompressionRetriever, LinguaCompressor, format_docs
from langchain_text_splitters import RecursiveCharacterTextSplitter
from pydantic import ValidationError

QUERY = "Who founded the observatory?"
COMPRESSOR = LinguaCompressor(method="sentence_filter", model="lexical", target_tokens=30)
PROMPT = ChatPromptTemplate.from_template("{context}\n\nQuestion: {question}")


@pytest.fixture
def expected(documents) -> str:
    return format_docs(COMPRESSOR.compress_documents(documents, QUERY))


@pytest.fixture(params=["own", "classic"])
def compressed(request, retriever):
    if request.param == "own":
        return CompressionRetriever(base_retriever=retriever, compressor=COMPRESSOR)
    return ContextualCompressionRetriever(base_retriever=retriever, base_compressor=COMPRESSOR)


async def test_retrieval_chain(compressed, expected):
    inputs = {"context": compressed | format_docs, "question": RunnablePassthrough()}
    chain = inputs | PROMPT | ParrotFakeChatModel() | StrOutputParser()
    answer = f"{expected}\n\nQuestion: {QUERY}"
    assert "Mary Hale" in answer
    assert chain.invoke(QUERY) == await chain.ainvoke(QUERY) == answer
    assert chain.batch([QUERY, QUERY]) == [answer, answer]


async def test_streaming_is_left_alone(compressed):
    chain = (
        {"context": compressed | format_docs, "question": RunnablePassthrough()} | PROMPT | FakeListChatModel(responses=["Hale"])
    )
    assert [chunk.content for chunk in chain.stream(QUERY) if chunk.content] == ["H", "a", "l", "e"]
    assert [chunk.content async for chunk in chain.astream(QUERY) if chunk.content] == ["H", "a", "l", "e"]


async def test_step_that_adds_the_context(documents, expected):
    step = RunnablePassthrough.assign(context=COMPRESSOR.as_runnable() | format_docs)
    inputs = {"documents": documents, "query": QUERY}
    assert step.invoke(inputs) == await step.ainvoke(inputs) == {**inputs, "context": expected}
    streamed = {}
    for chunk in step.stream(inputs):
        streamed |= chunk
    assert streamed == {**inputs, "context": expected}


@pytest.mark.parametrize("query_key", ["query", "question", "input"])
@pytest.mark.parametrize("documents_key", ["documents", "context"])
async def test_a_step_knows_the_usual_keys(documents, expected, query_key, documents_key):
    step = COMPRESSOR.as_runnable() | format_docs
    inputs = {documents_key: documents, query_key: QUERY, "chat_history": []}
    assert step.invoke(inputs) == await step.ainvoke(inputs) == step.batch([inputs])[0] == expected


def test_a_step_may_be_told_other_keys(documents, expected):
    step = COMPRESSOR.as_runnable(query_key="ask", documents_key="found") | format_docs
    assert step.invoke({"found": documents, "ask": QUERY, "query": "How is bread baked?", "documents": []}) == expected


def test_a_step_goes_without_a_query_only_when_told(documents):
    inputs = {"documents": documents, "query": QUERY}
    step = COMPRESSOR.as_runnable(query_key=None)
    assert step.invoke(inputs) == step.invoke({"documents": documents}) == COMPRESSOR.compress_documents(documents, "")
    assert step.invoke(inputs) != COMPRESSOR.as_runnable().invoke(inputs)


@pytest.mark.parametrize(
    ("keys", "inputs", "message"),
    [
        (
            {},
            {"ask": QUERY},
            "query must be under exactly one of 'query', 'question', 'input', got the keys 'documents', 'ask'; write",
        ),
        ({}, {}, r"got the keys 'documents'; write as_runnable\(query_key=...\), or query_key=None for no query$"),
        ({}, {"query": None}, "query must be under .*, but 'query' is None; write"),
        (
            {},
            {"question": ""},
            r"'input', but 'question' is blank; write as_runnable\(query_key=...\), or query_key=None for no query$",
        ),
        ({}, {"question": " \n", "input": None}, "but 'question' is blank, 'input' is None; "),
        ({"query_key": "ask"}, {"ask": " "}, "query must be under 'ask', but 'ask' is blank; "),
        ({}, {"query": QUERY, "documents": None}, "documents must be under one of 'd.*, but 'documents' is None; "),
        ({}, {"query": QUERY, "input": QUERY}, "got the keys 'documents', 'query', 'input'; "),
        ({"query_key": "ask"}, {"query": QUERY}, "query must be under 'ask', got the keys 'documents', 'query'; "),
        ({"documents_key": "found"}, {"query": QUERY}, "documents must be under 'found', got the keys 'documents', 'query'; "),
    ],
)
async def test_a_step_names_the_keys_that_came(documents, keys, inputs, message):
    step, given = COMPRESSOR.as_runnable(**keys), {"documents": documents, **inputs}
    with pytest.raises(ValueError, match=message):
        step.invoke(given)
    with pytest.raises(ValueError, match=message):
        await step.ainvoke(given)


def test_a_key_with_nothing_does_not_count(documents, expected):
    step = COMPRESSOR.as_runnable() | format_docs
    assert step.invoke({"documents": documents, "context": None, "query": QUERY, "question": "", "input": None}) == expected


@pytest.mark.parametrize("context", [[], "", (), [Document("of an earlier turn")], "what the earlier turn was sent"])
async def test_documents_come_before_a_context_of_an_earlier_turn(documents, expected, context):
    step = COMPRESSOR.as_runnable() | format_docs
    inputs = {"documents": documents, "context": context, "query": QUERY}
    assert step.invoke(inputs) == await step.ainvoke(inputs) == expected
    assert step.invoke({**inputs, "documents": []}) == ""  # this turn has found nothing


def test_a_step_tells_what_comes_out(documents):
    step = COMPRESSOR.as_runnable()
    chains = (step, {"documents": RunnablePassthrough(), "query": RunnablePassthrough()} | step)
    for schema in (chain.get_output_jsonschema() for chain in chains):
        assert schema["type"] == "array"
        assert "page_content" in schema["$defs"]["Document"]["properties"]
    assert "context" in RunnablePassthrough.assign(context=step).get_output_jsonschema()["properties"]
    inputs = {"documents": documents, "query": QUERY}
    assert pickle.loads(pickle.dumps(step)).invoke(inputs) == step.invoke(inputs)
    assert step.get_name() == "LinguaCompressor"


async def test_documents_may_be_compressed_without_a_question(documents):
    without = COMPRESSOR.as_runnable(query_key=None).invoke({"documents": documents})
    for blank in ("", " \n"):
        assert COMPRESSOR.compress_documents(documents, blank) == without
        assert await COMPRESSOR.acompress_documents(documents, blank) == without


def test_a_step_behind_a_bare_retriever_has_no_query(retriever):
    with pytest.raises(TypeError, match="takes a dict of documents and query, got list; for a retriever use CompressionRetriever"):
        (retriever | COMPRESSOR.as_runnable()).invoke(QUERY)


def test_documents_and_query_in_parallel(retriever, expected):
    chain = {"documents": retriever, "query": RunnablePassthrough()} | COMPRESSOR.as_runnable() | format_docs
    assert chain.invoke(QUERY) == expected
    assert "".join(chain.stream(QUERY)) == expected


async def test_retriever_tool(compressed, expected):
    tool = create_retriever_tool(compressed, "search", "Searches.", response_format="content_and_artifact")
    call = {"type": "tool_call", "name": "search", "args": {"query": QUERY}, "id": "1"}
    for message in (tool.invoke(call), await tool.ainvoke(call)):
        assert message.content == expected
        assert "linguapress" in message.artifact[0].metadata


async def test_pipeline(documents):
    splitter = RecursiveCharacterTextSplitter(chunk_size=60, chunk_overlap=0, add_start_index=True)
    pipeline = DocumentCompressorPipeline(transformers=[splitter, COMPRESSOR])
    short = pipeline.compress_documents(documents, QUERY)
    assert short == await pipeline.acompress_documents(documents, QUERY)
    texts = {document.metadata["source"]: document.page_content for document in documents}
    for document in short:
        source, spans = texts[document.metadata["source"]], document.metadata["linguapress"]["source_spans"]
        assert "".join(source[start:end] for start, end in spans) == document.page_content


async def test_arguments_reach_the_retriever(retriever):
    compressed = CompressionRetriever(base_retriever=retriever, compressor=LinguaCompressor(method="head", rate=1))
    assert len(compressed.invoke(QUERY, k=2)) == len(await compressed.ainvoke(QUERY, k=2)) == 2


async def test_nothing_found(retriever):
    class Fussy(BaseDocumentCompressor):
        def compress_documents(self, documents, query, callbacks=None):
            raise AssertionError

    compressed = CompressionRetriever(base_retriever=retriever, compressor=Fussy())
    assert compressed.invoke(QUERY, k=0) == await compressed.ainvoke(QUERY, k=0) == []


def test_a_retriever_compresses_without_being_told_how(retriever):
    assert CompressionRetriever(base_retriever=retriever).compressor == LinguaCompressor()


def test_the_compressor_may_have_langchain_s_own_name(retriever):
    named = CompressionRetriever(base_retriever=retriever, base_compressor=COMPRESSOR)
    assert named == CompressionRetriever(base_retriever=retriever, compressor=COMPRESSOR)
    assert named.compressor is COMPRESSOR


@pytest.mark.parametrize("extra", [{"rate": 0.3}, {"target_tokens": 9}, {"compressor": COMPRESSOR, "base_compressor": COMPRESSOR}])
def test_an_argument_that_a_retriever_does_not_have_is_refused(retriever, extra):
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        CompressionRetriever(base_retriever=retriever, **extra)
