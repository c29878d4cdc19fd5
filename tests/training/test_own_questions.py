"""Questions in our own format: read as they were written, and refused with the line where they are wrong."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguapress import Span
from linguapress.errors import InvalidRecord
from linguapress.training.own_questions import own_questions, record_of
from linguapress.training.questions import Candidate, Question, read_questions

TEXT = "Mila built a bridge. It fell in 1894."
ROW = {
    "question": "when did it fall",
    "passages": [{"title": "Bridge", "text": TEXT, "needed": [[0, 20], [21, 37]], "answers": [[32, 36]]}],
}


def write(path, *rows):
    content = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return path


@pytest.mark.parametrize("name", ["own.jsonl", "own.jsonl.gz"])
def test_what_is_left_out_is_what_most_questions_have(tmp_path, name):
    (question,) = own_questions([write(tmp_path / name, ROW)])
    candidate = Candidate("Bridge", TEXT, True, (Span(0, 20), Span(21, 37)), (Span(32, 36),), certain=True)
    assert question == Question("asked", "when did it fall", (candidate,), (), mined=True)


def test_a_passage_in_which_nothing_is_needed_is_a_wrong_one(tmp_path):
    row = {"question": "who?", "passages": [{"text": "Bread rises."}, {"text": "Mila.", "relevant": True}], "source": "labelled-x"}
    (question,) = own_questions([write(tmp_path / "own.jsonl", row)])
    assert [(c.title, c.relevant, c.needed) for c in question.candidates] == [("", False, ()), ("", True, ())]
    assert question.source == "labelled-x"


texts = st.text(max_size=20)


@given(
    st.lists(st.tuples(texts, texts, st.booleans(), st.booleans(), st.data()), min_size=1, max_size=3),
    texts.filter(str.strip),
    st.booleans(),
)
def test_records_are_read_as_what_they_were_made_of(tmp_path_factory, passages, text, mined):
    def spans(body, data):
        ends = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=6)))
        return tuple(Span(a, b) for a, b in zip(ends[::2], ends[1::2], strict=False))

    candidates = tuple(Candidate(t, b, right, spans(b, data), spans(b, data), sure) for t, b, right, sure, data in passages)
    question = Question("multihop-asked", text, candidates, ("1894", "狮"), mined)
    file = write(tmp_path_factory.mktemp("own") / "own.jsonl", record_of(question))
    assert list(own_questions([file])) == [question]


@pytest.mark.parametrize(
    "change",
    [
        {"question": " "},
        {"question": None, "passages": None},
        {"passages": []},
        {"passages": [{"title": "no text"}]},
        {"passages": [{"text": TEXT, "needed": [[30, 50]]}]},
        {"passages": [{"text": TEXT, "needed": [[5, 5]]}]},
        {"passages": [{"text": TEXT, "needed": [[-3, 5]]}]},
        {"passages": [{"text": TEXT, "answers": [[10, 12], [2, 4]]}]},
        {"passages": [{"text": TEXT, "answers": [10]}]},
    ],
)
def test_a_bad_line_is_named(tmp_path, change):
    file = write(tmp_path / "own.jsonl", ROW, {**ROW, **change})
    with pytest.raises(InvalidRecord, match=r"own\.jsonl, line 2"):
        list(own_questions([file]))


def test_questions_that_measure_are_not_learnt_from_wherever_they_come_from(data_sets):
    folder = data_sets()
    asked = [Question("asked", f"who is {number}", (Candidate("", "Mila.", relevant=True),)) for number in range(200)]
    kept = read_questions(folder, [], asked)
    assert 160 < len(kept) < 199
    assert set(kept) < set(asked)
