"""Texts of JSON records: where their sentences begin, which members only say which record it is, and what is sent of them."""

import json

import pytest
from fakes import METHODS, count_bytes

from linguapress import Budget, Guard
from linguapress.guard import divided
from linguapress.segment import sentences, words
from linguapress.stitch import Stitcher
from linguapress.structure.json_blocks import FINER
from linguapress.structure.json_records import labels, sentence_starts
from linguapress.text import Span

GUARDED = [METHODS[name] for name in ("lingua", "query_select", "llmlingua2", "sentence_filter")]
SAID = [
    "The mill was built by Jonas Hale in 1911. ",
    "It stands at the old harbour. ",
    'He said "never" and C:\\ to it.\n',
    "Grüße 😀 to all of them. ",
]
TEXT = "".join(SAID * 3).strip()
RECORDS = [{"id": name, "url": f"https://x.example/{name}", "text": TEXT.replace("mill", name)} for name in ("barn", "silo", "dam")]
QUERY = "Who built the silo?"


def cut(value, **how):
    text = json.dumps(value, **how)
    units = Guard().coarse.units(text, sentences)
    return [text[start:end] for start, end in units.spans], units


@pytest.mark.parametrize("ascii_only", [True, False])
def test_sentences_of_a_long_string_are_units_that_need_its_quotes(ascii_only):
    parts, units = cut({"text": TEXT}, ensure_ascii=ascii_only)
    assert [json.loads(f'"{part}"') for part in parts[2:-2]] == [*(SAID * 3)[:-1], SAID[-1].strip()]
    assert [parts[unit] for unit in units.company(4)] == ["{", '"text": "', parts[4], '"', "}"]


def test_a_short_string_is_a_whole_unit():
    parts, _ = cut([{"id": 1, "text": "".join(SAID[:2])}])
    assert len(parts) == 3


def test_a_heading_inside_of_a_string_stands_with_the_sentence_behind_it():
    text = json.dumps(f"# The mill\n\n{TEXT}")
    starts = sentence_starts(text, Span(0, len(text)), 0)
    (first, needed), (second, none) = list(starts.items())[:2]
    assert (first, needed, none) == (1, (second,), ())
    assert text[second:].startswith("The mill was")


def test_a_label_stands_with_a_sentence_of_its_record_and_is_nothing_where_that_is_cut_finer():
    parts, units = cut(RECORDS)
    (label,) = (unit for unit, part in enumerate(parts) if part.startswith('"id": "silo"'))
    text = json.dumps(RECORDS)
    assert json.loads(Stitcher.of(text, units).render(units.company(label))) == [
        {"id": "silo", "text": SAID[0].replace("mill", "silo")}
    ]
    assert label not in units.frame
    for grain in FINER:
        finer = divided(text, words, grain)
        assert all(unit in finer.frame for unit, (start, _) in enumerate(finer.spans) if text.startswith(('"id"', '"url"'), start))


def test_members_beside_no_text_are_no_labels():
    text = '{"id": 7, "name": "Ann", "role": "head of sales", "url": "https://x.example/' + "a" * 60 + '"}'
    assert labels(text, [text.index(f'"{key}"') for key in json.loads(text)]) == {}


@pytest.mark.parametrize("press", GUARDED, ids=lambda press: press.name)
@pytest.mark.parametrize("how", [{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}], ids=str)
@pytest.mark.parametrize("value", [RECORDS, {"results": RECORDS, "total": 3}, [TEXT, "", TEXT]], ids=["list", "nested", "strings"])
def test_what_is_kept_of_records_parses_and_no_label_stands_alone(press, how, value):
    text = json.dumps(value, **how)
    for tokens in range(60, count_bytes(text), 60):
        out = press.compress([text], QUERY, budget=Budget(tokens=tokens, count=count_bytes))
        kept = json.loads(out.text)
        records = kept.get("results", []) if isinstance(kept, dict) else kept
        assert all(record.get("text") for record in records if isinstance(record, dict))


@pytest.mark.parametrize("press", GUARDED, ids=lambda press: press.name)
def test_a_text_that_does_not_fit_is_cut_short_before_a_smaller_member_is_kept(press):
    said = "The company was founded in 2009 in Graz by Lena Hofer and Paul Ortner"
    records = [json.dumps({"id": name, "text": said, "n": 3}) for name in "ab"]
    limit = count_bytes('{"text": "The company was founded in Graz"}')
    out = press.compress(records, "Who founded it?", budget=Budget(tokens=limit, count=count_bytes))
    assert set(json.loads(out.passages[0].text)["text"].split()) <= set(said.split())
    assert any("with strings cut short" in warning for warning in out.warnings)


def test_a_label_that_the_caller_keeps_brings_a_sentence_along():
    press = type(METHODS["sentence_filter"])(METHODS["sentence_filter"].relevance, guard=Guard(keep=("x.example/dam",)))
    out = press.compress([json.dumps(RECORDS)], QUERY, budget=Budget(tokens=250, count=count_bytes))
    assert "https://x.example/dam" in out.text
    assert json.loads(out.text)[-1]["text"]
