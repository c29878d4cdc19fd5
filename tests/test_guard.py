"""What survives: numbers, negations, patterns, code, tables, links, JSON."""

import json

import pytest
import regex
from fakes import METHODS, FakeKeep, count_bytes, count_words, lingua
from hypothesis import given
from hypothesis import strategies as st
from samples import BRIDGE, CODE, DOCUMENTS, OVEN, RECORDS, TABLE, hostile

from linguapress import Budget, Guard
from linguapress.methods.llmlingua2 import LLMLingua2
from linguapress.methods.sentence_filter import SentenceFilter
from linguapress.segment import lines, sentences, whole, words

BUDGETS = [0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97]
GUARDED = {
    name: press for name, press in METHODS.items() if name in ("lingua", "lingua by relevance", "llmlingua2", "sentence_filter")
}
every_guarded = pytest.mark.parametrize("press", GUARDED.values(), ids=GUARDED.keys())
every_rate = pytest.mark.parametrize("rate", BUDGETS)


def press_to(press, text, rate, query="Who built it?", count=count_bytes):
    return press.compress([text], query, budget=Budget(rate=rate, count=count))


@pytest.mark.parametrize("guard", [Guard(), Guard.off(), Guard(keep=(r"\w+", r"\[.*?\]")), Guard().coarse], ids=str)
@pytest.mark.parametrize("split", [words, sentences, lines, whole])
@given(text=hostile)
def test_guarded_units_tile(guard, split, text):
    units = guard.units(text, split)
    assert "".join(text[start:end] for start, end in units.spans) == text
    named = {
        *units.forced,
        *units.vital,
        *units.frame,
        *units.verbatim,
        *units.needs,
        *(n for need in units.needs.values() for n in need),
    }
    assert named <= set(range(len(units.spans)))


NUMBER = regex.compile(r"\d[\d.,]*\d|\d")
NEGATION = regex.compile(r"\b(?:not|never|no|none|without|nor|cannot)\b", regex.I)


@every_rate
@pytest.mark.parametrize("text", [BRIDGE, OVEN], ids=["bridge", "oven"])
@pytest.mark.parametrize("query", [None, "How hot is the oven?"])
def test_a_kept_sentence_keeps_its_numbers_and_negations(text, rate, query):
    out = press_to(lingua(), text, rate, query)
    if not out.passages or any("no whole" in warning or "no room" in warning for warning in out.warnings):
        return
    passage = out.passages[0]
    for start, end in sentences(text):
        left = [(max(a, start), min(b, end)) for a, b in passage.spans if a < end and b > start]
        rest = "".join(text[a:b] for a, b in left)
        if not regex.search(r"\w", rest):
            continue
        for pattern in (NUMBER, NEGATION):
            for match in pattern.finditer(text, start, end):
                inside = any(a <= match.start() and match.end() <= b for a, b in left)
                assert inside, (match.group(), rest)


def test_numbers_survive_in_llmlingua2():
    out = press_to(LLMLingua2(FakeKeep()), BRIDGE, 0.5)
    assert NUMBER.findall(out.text) == NUMBER.findall(BRIDGE)
    assert NEGATION.findall(out.text) == NEGATION.findall(BRIDGE)


@every_guarded
@every_rate
def test_no_number_is_ever_cut(press, rate):
    out = press_to(press, BRIDGE, rate)
    numbers = regex.compile(r"[\w.,$%]*\d[\w.,%]*\b")
    assert set(numbers.findall(out.text)) <= set(numbers.findall(BRIDGE))


@pytest.mark.parametrize("make", [lambda g: lingua(guard=g), lambda g: LLMLingua2(FakeKeep(), guard=g),
                                  lambda g: SentenceFilter(METHODS["sentence_filter"].relevance, guard=g)], ids=["lingua", "llmlingua2", "sentence_filter"])  # fmt: skip
@pytest.mark.parametrize("query", [None, "What does the harbour master eat?"])
def test_the_callers_patterns_survive(make, query):
    press = make(Guard(keep=(r"Marta Holm", r"plastic\s+bag", r"Chicago")))
    documents = [BRIDGE, OVEN, OVEN.replace("plastic", "paper")]
    out = press.compress(documents, query, budget=Budget(tokens=90, count=count_words))
    assert all(part in out.text for part in ("Marta Holm", "plastic bag", "Chicago"))
    assert not any("Marta" in warning for warning in out.warnings)


