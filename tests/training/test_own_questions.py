"""Questions in our own format: read as they were written, and refused with the line where they are wrong."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguapress import Span
from linguapress.errors import InvalidRecord
from linguapress.training.own_questions import own_questions
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
    row = {"question": "who?", "passages": [{"text": "Bread rises."}, {"text": "Mila.", "relevant": True}], "source": "nq-x"}
    (question,) = own_questions([write(tmp_path / "own.jsonl", row)])
    assert [(c.title, c.relevant, c.needed) for c in question.candidates] == [("", False, ()), ("", True, ())]
    assert question.source == "nq-x"


texts = st.text(max_size=20)
bodies = texts.filter(str.strip)


def record_of(question):
    spans = ("needed", "answers")
    passages = [
        {"title": one.title, "text": one.body, "relevant": one.relevant, "certain": one.certain}
        | {name: [list(span) for span in getattr(one, name)] for name in spans}
        for one in question.candidates
    ]
    rest = {"source": question.source, "question": question.text, "answers": list(question.answers), "mined": question.mined}
    return rest | {"passages": passages}


@given(st.lists(st.tuples(texts, bodies, st.booleans(), st.data()), min_size=1, max_size=3), bodies, st.booleans())
def test_records_are_read_as_what_they_were_made_of(tmp_path_factory, passages, text, mined):
    def spans(body, data):
        ends = sorted(data.draw(st.sets(st.integers(0, len(body)), max_size=6)))
        return tuple(Span(a, b) for a, b in zip(ends[::2], ends[1::2], strict=False))

    def candidate(title, body, sure, data):
        needed = spans(body, data)
        return Candidate(title, body, bool(needed) or data.draw(st.booleans()), needed, spans(body, data), sure)

    question = Question("multihop-asked", text, tuple(candidate(*passage) for passage in passages), ("1894", "狮"), mined)
    file = write(tmp_path_factory.mktemp("own") / "own.jsonl", record_of(question))
    assert list(own_questions([file])) == [question]


PASSAGES = ROW["passages"]


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
        {"passages": [{"text": TEXT, "needed": [[0, 20], [10, 30]]}]},
        {"passages": [{"text": TEXT, "needed": [[0, True]]}]},
        {"passages": [{"text": TEXT, "needed": [[0, 5]], "relevant": False}]},
        {"passages": [{"text": " \n"}]},
        {"passages": [{"text": None}]},
        {"passages": [TEXT]},
        {"passages": {"text": TEXT}},
        {"question": 7},
        {"mined": "false"},
        {"answers": "1894"},
        {"answers": [1894]},
        {"source": "mine"},
        {"source": "labelled-mine", "passages": PASSAGES * 2},
    ],
)
def test_a_bad_line_is_named(tmp_path, change):
    file = write(tmp_path / "own.jsonl", ROW, {**ROW, **change})
    with pytest.raises(InvalidRecord, match=r"own\.jsonl, line 2"):
        list(own_questions([file]))


@pytest.mark.parametrize("line", ["{", "[]", "7", '"text"', "{}"])
def test_a_line_that_is_no_record_is_named_by_its_place_in_the_file(tmp_path, line):
    file = tmp_path / "own.jsonl"
    file.write_text(json.dumps(ROW) + "\n\n" + line)
    with pytest.raises(InvalidRecord, match=r"own\.jsonl, line 3"):
        list(own_questions([file]))


def test_questions_that_measure_are_not_learnt_from_wherever_they_come_from(data_sets):
    folder = data_sets()
    asked = [Question("asked", f"who is {number}", (Candidate("", "Mila.", relevant=True),)) for number in range(200)]
    kept = read_questions(folder, [], asked)
    assert 160 < len(kept) < 199
    assert set(kept) < set(asked)


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    file = tmp_path / "own.jsonl"
    file.write_bytes(("\ufeff" + json.dumps(ROW)).encode())
    assert [question.text for question in own_questions([file])] == [ROW["question"]]
