"""Token counters: whatever names a tokenizer becomes a function from text to a number."""

import importlib.util
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from samples import BRIDGE, DOCUMENTS, hostile

from linguapress import Budget, UnknownName, load, token_counter

SPECIAL = "[SEP] [CLS] [PAD] [UNK] <s> </s> <|endoftext|> <|im_start|>"


def test_the_embedded_tokenizer_is_the_default():
    assert token_counter() is token_counter(None) is token_counter("embedded")
    assert token_counter()("unbelievable words, no?") == 5
    assert token_counter()("") == 0


def test_a_word_that_cannot_be_spelled_costs_its_characters():
    count = token_counter()
    assert count("\U00012000\U00012001\U00012002") == 3
    assert count("🦁" * 50) >= 50


@given(text=hostile)
def test_the_embedded_tokenizer_counts_anything(text):
    assert 0 <= token_counter()(text) <= 3 * len(text)


def test_a_function_counts_itself():
    assert token_counter(len)("four") == 4
    assert Budget(tokens=3, count=len).counter("four") == 4
    assert token_counter(token_counter()) is token_counter()


def test_a_budget_with_a_function_is_still_a_value():
    budget = Budget(tokens=3, count=len)
    assert budget == Budget(tokens=3, count=len) == pickle.loads(pickle.dumps(budget))
    counter = budget.counter
    assert token_counter(counter) is counter


def test_an_estimate_is_rounded_up():
    assert token_counter(lambda text: len(text) / 4)("12345") == 2


@pytest.mark.parametrize("tokens", [str.split, lambda text: tuple(text.split()), lambda text: range(3), lambda text: np.int64(3)])
def test_a_function_may_list_its_tokens(tokens):
    assert token_counter(tokens)("one two three") == 3
    text = load("head").compress(["one two three four"], budget=Budget(tokens=3, count=str.split)).text
    assert text == "one two three"


@pytest.mark.parametrize("wrong", [None, float("nan"), "three", b"abc", {"input_ids": [1]}], ids=repr)
def test_a_function_that_counts_nothing_is_told_what_it_returned(wrong):
    count = token_counter(lambda text: wrong)
    with pytest.raises(TypeError, match=f"returned {re.escape(repr(wrong))}; it must return a number"):
        count("one two three")


def test_special_tokens_in_a_text_are_text(bpe, bert):
    from transformers import AutoTokenizer

    assert token_counter()("[SEP]") > 1
    for counter in (bpe, bert, AutoTokenizer.from_pretrained(bert)):
        assert token_counter(counter)(SPECIAL) >= len(SPECIAL.split())
        assert token_counter(counter)("") == 0  # and none are added


def test_a_tokenizer_its_folder_and_its_file_count_alike(bert):
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    sources = [bert, Path(bert), str(Path(bert) / "tokenizer.json"), AutoTokenizer.from_pretrained(bert)]
    counts = [[token_counter(source)(text) for text in DOCUMENTS] for source in sources]
    assert all(row == counts[0] for row in counts)
    plain = Tokenizer.from_file(str(Path(bert) / "tokenizer.json"))
    assert [token_counter(plain)(text) for text in DOCUMENTS] == counts[0]


def test_long_texts_are_counted_to_their_end(bert):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(bert)
    tokenizer("a text", truncation=True, max_length=8)  # leaves its truncation behind
    for counter in (bert, tokenizer):
        assert token_counter(counter)(BRIDGE * 10) > 1000


def test_truncation_and_padding_of_a_tokenizer_do_not_count_and_stay_as_they_are(bert, tmp_path):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(Path(bert) / "tokenizer.json"))
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=12)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    for counter in (tokenizer, tmp_path, tmp_path / "tokenizer.json"):
        assert token_counter(counter)(BRIDGE) > 100
        assert token_counter(counter)("the") == 1
    assert (tokenizer.truncation["max_length"], tokenizer.padding["length"]) == (8, 12)


@pytest.mark.parametrize("text", ["\ud83d", "a\udc00b", "\x00", "\ufeff"])
def test_broken_characters_do_not_break_a_counter(text, bpe, bert):
    from transformers import AutoTokenizer

    for counter in (None, bpe, bert, AutoTokenizer.from_pretrained(bert)):
        assert token_counter(counter)(text) >= 0


def test_a_name_that_means_nothing_is_unknown():
    with pytest.raises(UnknownName, match="no-such-tokenizer"):
        token_counter("no-such-tokenizer")


@pytest.mark.parametrize("wrong", [5, 0.5, ["gpt-4o"], b"gpt-4o"], ids=repr)
def test_what_cannot_count_is_refused(wrong):
    with pytest.raises(UnknownName, match="cannot count"):
        token_counter(wrong)


@pytest.fixture
def tiktoken(monkeypatch):
    """tiktoken with the vocabulary that llama_index ships."""
    found = importlib.util.find_spec("llama_index.core")
    cache = Path(found.submodule_search_locations[0]) / "_static" / "tiktoken_cache" if found else None
    if not cache or not cache.is_dir():
        pytest.skip("no tiktoken vocabulary without network")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(cache))
    return pytest.importorskip("tiktoken")


def test_tiktoken_encodings_and_models_count_by_name(tiktoken):
    names = {file.name for file in Path(os.environ["TIKTOKEN_CACHE_DIR"]).iterdir()}
    if "9b5ad71b2ce5302211f9c61530b329a4922fc6a4" not in names:
        pytest.skip("cl100k_base is not in the cache")
    encoding = tiktoken.get_encoding("cl100k_base")
    for counter in ("cl100k_base", "gpt-4", encoding):
        assert token_counter(counter)(BRIDGE) == len(encoding.encode_ordinary(BRIDGE))
        assert token_counter(counter)("<|endoftext|>") > 1
        assert token_counter(counter)("\ud83d") > 0


def test_an_encoding_that_cannot_be_loaded_is_named(tmp_path, monkeypatch):
    pytest.importorskip("tiktoken")
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    with pytest.raises(UnknownName, match="p50k_edit"):
        token_counter("p50k_edit")
