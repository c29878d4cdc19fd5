"""Questions written down for readers, and their answers scored."""

import json
import types
from collections import Counter

import pytest
from typer.testing import CliRunner

from linguapress import InvalidBudget, InvalidRecord, UnknownName
from linguapress.cli import app
from linguapress.evaluation import asking, asking_page
from linguapress.evaluation.asking import asked, condition, scored, sheets
from linguapress.evaluation.asking_cli import KEY
from linguapress.evaluation.metrics import answer_survives
from linguapress.evaluation.tasks import examples
from linguapress.evaluation.tasks.own import own_examples
from linguapress.jsonl import read_jsonl

SPECS = ("whole", "gold", "head=20", "bm25_sentences=0.3")
LINE = {
    "question": "when did the tower open",
    "passages": ["It rained.", {"title": "Tower", "text": "It opened in 1889."}],
    "answers": ["1889"],
}


@pytest.fixture
def conditions():
    return [condition(spec, "embedded") for spec in SPECS]


@pytest.fixture
def rows(data, conditions):
    return list(asked(examples("nq", data), conditions))


@pytest.fixture
def own(tmp_path):
    def write(*lines):
        file = tmp_path / "own.jsonl"
        file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
        return file

    return write


def test_every_sheet_holds_every_question_once_and_every_condition_as_often(rows):
    for number, sheet in sheets(rows).items():
        assert len({row["question"] + row["id"] for row in sheet}) == 4
        own = [row for row in rows if row["sheet"] == number]
        assert len({row["id"] for row in own}) == len(own) == 4
        assert set(Counter(row["method"] for row in own).values()) == {1}


def test_a_sheet_tells_nothing_of_the_condition(rows):
    found = [row for sheet in sheets(rows).values() for row in sheet]
    assert {tuple(row) for row in found} == {("id", "question", "context")}
    assert len({row["id"] for row in found}) == len(rows) == 16


def test_whole_and_gold_are_not_compressed(data, rows):
    example = {item.id: item for item in examples("nq", data)}
    for row in rows:
        documents = example[row["id"]].documents
        if row["method"] == "whole":
            assert all(document in row["context"] for document in documents)
        if row["method"] == "gold":
            assert row["context"] == "Tower\nThe tower opened in 1889. Many people visit it."
        assert row["tokens_after"] <= row["limit"]
        assert row["survives"] == answer_survives(row["context"], ["1889"])


def test_the_same_seed_asks_the_same(data, conditions, rows):
    again = list(asked(examples("nq", data), conditions))
    other = list(asked(examples("nq", data), conditions, seed=1))
    assert [(row["item"], row["context"]) for row in again] == [(row["item"], row["context"]) for row in rows]
    assert [row["item"] for row in other] != [row["item"] for row in rows] or [row["id"] for row in other] != [
        row["id"] for row in rows
    ]


def test_runs_of_blanks_do_not_give_a_passage_away_and_indents_stay(own):
    line = LINE | {"passages": ["One  two.   Three.\n    indented  code"]}
    (row,) = asked(own_examples(own(line)), [condition("whole", "embedded")])
    assert row["context"] == "One two. Three.\n    indented code"


@pytest.mark.parametrize(("spec", "method", "label"), [
    ("lingua=500", "lingua", 500), ("lingua=0.3", "lingua", 0.3), ("lingua=4x", "lingua", "4x"), ("query_select", "query_select", "adaptive"),
    ("lingua:slack=1=300", "lingua:slack=1", 300),
])  # fmt: skip
def test_a_condition_is_a_method_and_a_budget(spec, method, label):
    trial = condition(spec, "embedded").trial
    assert (trial.method, trial.size.label) == (method, label)


@pytest.mark.parametrize("spec", ["head", "lingua", "lingua=-3", "head=0.5x", "nothing=300", "lingua=abc", "lingua=²", "="])
def test_what_is_no_condition_is_refused(spec):
    with pytest.raises((InvalidBudget, UnknownName)):
        condition(spec, "embedded")


def test_answers_are_scored_by_item(rows):
    said = {row["item"]: "in 1889" if row["survives"] else "unknown" for row in rows}
    found = scored(rows, said)
    assert {(row["survives"], row["right"], row["unknown"], row["em"]) for row in found} <= {
        (True, True, False, 0.0),
        (False, False, True, 0.0),
    }
    with pytest.raises(InvalidRecord, match="has no answer"):
        scored(rows, {})


def test_means_tell_what_the_reader_loses_beside_the_whole_context(rows):
    said = {row["item"]: "1889" if row["method"] == "whole" or row["survives"] else "unknown" for row in rows}
    found = {row["method"]: row for row in asking_page.means(scored(rows, said))}
    assert found["whole"]["right"] == found["gold"]["right"] == 1
    assert "difference" not in found["whole"]
    head = [row["survives"] for row in rows if row["method"] == "head"]
    assert found["head"]["right"] == found["head"]["survives"] == sum(head) / 4
    assert found["head"]["difference"] == pytest.approx(found["head"]["right"] - 1)
    assert found["gold"]["right_gone"] is None
    assert found["gold"]["right_survived"] == 1


def test_own_questions_are_read(own):
    (one,) = own_examples(own(LINE | {"id": 7}))
    assert (one.id, one.documents, one.answers, one.gold) == ("7", ("It rained.", "Tower\nIt opened in 1889."), ("1889",), ())
    (one,) = own_examples(own("", LINE | {"passages": ["No.", {"text": "1889.", "relevant": True}]}))
    assert (one.id, one.gold) == ("2", (1,))


