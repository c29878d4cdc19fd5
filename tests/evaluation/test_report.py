"""What a report says of a grid."""

import base64
import json
import re
from html.parser import HTMLParser

import pytest
from typer.testing import CliRunner

from linguapress import InvalidRecord
from linguapress.evaluation import report_data, report_examples, report_guards, report_html, report_page, report_tables
from linguapress.evaluation.report_cli import app

DOCUMENT = "The tower opened in 1889. <b>Many</b> people & others visit it."
SOURCE = {
    "task": "nq", "id": "0", "seed": 0, "question": "when <i>did</i> it open", "documents": [DOCUMENT, "Rain."], "answers": ["1889"],
}  # fmt: skip


def row(method, number, value, budget=0.2, task="nq", ms=None, **more):
    key = {"nq": "answer", "no-answer": "junk", "squad-passage": "answer"}[task]
    return {
        "task": task, "seed": 0, "method": method, "budget": budget, "id": str(number), key: value, "torn": 0, "tokens_before": 100,
        "tokens_after": int(100 * budget), "limit": int(100 * budget), "tokens": {"embedded": [90, int(90 * budget)]}, "ms": ms,
        "forward_ms": ms and ms / 2, **more,
    }  # fmt: skip


def grid():
    """Three methods on two tasks: lingua is right in 18, other in 16, head in 2 of 20; head is the fastest."""
    found = []
    for budget in (0.2, 0.5):
        for number in range(20):
            spans = {"spans": [[0, [[0, 25]], 0.5]]} if number == 0 else {}
            timed = {"stages": {"sentences": 1.0}, "peak_mib": 3.0}
            found += [
                row("lingua", number, number < 18, budget, ms=20.0, **spans, **timed),
                row("other", number, number < 16, budget, ms=40.0, **{**spans, **timed}),
                row("head", number, number < 2, budget, ms=1.0, **timed),
                row("lingua", number, 0.1, budget, "no-answer", ms=20.0),
                row("other", number, 0.2, budget, "no-answer", ms=40.0),
                row("head", number, 0.2, budget, "no-answer", ms=1.0),
            ]
    return found


def write(path, rows):
    records = [{"about": {"part": "test", "counter": "embedded"}}, {"source": SOURCE}, *rows]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def in_markdown(found):
    return report_page.markdown(found, front=False)


def in_html(found):
    pictures = dict.fromkeys(["curves", *(one.task for one in found.results)], b"")
    return report_html.page(found, pictures, [])


@pytest.fixture
def found(tmp_path):
    return report_data.findings([write(tmp_path / "grid.jsonl", grid())])


def test_methods_are_ranked_and_ties_with_the_best_lead(found):
    nq, junk = found.results
    assert nq.methods == ["lingua", "other", "head"]
    assert nq.leading == {(method, budget) for method in ("lingua", "other") for budget in (0.2, 0.5)}
    assert junk.methods[0] == "lingua"
    assert junk.leading == {("lingua", 0.2), ("lingua", 0.5)}  # less is better
    assert nq.difference("head", 0.2)["difference"] == pytest.approx(-0.8)
    assert nq.difference("lingua", 0.2) is None


def test_all_tasks_together_leave_out_those_of_which_less_is_better(found):
    assert found.overall("lingua", 0.2) == pytest.approx(0.9)
    assert found.methods == ["lingua", "other", "head"]
    assert found.rates == [0.2, 0.5]
    (first, *_) = report_tables.overview(found).rows
    assert [cell.text for cell in first] == ["lingua", "0.900", "0.900", "2 of 2"]


def test_the_front_is_what_none_beats_in_both(found):
    assert {point.method: point.front for point in found.points(0.2)} == {"lingua": True, "other": False, "head": True}


def test_untimed_methods_are_on_no_front(tmp_path):
    rows = [one | {"ms": None, "forward_ms": None} if one["method"] == "lingua" else one for one in grid()]
    found = report_data.findings([write(tmp_path / "grid.jsonl", rows)])
    assert {point.method for point in found.points(0.2)} == {"other", "head"}


def test_times_of_some_tasks_will_do_when_every_method_has_them(tmp_path):
    rows = [one | {"ms": None, "forward_ms": None} if one["task"] == "no-answer" else one for one in grid()]
    found = report_data.findings([write(tmp_path / "grid.jsonl", rows)])
    assert [one.task for one in found.timed(0.2)] == ["nq"]
    assert {point.method: point.ms for point in found.points(0.2)} == {"lingua": 20, "other": 40, "head": 1}
    rows = [one | {"ms": None, "forward_ms": None} for one in rows]
    assert report_data.findings([write(tmp_path / "none.jsonl", rows)]).points(0.2) == []


def test_a_line_ends_where_its_record_ends(tmp_path):
    file = write(tmp_path / "a.jsonl", grid())
    with file.open("a", encoding="utf-8") as handle:
        handle.write('{"source": {"task": "nq", "id": "1", "seed": 0, "documents": ["one\u2028two"]}}\n{"cut off')
    assert report_data.findings([file]).sources["nq", "1", 0]["documents"] == ["one\u2028two"]


def test_the_last_of_two_rows_of_one_result_counts(tmp_path):
    files = [write(tmp_path / "a.jsonl", grid()), write(tmp_path / "b.jsonl", [row("head", 5, True)])]
    nq = report_data.findings(files).results[0]
    assert nq.mean("head", 0.2)["answer"] == pytest.approx(0.15)
    assert nq.mean("head", 0.2)["examples"] == 20


