"""Where no whole unit fits: valid parts of JSON and tables before torn ones, and plain words about what was torn."""

import json

import pytest
from fakes import METHODS, count_bytes, count_words
from hypothesis import given
from hypothesis import strategies as st

from linguapress import Budget
from linguapress.guard import divided
from linguapress.segment import words
from linguapress.stitch import Stitcher
from linguapress.structure.json_blocks import FINER

GUARDED = [METHODS[name] for name in ("lingua", "query_select", "llmlingua2", "sentence_filter")]
every_method = pytest.mark.parametrize("press", GUARDED, ids=lambda press: press.name)
NAMES = st.sampled_from(["name", "price", "a b", "]", "ü"])
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 99_999),
    st.sampled_from(["", "Ann.", "a, b]", 'so "it" is', "back\\ slash", "word " * 20]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=20,
).filter(lambda value: isinstance(value, list | dict) and value)


def pressed(press, text, tokens, count=count_bytes):
    return press.compress([text], "Where is Ann?", budget=Budget(tokens=tokens, count=count))


def parses(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def told(out, word="torn"):
    return any(word in warning for warning in out.warnings)


@every_method
@given(value=VALUES, indent=st.sampled_from([None, 1, 2]), share=st.floats(0, 1))
def test_json_parses_or_is_said_to_be_torn_and_then_no_part_of_it_fits(press, value, indent, share):
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    limit = int(share * count_bytes(text))
    out = pressed(press, text, limit)
    assert out.tokens_after <= limit
    if out.text and not parses(out.text):
        assert told(out)
        units = divided(text, words, FINER[-1])
        stitcher = Stitcher.of(text, units)
        parts = [stitcher.render(units.company(unit)) for unit in range(len(units.spans)) if unit not in units.frame]
        assert not any(parses(part) and count_bytes(part) <= limit for part in parts)


@every_method
@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"user": {"name": "Ann", "role": "head of sales"}, "id": 7}, [{"id": 7}]),
        ([{"south": [{"north": 8, "account": "of the old harbour"}]}], [[{"south": [{"north": 8}]}]]),
        ([{"name": "Ann Smith", "age": 31}, {"name": "Bob Jones", "age": 41}], [[{"age": 31}], [{"age": 41}]]),
    ],
    ids=["of an object", "of an inner object", "of a list"],
)  # fmt: skip
def test_a_part_of_a_member_is_kept_where_no_member_fits(press, value, kept):
    out = pressed(press, json.dumps(value), count_bytes(json.dumps(kept[0])))
    assert json.loads(out.text) in kept
    assert told(out, "a smaller part of the best one was kept")
    assert not told(out)


@every_method
def test_a_string_that_is_too_long_is_cut_between_words_and_the_rest_parses(press):
    said = 'The mill was built by Jonas Hale, who said "never" and C:\\ to the miller\'s old friends; ' * 3
    text = json.dumps({"text": said})
    for tokens in range(count_bytes('{"text": "friends; "}'), count_bytes(text), 5):
        out = pressed(press, text, tokens)
        assert set(json.loads(out.text)["text"].split()) <= set(said.split())
        assert told(out, "with strings cut short")
        assert not told(out)


@every_method
def test_nothing_of_a_structure_is_kept_where_prose_fits(press):
    table = "| name of the thing | what it is for | price |\n|---|---|---|\n| barn | storing hay | 4 |\n"
    out = pressed(press, f"{table}\nSee it there, in that long table of all the things and prices and more.\n", 4, count_words)
    assert "|" not in out.text
    assert out.text
    assert not told(out)


@every_method
@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("| name of the thing | what it is for |\n|---|---|\n| barn | storing hay and straw |\n", 20),
        ("```python\ndef area(width, height):\n    return width * height\n```\n", 12),
        (json.dumps({"harbour": [[["the old one of the fishermen"]]]}), 12),
    ],
    ids=["table", "fence", "json"],
)
def test_what_is_torn_because_nothing_else_is_there_is_one_piece_and_said_to_be_torn(press, text, tokens):
    out = pressed(press, text, tokens)
    assert out.text in text
    assert out.text
    assert told(out, "this JSON, table or code is torn and no longer valid")