def test_two_questions_of_one_id_are_refused(own):
    with pytest.raises(InvalidRecord, match="one id"):
        own_examples(own(LINE | {"id": 7}, LINE | {"id": 7}))


@pytest.mark.parametrize("line", [
    "nothing", "[]", LINE | {"answers": []}, LINE | {"answers": "1889"}, LINE | {"answers": [" "]}, LINE | {"question": " "},
    LINE | {"passages": []}, LINE | {"passages": [3]}, LINE | {"passages": [{"title": "x"}]}, {"question": "x"}, "",
])  # fmt: skip
def test_lines_that_are_no_questions_are_told(own, line):
    with pytest.raises(InvalidRecord, match=r"own\.jsonl"):
        own_examples(own(line))


def test_the_commands_ask_answer_and_score(own, tmp_path, monkeypatch):
    import sys

    calls = []
    model = types.SimpleNamespace(invoke=lambda messages: calls.append(messages) or types.SimpleNamespace(text="1889"))
    monkeypatch.setitem(sys.modules, "readers_of_mine", types.SimpleNamespace(model=model))
    run, folder = CliRunner().invoke, tmp_path / "asked"
    specs = [part for spec in ("whole", "lingua=12", "query_select") for part in ("--condition", spec)]
    result = run(app, ["bench-reader", "ask", str(own(LINE, LINE)), *specs, "--counter", "embedded", "--out", str(folder)])
    assert result.exit_code == 0, result.output
    assert "2 questions under 3 conditions: 3 sheets" in result.output
    for _ in range(2):  # what is answered is not asked again
        assert run(app, ["bench-reader", "answer", str(folder), "--reader", "langchain:readers_of_mine:model"]).exit_code == 0
    assert len(calls) == sum(bool(row["context"].strip()) for file in folder.glob("sheet-*") for row in read_jsonl(file))
    result = run(app, ["bench-reader", "score", str(folder), "--reader", "mine", "--plot", "--out", str(tmp_path / "found")])
    assert result.exit_code == 0, result.output
    assert "answered by mine" in (tmp_path / "found.md").read_text()
    assert "</svg>" in (tmp_path / "found.svg").read_text()
    kept = list(read_jsonl(tmp_path / "found.jsonl"))
    assert len(kept) == 6
    more = tmp_path / "more"
    run(app, ["bench-reader", "ask", str(own(LINE, LINE)), "--condition", "head=5", "--counter", "embedded", "--out", str(more)])
    run(app, ["bench-reader", "answer", str(more), "--reader", "langchain:readers_of_mine:model"])
    both = ["bench-reader", "score", str(folder), str(more), "--out", str(tmp_path / "both")]
    assert run(app, both).exit_code == 0
    assert len(list(read_jsonl(tmp_path / "both.jsonl"))) == 8
    key = more / KEY
    key.write_text(key.read_text().replace('"seed": 0', '"seed": 1'))
    assert "do not ask the same" in run(app, both).output
    assert not any("context" in row for row in kept)
    assert all(row["right"] for row in kept if row["method"] == "whole")


def test_what_is_missing_or_in_the_way_is_told(own, tmp_path):
    folder, file = tmp_path / "asked", str(own(LINE))

    def ask(*more):
        return CliRunner().invoke(app, ["bench-reader", "ask", file, "--counter", "embedded", "--out", str(folder), *more])

    def score():
        return CliRunner().invoke(app, ["bench-reader", "score", str(folder)]).output

    assert ask("--condition", "nothing=9").exit_code == 2
    assert ask("--condition", "head=9", "--condition", "head=4").exit_code == 0
    assert ask("--condition", "head=9").exit_code == 0
    assert [sheet.name for sheet in folder.glob("sheet-*")] == ["sheet-1.jsonl"]
    assert "has no answer" in score()
    (folder / "answers-1.jsonl").write_text("{}")
    assert "mend or remove it" in score()
    assert "holds answers" in ask("--condition", "head=9").output
    (folder / KEY).unlink()
    assert "key.jsonl" in score()


def test_gold_needs_marked_passages(own):
    with pytest.raises(InvalidRecord, match="relevant: true"):
        list(asked(own_examples(own(LINE)), [condition("gold", "embedded")]))


def test_results_keep_dots_in_their_name_and_overwrite_nothing_else(own, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "import types\nchat = types.SimpleNamespace(invoke=lambda _: types.SimpleNamespace(text='1889'))\n"
    )
    monkeypatch.chdir(tmp_path)
    run, folder = CliRunner().invoke, tmp_path / "asked"
    run(app, ["bench-reader", "ask", str(own(LINE)), "--condition", "whole", "--counter", "embedded", "--out", str(folder)])
    assert "no sheets" in run(app, ["bench-reader", "answer", str(tmp_path), "--reader", "langchain:mine:chat"]).output
    for new in (1, 0):
        answered = run(app, ["bench-reader", "answer", str(folder), "--reader", "langchain:mine:chat"])
        assert f"1 answers, {new} of them new" in answered.output
    for _ in range(2):
        assert run(app, ["bench-reader", "score", str(folder), "--out", str(tmp_path / "gpt-4.1")]).exit_code == 0
    assert (tmp_path / "gpt-4.1.md").exists()
    before = (tmp_path / "own.jsonl").read_text()
    assert "choose another --out" in run(app, ["bench-reader", "score", str(folder), "--out", str(tmp_path / "own")]).output
    assert (tmp_path / "own.jsonl").read_text() == before


def test_an_open_budget_is_for_methods_that_can_tell():
    with pytest.raises(InvalidBudget):
        asking.condition("lingua", "embedded")
