"""Questions with passages as pairs of an alignment."""

import json

import pytest

from linguapress.errors import InvalidRecord
from linguapress.methods.likelihood import RESTRICT
from linguapress.training.align_pairs import parted
from linguapress.training.align_questions import question_pairs


def asked(number, question, *passages):
    """A line of a file of questions."""
    return json.dumps({"question": question, "passages": [{"title": f"Title {number}", **passage} for passage in passages]})


def answering(text):
    return {"text": text, "needed": [[0, len(text)]]}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "asked.jsonl"
    lines = [asked(n, f"who wrote book {n}", answering(f"Writer {n} wrote book {n}."), {"text": "Nothing."}) for n in range(8)]
    path.write_text("\n".join(lines))
    return path


def test_a_passage_asks_for_its_question_and_the_question_for_its_passage(file):
    pairs = question_pairs([file])
    assert [(pair.prompt, pair.output) for pair in pairs[:4]] == [
        ("Title 0\nWriter 0 wrote book 0.", f"who wrote book 0 {RESTRICT}"),
        ("who wrote book 0", "Title 0\nWriter 0 wrote book 0."),
        ("Title 1\nWriter 1 wrote book 1.", f"who wrote book 1? {RESTRICT}"),
        ("who wrote book 1?", "Title 1\nWriter 1 wrote book 1."),
    ]
    assert [pair.prompt for pair in pairs[4::2]][:2] == ["Writer 2 wrote book 2.", "Writer 3 wrote book 3."]


def test_passages_that_answer_nothing_are_not_learnt(file):
    assert not any("Nothing." in pair.prompt + pair.output for pair in question_pairs([file]))


def test_several_questions_of_a_passage_learn_it_once_and_are_held_out_together(tmp_path):
    path = tmp_path / "asked.jsonl"
    lines = [
        asked(n, f"{word} wrote book {n}", answering(f"Writer {n} wrote book {n}."))
        for n in range(20)
        for word in ("who", "what poet")
    ]
    path.write_text("\n".join(lines))
    pairs = question_pairs([path])
    assert len(pairs) == 20 * 3
    learnt, held = parted(pairs, 0.3)
    assert {pair.group for pair in learnt}.isdisjoint(pair.group for pair in held)
    assert len(held) % 3 == 0
    assert held


def test_no_pair_ends_in_two_question_marks(tmp_path):
    path = tmp_path / "asked.jsonl"
    path.write_text("\n".join(asked(n, "Who?", answering(f"Writer {n}.")) for n in range(4)))
    assert not any("??" in pair.prompt + pair.output for pair in question_pairs([path]))


def test_a_line_that_is_no_question_is_named(tmp_path):
    path = tmp_path / "asked.jsonl"
    path.write_text('{"question": "who"}')
    with pytest.raises(InvalidRecord, match="line 1: no 'passages'"):
        question_pairs([path])