def test_a_pattern_is_never_split():
    out = LLMLingua2(FakeKeep(), guard=Guard(keep=("was built between",))).compress([BRIDGE], budget=Budget(tokens=25))
    assert "was built between" in out.text


@every_guarded
def test_a_budget_that_overrules_the_guard_says_so(press):
    guarded = type(press)(**{**vars(press), "guard": Guard(keep=("Marta Holm", "Chicago", "never in a plastic bag"))})
    out = guarded.compress([BRIDGE, OVEN], "Who?", budget=Budget(tokens=4))
    assert any("no room" in warning for warning in out.warnings)


def test_lost_numbers_are_reported_where_words_are_dropped():
    out = LLMLingua2(FakeKeep()).compress([BRIDGE], budget=Budget(tokens=8))
    assert any("guarded" in warning for warning in out.warnings)
    assert not LLMLingua2(FakeKeep(), guard=Guard.off()).compress([BRIDGE], budget=Budget(tokens=8)).warnings


@every_guarded
@every_rate
def test_fenced_code_is_whole_or_gone(press, rate):
    out = press_to(press, CODE, rate)
    block = CODE[CODE.index("```python") : CODE.index("Then")].strip()
    if "no whole unit" not in " ".join(out.warnings):
        assert block in out.text or not any(part in out.text for part in ("```", "area", "return", "width"))


@every_guarded
@every_rate
def test_a_table_row_brings_its_header(press, rate):
    out = press_to(press, TABLE, rate)
    if "no whole unit" in " ".join(out.warnings):
        return
    rows = [line for line in out.text.splitlines() if line.startswith("|")]
    assert all(row in TABLE.splitlines() for row in rows)
    assert not rows or (rows[:2] == ["| region | 2022 | 2023 |", "| --- | ---: | ---: |"] and len(rows) > 2)


LINKS = (
    (
        "See [the full report](https://example.org/report_(final).pdf) and ![the map of it](map.png), or ask "
        "[our friendly staff](mailto:help@example.org). "
    )
    * 3
    + "\n\n- [One page](https://example.org/1) about one thing\n- [Two pages](https://example.org/2) about two things\n- plain item\n"
)


@every_guarded
@every_rate
def test_links_are_whole_or_gone(press, rate):
    out = press_to(press, LINKS, rate)
    if "no whole unit" in " ".join(out.warnings):
        return
    left = LINKS
    for link in regex.findall(r"!?\[[^\]]*\]\([^\s]*\)", LINKS):
        left = left.replace(link, "")
    text = out.text
    for link in regex.findall(r"!?\[[^\]]*\]\([^\s]*\)", text):
        assert link in LINKS
        text = text.replace(link, "")
    assert "](" not in text


def nested(depth, width):
    return {f"key {i}": nested(depth - 1, width) if depth else f"a value of some length, number {i}" for i in range(width)}


JSONS = {
    "records": RECORDS,
    "compact": json.dumps(json.loads(RECORDS), separators=(",", ":")),
    "one line": json.dumps(json.loads(RECORDS), ensure_ascii=False),
    "array": json.dumps([{"n": i, "text": "x" * 30, "list": [i, [i, i]]} for i in range(20)], indent=2),
    "numbers": json.dumps(list(range(400))),
    "strings": json.dumps(["a, b", "c] d", "e} f", 'g" h', "i\\", "\n", "{", "é😀", "//", "", "null", "1,"] * 8),
    "nested": json.dumps(nested(3, 3), indent=1),
    "deep": json.dumps({"a": {"b": {"c": {"d": ["long enough to be cut " * 3] * 9}}, "e": [1, 2]}, "z": [[], {}, [[]]]}, indent=3),
    "odd blanks": '{ "a" :  [ 1 ,2\n,3 ] ,\n\n "b" : { "long" : "'
    + "y" * 90
    + '" , "more" : "'
    + "z" * 90
    + '"\t}\n , "c":[true , false,null ] }',
    "crlf": json.dumps([{"k": i, "v": "w" * 40} for i in range(12)], indent=1).replace("\n", "\r\n"),
}


