"""JSON documents: what remains parses, says nothing new, and obeys the rules of its keys."""

import json
import time

import pytest
from fakes import FakeKeep, count_words
from hypothesis import given
from hypothesis import strategies as st
from samples import BRIDGE, OVEN

from linguapress import Budget, Guard, InvalidBudget, InvalidDocuments, KeyRule, compress_json, load
from linguapress.methods import json_keys
from linguapress.methods.head import Head
from linguapress.methods.llmlingua2 import LLMLingua2
from linguapress.methods.random_words import RandomWords
from linguapress.segment import tile
from linguapress.units import Units

PRESS = LLMLingua2(FakeKeep(), guard=Guard.off())
RECORD = {
    "id": 987654, "name": "Jane Doe", "open": True, "score": 0.5, "none": None,
    "notes": OVEN, "history": [BRIDGE, "short", ""], "extra": {"notes": 'She said "no" \\ twice,, or\nnever.', "deep": [1, {"x": OVEN}]},
}  # fmt: skip


def words_budget(**size):
    return Budget(**size, count=count_words)


def is_subsequence(part, whole):
    letters = iter(whole)
    return all(letter in letters for letter in part)


def test_only_the_named_keys_change_and_the_rest_is_equal():
    out = compress_json(PRESS, RECORD, {"notes": KeyRule(rate=0.4)})
    found = json.loads(out.text)
    assert list(found) == list(RECORD)
    assert {key: found[key] for key in RECORD if key not in ("notes", "extra")} == {
        key: RECORD[key] for key in RECORD if key not in ("notes", "extra")
    }
    assert found["extra"]["deep"] == RECORD["extra"]["deep"]
    assert 0 < count_words(found["notes"]) <= 0.4 * count_words(OVEN)
    assert is_subsequence(found["notes"], OVEN)
    assert is_subsequence(found["extra"]["notes"], RECORD["extra"]["notes"])


def test_a_rule_holds_for_all_strings_beneath_until_another_one():
    keys = {"history": KeyRule(rate=0.3), "extra": KeyRule(rate=0.5), "deep": KeyRule(compress=False)}
    found = json.loads(compress_json(PRESS, RECORD, keys).text)
    assert count_words(found["history"][0]) <= 0.3 * count_words(BRIDGE)
    assert len(found["history"]) == 3
    assert found["extra"]["deep"] == RECORD["extra"]["deep"]
    assert found["extra"]["notes"] != RECORD["extra"]["notes"]
    assert found["notes"] == OVEN


@pytest.mark.parametrize("tokens", [40, 60, 120, 200, 300])
def test_the_budget_holds_for_the_text_and_types_stay(tokens):
    keys = {"notes": KeyRule(), "history": KeyRule(), "extra": KeyRule(remove=True)}
    out = compress_json(PRESS, json.dumps(RECORD, indent=2), keys, budget=words_budget(tokens=tokens))
    found = json.loads(out.text)
    assert out.tokens_after <= tokens
    assert isinstance(found["notes"], str)
    assert [type(item) for item in found["history"]] == [str, str, str]
    assert (found["id"], found["open"], found["none"]) == (987654, True, None)
    assert ("extra" in found) or tokens < 300


@pytest.mark.parametrize("gone", [("a",), ("b",), ("c",), ("a", "b"), ("b", "c"), ("a", "c"), ("a", "b", "c")], ids="".join)
@pytest.mark.parametrize("indent", [None, 1])
def test_pairs_go_with_their_commas(gone, indent):
    text = json.dumps({"a": "one two", "b": "three four", "c": "five six"}, indent=indent)
    keys = {key: KeyRule(rate=0.0, remove=True) for key in gone}
    found = json.loads(compress_json(PRESS, text, keys).text)
    assert list(found) == [key for key in "abc" if key not in gone]


def test_a_pair_that_may_not_go_stays_with_an_empty_string():
    assert json.loads(compress_json(PRESS, {"a": "one two"}, {"a": KeyRule(rate=0.0)}).text) == {"a": ""}


def test_pairs_that_may_go_make_room_for_those_that_may_not():
    document = {"keep": "one two three", "n": 1, "m": list(range(50))}
    keys = {"m": KeyRule(remove=True)}
    out = compress_json(PRESS, document, keys, budget=words_budget(tokens=8))
    assert json.loads(out.text) == {"keep": "one two three", "n": 1}


def test_numbers_beneath_a_removable_key_do_not_make_it_go():
    assert json.loads(compress_json(PRESS, {"m": [1, 2]}, {"m": KeyRule(remove=True)}).text) == {"m": [1, 2]}


def test_what_must_stay_and_does_not_fit_is_an_error_with_the_numbers():
    with pytest.raises(InvalidBudget, match=r"must stay need \d+ tokens, more than the limit of 3"):
        compress_json(PRESS, RECORD, {"notes": KeyRule()}, budget=words_budget(tokens=3))


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "[" * 5000])
def test_what_is_no_json_is_an_error(text):
    with pytest.raises(InvalidDocuments, match="no JSON"):
        compress_json(PRESS, text, {})