def test_a_reader_decides_where_it_was_asked(tmp_path):
    rows = [row("lingua", number, True, task="squad-passage", f1=0.5) for number in range(4)]
    (one,) = report_data.findings([write(tmp_path / "a.jsonl", rows)]).results
    assert one.quality.key == "f1"
    assert one.mean("lingua", 0.2)["f1"] == 0.5


def test_rows_of_the_older_command_belong_to_the_file(tmp_path):
    rows = [{key: value for key, value in one.items() if key not in ("task", "seed", "tokens")} for one in grid()[:4]]
    rows = [one for one in rows if "answer" in one]
    (one,) = report_data.findings([write(tmp_path / "nq_test.jsonl", rows)]).results
    assert one.task == "nq_test"
    assert one.quality.key == "answer"


@pytest.mark.parametrize("text", ["", "nonsense\n", '{"about": {}}\n'])
def test_a_file_without_rows_is_refused(tmp_path, text):
    (tmp_path / "a.jsonl").write_text(text, "utf-8")
    with pytest.raises(InvalidRecord, match=r"a\.jsonl"):
        report_data.findings([tmp_path / "a.jsonl"])


def test_tokens_and_costs_are_told(found):
    tokens = report_tables.token_table(found)
    assert tokens.columns[2:4] == ("the budget's tokenizer", "embedded")
    assert [cell.text for cell in tokens.rows[0]] == ["lingua", "20%", "20.0%", "20.0%", "0"]
    (costs, *_) = report_tables.cost_table(found).rows
    assert [cell.text for cell in costs] == ["lingua", "80", "20", "10", "sentences 1", "3"]


def test_guards_are_weighed_against_the_method_without_them(found, tmp_path):
    assert list(report_guards.guard_tables(found)) == []
    rows = [one | {"numbers": 1.0} for one in grid() if one["method"] == "lingua"]
    bare = [one | {"method": "lingua:guard=0", "numbers": 0.25, "torn": 2} for one in rows]
    bare = [one | ({"answer": True} if one["task"] == "nq" and one["budget"] == 0.2 else {}) for one in bare]
    alone = row("lingua", 99, False, 0.9)  # nothing to weigh it against
    (table,) = report_guards.guard_tables(report_data.findings([write(tmp_path / "guards.jsonl", [*rows, *bare, alone])]))
    nq, junk = ([cell.text for cell in cells] for cells in table.rows)
    assert nq == ["nq", "0.900", "0.950", "-0.050", "100.0%", "25.0%", "0.00", "2.00"]  # without: 20 and 18 of 20
    assert junk[:4] == ["no-answer", "0.100", "0.100", "+0.000"]
    assert table.rows[0][3].notes[0].startswith("[-0.1")
    text, html = (page(report_data.findings([tmp_path / "guards.jsonl"])) for page in (in_markdown, in_html))
    assert "What guards cost: lingua" in text
    assert "What guards cost: lingua" in html


def test_examples_are_put_together_again(found):
    (pair,) = report_examples.pairs(found, 0.2)
    assert (pair.left.row["method"], pair.right.row["method"]) == ("lingua", "other")
    assert pair.left.out.text == "The tower opened in 1889."
    assert [passage.source for passage in pair.left.out.dropped] == ["Rain."]
    assert report_examples.pairs(found, 0.2, 0) == []


class Tags(HTMLParser):
    """Tags that are open, and every address that is asked for."""

    def __init__(self):
        super().__init__()
        self.open, self.asked, self.ids = [], [], []

    def handle_starttag(self, tag, attrs):
        self.asked += [value for name, value in attrs if name in ("src", "href")]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_command_writes_one_page_that_needs_nothing_else(tmp_path):
    pytest.importorskip("matplotlib")
    file, out = write(tmp_path / "grid.jsonl", grid()), tmp_path / "out"
    result = CliRunner().invoke(app, [str(file), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == ["curves.png", "front.png", "report.html", "report.md"]
    text = (out / "report.html").read_text("utf-8")
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert all(address.startswith(("#", "data:image/svg+xml;base64,")) for address in tags.asked)
    assert {address[1:] for address in tags.asked if address.startswith("#")} <= set(tags.ids)
    pictures = [base64.b64decode(found) for found in re.findall(r"base64,([^\"]+)", text)]
    assert len(pictures) == 4  # curves, front, two tasks
    assert all(picture.lstrip().startswith(b"<?xml") for picture in pictures)
    assert "<mark>The tower opened in 1889.</mark>" in text
    assert "<del> &lt;b&gt;Many&lt;/b&gt; people &amp; others visit it.</del>" in text
    assert "<i>did</i>" not in text
    page = (out / "report.md").read_text("utf-8")
    assert "| lingua | **0.900**<br>[" in page
    assert "- **nq**: " in page


def test_the_same_rows_give_the_same_page(tmp_path):
    pytest.importorskip("matplotlib")
    file = write(tmp_path / "grid.jsonl", grid())
    pages = []
    for name in ("a", "b"):
        assert CliRunner().invoke(app, [str(file), "--out", str(tmp_path / name)]).exit_code == 0
        pages.append((tmp_path / name / "report.html").read_bytes())
    assert pages[0] == pages[1]


def test_the_command_refuses_what_holds_no_rows(tmp_path):
    (tmp_path / "a.jsonl").write_text("nonsense\n", "utf-8")
    result = CliRunner().invoke(app, [str(tmp_path / "a.jsonl"), "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()