@pytest.mark.parametrize(
    "press", [GUARDED["lingua"], GUARDED["llmlingua2"], GUARDED["sentence_filter"]], ids=["lingua", "llmlingua2", "sentence_filter"]
)
@pytest.mark.parametrize("text", JSONS.values(), ids=JSONS.keys())
def test_what_is_kept_of_json_still_parses(press, text):
    before = json.loads(text)
    for rate in [n / 25 for n in range(1, 25)]:
        for query in (None, "Who built it?"):
            out = press_to(press, text, rate, query)
            if not out.text.strip() or "no whole unit" in " ".join(out.warnings):
                continue
            assert_part(json.loads(out.text), before)


def assert_part(part, value):
    """Objects and arrays may have lost members; everything else is equal."""
    assert type(part) is type(value)
    if isinstance(part, dict):
        for key in part:
            assert_part(part[key], value[key])
    elif isinstance(part, list):
        rest = iter(value)
        for item in part:
            assert any(is_part(item, other) for other in rest)
    else:
        assert part == value


def is_part(part, value):
    try:
        assert_part(part, value)
    except (AssertionError, KeyError):
        return False
    return True


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=40))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=6), st.dictionaries(st.text(max_size=9), inner, max_size=6)),
    max_leaves=15,
)


@given(value=st.one_of(st.lists(values, min_size=2), st.dictionaries(st.text(max_size=9), values, min_size=2)), indent=st.sampled_from([None, 0, 2]),
       ascii_only=st.booleans(), rate=st.floats(0.05, 1))  # fmt: skip
def test_any_json_parses_after_words_are_dropped(value, indent, ascii_only, rate):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    out = press_to(GUARDED["llmlingua2"], text, rate)
    if out.text.strip() and "no whole unit" not in " ".join(out.warnings):
        assert_part(json.loads(out.text), value)


@pytest.mark.parametrize(
    "pattern", [r"item 3", r'"id": 4,\s+"name"', r"\},\s*\{", r'"source"[^}]*', r"2\.5\s*\}\s*\}", r"\]", r"\{\s*"]
)
@pytest.mark.parametrize(
    "make", [lambda guard: lingua(guard=guard), lambda guard: LLMLingua2(FakeKeep(), guard=guard)], ids=["lingua", "llmlingua2"]
)
def test_json_still_parses_whatever_pattern_the_caller_keeps(make, pattern):
    press = make(Guard(keep=(pattern,)))
    for rate in BUDGETS[2:]:
        out = press_to(press, RECORDS, rate)
        if out.text.strip() and "no whole unit" not in " ".join(out.warnings):
            assert_part(json.loads(out.text), json.loads(RECORDS))


def test_json_between_paragraphs_still_parses():
    text = f"{OVEN}\n\n{JSONS['array']}\n\n{BRIDGE}"
    for rate in BUDGETS[3:]:
        out = press_to(GUARDED["llmlingua2"], text, rate).text
        if "[\n" in out and "]\n" in out:
            start = out.index("[\n")
            assert_part(json.JSONDecoder().raw_decode(out, start)[0], json.loads(JSONS["array"]))


@pytest.mark.parametrize("before", ["", "\n", "\r\n", " \t", "\n\n  ", "\ufeff"])
@pytest.mark.parametrize("name", ["lingua", "llmlingua2", "sentence_filter"])
def test_json_behind_blanks_still_parses(name, before):
    kept = [press_to(GUARDED[name], before + JSONS["array"], rate).text.lstrip("\ufeff") for rate in BUDGETS[2:]]
    assert any(kept)
    for text in filter(None, kept):
        assert_part(json.loads(text), json.loads(JSONS["array"]))


@pytest.mark.parametrize("before", ["\n", "\r\n\r\n"])
@pytest.mark.parametrize("name", ["lingua", "llmlingua2", "sentence_filter"])
def test_a_table_behind_blanks_keeps_its_header(name, before):
    table = TABLE[TABLE.index("|") : TABLE.rindex("|") + 2]
    kept = [press_to(GUARDED[name], before + table, rate).text.strip() for rate in BUDGETS[7:]]
    assert all(text.startswith("| region | 2022 | 2023 |\n| --- | ---: | ---: |\n") for text in kept)


