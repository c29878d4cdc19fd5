"""Records of compressions among the metadata of others."""

import json

import pytest

from linguapress.hosts import BESIDE, RECORD, contradicted, displaced, record_key, record_of, recorded

OURS = {"spans": [[0, 3]], "tokens_before": 9, "tokens_after": 4, "limit": 4, "warnings": []}


@pytest.mark.parametrize("value", [None, "", {}, OURS, str(OURS), json.dumps(OURS)], ids=str)
def test_nothing_and_what_a_store_has_made_of_a_record_give_way(value):
    assert record_key({}) == record_key({RECORD: value}) == RECORD
    assert displaced([{}, {RECORD: value}]) == ()
    assert recorded({RECORD: value})
    assert record_of({RECORD: value}) == (value if isinstance(value, dict) else {})


@pytest.mark.parametrize("value", [0, False, [], "mine", {"spans": [[0, 3]]}, ("limit", "tokens_before", "tokens_after")], ids=str)
def test_what_is_no_record_stays(value):
    assert record_key({RECORD: value}) == record_key({RECORD: value, BESIDE: OURS}) == BESIDE
    assert record_of({RECORD: value}) == {}
    assert record_of({RECORD: value, BESIDE: OURS}) == OURS
    [warning] = displaced([{RECORD: value}, {}, {RECORD: value, BESIDE: OURS}])
    assert "(2 times)" in warning


def test_a_record_is_found_where_it_was_put():
    assert record_key({BESIDE: OURS}) == BESIDE
    assert recorded({BESIDE: OURS})
    assert not recorded({"linguapress_prepared": "x"})
    assert displaced([{BESIDE: OURS}]) == ()


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([], True),
        ([(0, "abcdef"), (3, "def"), (3, "defgh"), (8, "ij"), (100, "z"), (9, "j"), (5, "")], True),
        ([(0, "abcdef"), (3, "dxf")], False),
        ([(3, "def"), (0, "abcx")], False),
        ([(0, "abcdefghij"), (2, "cd"), (7, "hx")], False),
        ([(0, "ab"), (0, "xy")], False),
    ],
)
def test_places_that_cannot_all_be_true_are_found(parts, told):
    claims = [("one", *part) for part in parts]
    assert contradicted([*claims, ("two", 0, "else"), ("two", 2, "se")]) == (set() if told else {"one"})
    assert contradicted(claims[::-1]) == (set() if told else {"one"})