def test_escapes_and_other_scripts_survive():
    text = '{"a": "\\u4f60\\u597d \\ud83d\\ude00 caf\\u00e9 \\"quoted words\\" back\\\\slash and more of it", "b\\"c": "x"}'
    found = json.loads(compress_json(PRESS, text, {"a": KeyRule(rate=0.5)}).text)
    assert found['b"c'] == "x"
    assert is_subsequence(found["a"], json.loads(text)["a"])


CHINESE_LINES = "你好世界\n今天天气很好\n我们去公园玩吧\n然后吃饭"


@pytest.mark.parametrize("press", [load("head"), load("lingua")], ids=["head", "lingua"])
@pytest.mark.parametrize("budget", [Budget(tokens=30), Budget(rate=0.8), Budget(rate=0.5)], ids=repr)
def test_strings_without_blanks_are_cut_beside_their_escapes(press, budget):
    document = {"id": 7, "text": CHINESE_LINES * 3}
    out = compress_json(press, document, {"text": KeyRule()}, budget=budget)
    found = json.loads(out.text)
    assert found["id"] == 7
    assert found["text"]
    assert is_subsequence(found["text"], document["text"])
    assert out.tokens_after <= out.limit


class Letters(Head):
    """Cuts between any two letters, and so through every escape."""

    def units(self, text):
        return Units(tile(range(len(text)), len(text)))


def test_a_torn_string_stays_whole_where_there_is_room_and_is_emptied_where_there_is_none():
    document = {"a": "\n" * 5, "b": "\n" * 50, "c": "\n" * 50}
    keys = {"a": KeyRule(rate=0.3), "b": KeyRule(rate=0.51), "c": KeyRule(rate=0.51, remove=True)}
    out = compress_json(Letters(), document, keys, budget=Budget(tokens=61, count=len))
    assert json.loads(out.text) == {"a": "\n" * 5, "b": ""}


def test_what_would_be_no_json_is_an_error(monkeypatch):
    monkeypatch.setattr(json_keys, "compress_segments", lambda press, texts, *_, budget: press.compress(texts, budget=budget))
    with pytest.raises(InvalidBudget, match="leaves no JSON"):
        compress_json(Head(), {"a": "one two three"}, {"a": KeyRule()}, budget=words_budget(tokens=2))


def test_many_pairs_take_time_in_proportion():
    document = [{"id": number, "text": f"Some words about item number {number} in the store."} for number in range(300)]
    start = time.process_time()
    out = compress_json(Head(), document, {"text": KeyRule(rate=0.5), "id": KeyRule(remove=True)})
    assert time.process_time() - start < 4
    assert len(json.loads(out.text)) == 300


_scripts = st.lists(
    st.sampled_from(
        ["今天天气很好。", "公园", "とても良い天気", "อากาศดีมาก", "\n", '"', "\\", "\t", " ", "word. ", "\ud800", "😀", "/", "，"]
    ),
    max_size=14,
).map("".join)


@given(
    document=st.dictionaries(st.sampled_from("abc"), _scripts | st.lists(_scripts, max_size=3), max_size=3),
    budget=st.builds(Budget, tokens=st.integers(0, 80)) | st.builds(Budget, rate=st.floats(0, 1)),
    rate=st.sampled_from([None, 0.5]), ascii_only=st.booleans(), press=st.sampled_from([Head(), Letters(), RandomWords(0), load("lingua")]),
)  # fmt: skip
def test_no_script_and_no_escape_breaks_the_document(document, budget, rate, ascii_only, press):
    keys = {"a": KeyRule(rate=rate), "b": KeyRule(remove=True)}
    try:
        out = compress_json(press, json.dumps(document, ensure_ascii=ascii_only), keys, budget=budget)
    except InvalidBudget:
        return
    same_shape(document, json.loads(out.text), keys)
    assert out.tokens_after <= out.limit


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.sampled_from([OVEN[:80], 'a "b" \\ c, d]', "[{,"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@given(
    value=_values, rate=st.sampled_from([None, 0.0, 0.5]), remove=st.booleans(), ascii_only=st.booleans(), seed=st.integers(0, 3)
)
def test_any_document_parses_afterwards(value, rate, remove, ascii_only, seed):
    text = json.dumps(value, ensure_ascii=ascii_only)
    keys = {"a": KeyRule(rate=rate), "b": KeyRule(rate=rate, remove=remove), "c": KeyRule(compress=False, remove=remove)}
    for press in (PRESS, RandomWords(seed)):
        for budget in (None, Budget(rate=0.7), Budget(rate=0.95)):
            try:
                out = compress_json(press, text, keys, budget=budget)
            except InvalidBudget:
                continue
            same_shape(value, json.loads(out.text), keys)
            assert out.tokens_after <= out.limit


def same_shape(before, after, keys):
    assert type(before) is type(after)
    if isinstance(before, dict):
        missing = set(before) - set(after)
        assert all(keys[key].remove for key in missing)
        for key in after:
            same_shape(before[key], after[key], keys)
    elif isinstance(before, list):
        assert len(before) == len(after)
        for pair in zip(before, after, strict=True):
            same_shape(*pair, keys)
    elif isinstance(before, str):
        assert is_subsequence(after, before)
    else:
        assert before == after