@pytest.mark.parametrize("text", [TABLE, CODE], ids=["table", "code"])
def test_units_do_not_depend_on_line_ends(text):
    units, windows = Guard().units(text, words), Guard().units(text.replace("\n", "\r\n"), words)
    assert [text[start:end] for start, end in units.spans] == [
        text.replace("\n", "\r\n")[start:end].replace("\r\n", "\n") for start, end in windows.spans
    ]
    assert (units.needs, units.frame, units.verbatim) == (windows.needs, windows.frame, windows.verbatim)


def test_the_large_json_is_really_divided():
    out = press_to(GUARDED["lingua"], JSONS["array"], 0.5)
    assert 3 < len(json.loads(out.text)) < 20


def test_without_guard_nothing_is_spared():
    out = press_to(lingua(guard=Guard.off()), TABLE + CODE + BRIDGE, 0.3)
    assert "no room" not in " ".join(out.warnings)
    units = Guard.off().units(TABLE, words)
    assert (list(units.spans), units.needs, units.forced | units.vital | units.frame | units.verbatim) == (
        words(TABLE),
        {},
        frozenset(),
    )


@pytest.mark.parametrize(("keep", "error"), [("abc", TypeError), (("(",), ValueError), (("[a",), ValueError)])
def test_patterns_that_do_not_work_are_refused(keep, error):
    with pytest.raises(error):
        Guard(keep=keep)


@pytest.mark.parametrize(
    ("keep", "text", "kept"),
    [
        ((r"(ACME)-\d+", r"\b(\w)\1\b"), "plain aa and ACME-12 here", {"aa ", "ACME-12 "}),
        ((r"(?P<n>one)", r"(?P<n>two)-(?P=n)"), "so one or two-two then", {"one ", "two-two "}),
        ((r"one", r"(?i)TWO"), "so one One two then", {"one ", "two "}),
        ((r"a b", r"b c"), "so a b c then", {"a b c "}),
    ],
    ids=["numbered groups", "named groups", "flags", "overlapping"],
)
def test_each_pattern_stands_by_itself(keep, text, kept):
    units = Guard(keep=keep, numbers=False, negations=False, names=False).units(text, words)
    assert {text[units.spans[index].start : units.spans[index].end] for index in units.forced} == kept


def test_what_each_pattern_lost_is_reported():
    guard = Guard(keep=(r"(ACME)-\d+", r"\b(\w)\1\b", "CME-1"), numbers=False, negations=False)
    out = LLMLingua2(FakeKeep(), guard=guard).compress(["plain aa and ACME-12 here"], budget=Budget(tokens=1, count=count_words))
    assert out.text.strip() == "ACME-12"
    assert any(warning.endswith("no room for 1 guarded parts, such as 'aa'") for warning in out.warnings)


def test_a_pattern_that_matches_nothing_at_all_does_no_harm():
    out = LLMLingua2(FakeKeep(), guard=Guard(keep=("", "x*", r"\b"))).compress(DOCUMENTS, budget=Budget(tokens=50))
    assert 0 < out.tokens_after <= 50


@every_guarded
def test_case_matters_in_the_callers_patterns(press):
    units = Guard(keep=("marta",)).units(BRIDGE, words)
    assert not units.forced


@pytest.mark.parametrize(
    "sentence",
    [
        "Das ist nicht wahr heute.",
        "Ce n'est pas vrai.",
        "Это не правда.",
        "这不是真的。",
        "これは本当ではない。",
        "No es nunca verdad.",
    ],
)
def test_negations_of_other_languages_are_vital(sentence):
    assert Guard(numbers=False).units(sentence, words).vital
    assert not Guard(numbers=False, negations=False).units(sentence, words).vital


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Take 2 tablets (500 mg each) daily.", "(500 mg each)"),
        ("See **Error 401** in the list.", "**Error 401**"),
        ("Read __this one__ first.", "__this one__"),
        ("Rating: 4.3/5 of all\nPrice: $ 20 each", "Rating: 4.3/5"),
        ("- In stock: no longer here", "- In stock: no longer"),
        ("Rarely (1 in 10,000) it fails.", "(1 in 10,000)"),
    ],
)
def test_short_brackets_emphasis_and_values_are_not_torn(text, whole):
    parts = [text[start:end].strip() for start, end in Guard().units(text, words).spans]
    assert any(part.startswith(whole) for part in parts), parts


def test_long_brackets_are_torn():
    text = "He said (and he went on about it for more than an hour, with slides and a song) that it rained."
    assert len(Guard().units(text, words).spans) > 15
