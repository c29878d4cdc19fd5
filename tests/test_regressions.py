"""Verified defects of other compressors: what must not happen here (reference/rag.md, section 5)."""

import json
from collections import Counter

import pytest
import regex
from fakes import METHODS, count_bytes, count_words, count_zipped
from samples import BRIDGE, DOCUMENTS, HOSTILE, OVEN, PROSE

from linguapress import Budget, load

every_method = pytest.mark.parametrize("press", METHODS.values(), ids=METHODS.keys())
every_preset = pytest.mark.parametrize(
    "name", ["lingua", "llmlingua2", "sentence_filter", "document_ranking", "head", "random_words"]
)


@every_preset
def test_loading_needs_no_arguments_and_no_network(name):
    assert load(name).compress(PROSE, "Who built it?", budget=Budget(tokens=40)).tokens_after <= 40


@every_method
def test_json_never_grows(press):
    text = json.dumps({"name": "x", "value": [1, 2, 3], "inner": {"a": True, "b": None}, "text": "a few words, no more"}, indent=2)
    for rate in (0.1, 0.5, 0.9, 0.99):
        out = press.compress([text], "Who?", budget=Budget(rate=rate, count=count_bytes))
        assert len(out.text) <= len(text)


@every_method
def test_sentences_are_never_repeated(press):
    out = press.compress([OVEN], "Who?", budget=Budget(rate=0.9, count=count_words))
    assert len(out.text) <= len(OVEN)
    assert Counter(regex.findall(r"\w", out.text)) <= Counter(
        regex.findall(r"\w", OVEN)
    )  # letters: a segment may end inside a word


@every_method
@pytest.mark.parametrize("documents", [lambda text: [text], lambda text: [text * 40], lambda text: ["", text, "  "], lambda text: [f"A {text} b. {text}"]],
                         ids=["alone", "often", "among blanks", "inside"])  # fmt: skip
def test_no_script_or_chunk_crashes(press, documents):
    for text in HOSTILE:
        for query in (None, text):
            out = press.compress(documents(text), query, budget=Budget(rate=0.5))
            assert out.tokens_after <= out.limit


@every_method
def test_text_that_looks_like_a_tag_is_only_text(press):
    documents = [f"<#ref{number}#> {text} <#ref{number}#>" for number, text in enumerate(PROSE)]
    whole = press.compress(documents, "Who?", budget=Budget(rate=1.0))
    assert sorted(passage.text for passage in whole.passages) == sorted(documents)
    out = press.compress(documents, "Who?", budget=Budget(tokens=70))
    for passage in out.passages:
        assert passage.source == documents[passage.index]


@every_method
def test_separators_and_the_final_string_are_counted_by_an_independent_reader(press):
    for count in (count_words, count_bytes, count_zipped):
        out = press.compress(DOCUMENTS, "Who?", budget=Budget(tokens=75, count=count, separator=" \n--- next document ---\n "))
        assert count(" \n--- next document ---\n ".join(passage.text for passage in out.passages)) <= 75


@every_method
def test_kept_documents_keep_their_place_and_their_source(press):
    out = press.compress(DOCUMENTS, "Who?", budget=Budget(tokens=120))
    for passage in (*out.passages, *out.dropped):
        assert passage.source is DOCUMENTS[passage.index]


@every_method
def test_equal_documents_stay_apart(press):
    out = press.compress([BRIDGE, BRIDGE, BRIDGE], "Who?", budget=Budget(tokens=90))
    assert len({passage.index for passage in (*out.passages, *out.dropped)}) == 3


@pytest.mark.slow
@every_method
def test_a_megabyte_without_a_blank_is_no_problem(press):
    for text in ("x" * 10**6, "的" * 10**6, "1" * 10**6):
        assert press.compress([text], budget=Budget(tokens=100, count=count_bytes)).tokens_after <= 100
