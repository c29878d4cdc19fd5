"""Questions cut to chunks: the answer is always inside, and a paragraph is in one part alone."""

import json

import numpy as np
import pytest
from samples import BRIDGE

from linguapress.soft.questions import Asked, among, cut, part_of, read_questions

ANSWER = BRIDGE.split()[5]


def asked(answer=ANSWER, start=None, context=BRIDGE):
    return Asked(context, "Which?", (answer,), context.index(answer) if start is None else start)


@pytest.mark.parametrize("size", [3, 8, 20, 500])
def test_the_answer_lies_in_the_chunk(bpe, size):
    places = set()
    for seed in range(20):
        found = cut(bpe, asked(), size, np.random.default_rng(seed))
        assert len(found.contexts[0]) <= size
        text = bpe.decode(found.contexts[0])
        assert ANSWER in text
        places.add(text.index(ANSWER))
        assert bpe.decode(found.prompt).endswith("Answer:")
        assert bpe.decode(found.answer) == f" {ANSWER}"
    assert len(places) > 1 or size in (3, 500)


def test_a_short_context_is_taken_whole(bpe):
    found = cut(bpe, asked(context="It is green.", answer="green"), 50, np.random.default_rng(0))
    assert bpe.decode(found.contexts[0]) == "It is green."


def test_an_answer_that_does_not_fit_is_left_out(bpe):
    assert cut(bpe, asked(answer=BRIDGE, start=0), 5, np.random.default_rng(0)) is None


def test_chunks_of_others_lie_around(bpe):
    draws = np.random.default_rng(0)
    one, two = (cut(bpe, asked(context=text, answer=text.split()[0]), 50, draws) for text in ("Green tea.", "Black tea."))
    orders = {tuple(map(tuple, among(one, [two], draws).contexts)) for _ in range(20)}
    assert orders == {(tuple(one.contexts[0]), tuple(two.contexts[0])), (tuple(two.contexts[0]), tuple(one.contexts[0]))}
    assert among(one, [two], draws).answers == one.answers


def test_paragraphs_are_parted_and_wrong_starts_left_out(tmp_path):
    rows = [{"context": f"Number {n} is even.", "qas": [{"question": "q", "answers": ["even"], "starts": [13]}]}
            for n in range(400)]  # fmt: skip
    file = tmp_path / "asked.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = {part: [one.context for one in read_questions([file], part)] for part in ("train", "dev", "test")}
    assert all(found.values())
    assert len(set().union(*found.values())) == sum(map(len, found.values())) == 90  # of others the answer stands elsewhere
    assert all(part_of(context) == part for part, contexts in found.items() for context in contexts)


def test_other_records_are_refused(tmp_path):
    file = tmp_path / "texts.jsonl"
    file.write_text('{"text": "a"}\n')
    with pytest.raises(ValueError, match=r"record 1 of .* has no context"):
        list(read_questions([file], "train"))


def test_questions_without_an_answer_are_left_out(tmp_path):
    context = next(text for text in (f"Number {n} is even." for n in range(99)) if part_of(text) == "train")
    start = context.index("even")
    row = {"context": context, "qas": [{"question": "Odd?", "answers": [], "starts": []},
                                       {"question": "Even?", "answers": ["even"], "starts": [start]}]}  # fmt: skip
    file = tmp_path / "asked.jsonl"
    file.write_text(json.dumps(row) + "\n")
    assert [one.question for one in read_questions([file], "train")] == ["Even?"]


@pytest.mark.parametrize(
    "row",
    [{"context": 5, "qas": []}, [1], {"context": "Number 2 is even.", "qas": [{"question": "q", "answers": ["even"], "starts": []}]},
     {"context": "Number 2 is even.", "qas": [{"question": "q", "answers": [7], "starts": [0]}]}],
)  # fmt: skip
def test_records_of_another_kind_are_refused(tmp_path, row):
    file = tmp_path / "asked.jsonl"
    file.write_text(json.dumps(row) + "\n")
    with pytest.raises(ValueError, match=r"record 1 of .* has no context with qas"):
        [one for part in ("train", "dev", "test") for one in read_questions([file], part)]


def test_lone_surrogates_are_cut_like_other_characters(bpe):
    some = Asked("A lone \ud800 green door.", "Which \udfff?", ("green",), 9)
    found = cut(bpe, some, 50, np.random.default_rng(0))
    assert "lone \ufffd green" in bpe.decode(found.contexts[0])
    assert "Which \ufffd?" in bpe.decode(found.prompt)
    assert bpe.decode(found.answer) == " green"
