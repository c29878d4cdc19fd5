"""``--split jsonl``."""

from __future__ import annotations

import gzip
import json
import re

import pytest
from typer.testing import CliRunner

from linguapress import Budget, load
from linguapress.cli import app
from linguapress.commands.documents import Split, read_documents

LINES = [
    '{"id": 7, "text": "The mill was built\\nin 1843. \\u4e2d \U0001f600", "meta": {"lang": "en", "score": 0.5}}',
    "",
    '{"text": "It burned\u2028down.", "url": "a/b", "old": null}',
    " \t",
    '  {"body": "unused", "text": ""}',
]
TEXTS = ["The mill was built\nin 1843. 中 \U0001f600", "It burned\u2028down.", ""]
JSONL = ["compress", "--method", "head", "--split", "jsonl"]


def call(*args: str, stdin: str | bytes = ""):
    return CliRunner().invoke(app, [*JSONL, *args], input=stdin)


def fails(found, code: int) -> str:
    assert (found.exit_code, found.stdout) == (code, "")
    assert found.stderr.count("\n") == 1
    assert found.stderr.startswith("error: ")
    return found.stderr


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "passages.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(LINES).encode())
    return str(path)


def test_the_texts_of_the_lines_are_the_documents(file):
    found = read_documents([file], Split.jsonl)
    assert [document.text for document in found] == TEXTS
    assert [document.name for document in found] == [f"{file}#1", f"{file}#3", f"{file}#5"]
    assert [document.record.line for document in found] == [1, 3, 5]


def test_json_gives_the_line_and_the_other_fields_back(file):
    found = json.loads(call(file, "-r", "1", "-f", "json").stdout)
    first, second = found["passages"][:2]
    assert (first["file"], first["line"], first["metadata"]) == (file, 1, {"id": 7, "meta": {"lang": "en", "score": 0.5}})
    assert (second["line"], second["metadata"]) == (3, {"url": "a/b", "old": None})
    assert "source_spans" not in first


def test_what_is_kept_is_what_the_texts_alone_would_leave(file):
    found = json.loads(call(file, "-t", "6", "-f", "json").stdout)
    expected = load("head").compress(TEXTS, budget=Budget(tokens=6))
    assert found["text"] == expected.text
    assert found["dropped"] == [passage.index for passage in expected.dropped]
    for passage in found["passages"]:
        text = TEXTS[passage["index"]]
        assert "".join(text[start:end] for start, end in passage["spans"]) == passage["text"] != ""
    assert call(file, "-t", "6").stdout == expected.text + "\n"


def test_files_and_standard_input_count_their_own_lines(file):
    stdin = '\n{"text": "One."}\n\ufeff{"text": "Two."}\n'
    found = json.loads(call(file, "-", "-r", "1", "-f", "json", stdin=stdin).stdout)
    last = [(passage["file"], passage["line"], passage["text"]) for passage in found["passages"]][-2:]
    assert last == [("standard input", 2, "One."), ("standard input", 3, "Two.")]


def test_another_field_may_hold_the_text():
    found = json.loads(call("--field", "body", "-r", "1", "-f", "json", stdin='{"body": "One.", "text": "Two."}\n').stdout)
    assert found["text"] == "One."
    assert found["passages"][0]["metadata"] == {"text": "Two."}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"text": "no end', "notes.jsonl, line 3 is no JSON: Unterminated string"),
        ("plain words", "notes.jsonl, line 3 is no JSON: Expecting value"),
        ('{"text": "a"} {"text": "b"}', "notes.jsonl, line 3 is no JSON: Extra data"),
        ('{"text": "a", "score": NaN}', "notes.jsonl, line 3 is no JSON: NaN is no number of JSON"),
        ('{"text": "a", "score": 1e999}', "notes.jsonl, line 3 is no JSON: 1e999"),
        ("[" * 200_000, "notes.jsonl, line 3 is no JSON: "),
        ('["text"]', 'notes.jsonl, line 3 is no JSON object, such as {"text": ...}'),
        ('{"body": "a", "id": 1}', "notes.jsonl, line 3 has no text in a field 'text'; other fields: body, id; see --field"),
        ('{"text": 5}', "notes.jsonl, line 3 has no text in a field 'text'; other fields: none"),
        ('{"text": null}', "notes.jsonl, line 3 has no text in a field 'text'"),
    ],
)
def test_lines_that_give_no_text_are_named(tmp_path, line, says):
    path = tmp_path / "notes.jsonl"
    path.write_text(f'{{"text": "One."}}\n\n{line}\n', encoding="utf-8")
    assert says in fails(call(str(path)), 1)


def test_a_field_needs_json_lines(file):
    assert "--field goes with --split jsonl" in fails(call(file, "--split", "lines", "--field", "text"), 2)


def test_no_lines_are_an_empty_input():
    found = call(stdin="\n\n")
    assert (found.exit_code, found.stdout) == (0, "")
    assert "warning: the input is empty" in found.stderr


def plain(*args: str, stdin: str = ""):
    return CliRunner().invoke(app, ["compress", "--method", "head", *args], input=stdin)


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "A.JSONL", "a.jsonl.gz", "a.ndjson.GZ"])
def test_names_of_json_lines_say_how_to_split(tmp_path, name):
    path, content = tmp_path / name, b'{"text": "One.", "id": 7}\n{"text": "Two."}\n'
    path.write_bytes(gzip.compress(content) if name.lower().endswith(".gz") else content)
    for told in ((), ("--split", "jsonl")):
        found = plain(str(path), "-r", "1", "-f", "json", *told)
        parsed = json.loads(found.stdout)
        assert parsed["text"] == "One.\n\nTwo."
        assert (parsed["passages"][0]["line"], parsed["passages"][0]["metadata"]) == (1, {"id": 7})
        notes = [line for line in found.stderr.splitlines() if "JSON lines" in line]
        assert notes == (
            [] if told else [f"reading {path} as JSON lines, documents in the field 'text'; --split none takes a file as one text"]
        )


def test_only_the_files_of_that_name_are_split(tmp_path, file):
    for name, content in (("notes.md", '{"text": "a"}\n'), ("more.ndjson", '{"text": "b"}\n')):
        (tmp_path / name).write_text(content, encoding="utf-8")
    found = plain(
        file, str(tmp_path / "notes.md"), str(tmp_path / "more.ndjson"), "-", "-r", "1", "-f", "json", stdin='{"text": "c"}'
    )
    texts = [passage["text"] for passage in json.loads(found.stdout)["passages"]]
    assert texts[-3:] == ['{"text": "a"}\n', "b", '{"text": "c"}']
    assert found.stderr.startswith(f"reading {file} and 1 more as JSON lines")


def test_another_split_outdoes_the_name(file):
    found = plain(file, "--split", "none", "-r", "1")
    assert found.stdout.startswith('{"id": 7')
    assert "JSON lines" not in found.stderr


def test_a_field_goes_with_the_name(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"body": "One."}\n', encoding="utf-8")
    found = plain(str(path), "--field", "body", "-r", "1")
    assert (found.exit_code, found.stdout) == (0, "One.\n")
    assert "in the field 'body'" in found.stderr
    assert "has no text in a field 'text'; other fields: body; see --field" in plain(str(path)).stderr


WHOLE = gzip.compress(b'{"text": "One."}', mtime=0)  # the header holds the time otherwise, and the time the names of the tests


@pytest.mark.parametrize("content", [b"{}", WHOLE[:-9], WHOLE[:12] + b"\xff" * 20], ids=["plain", "cut off", "damaged"])
def test_what_is_no_gzip_file_is_one_line(tmp_path, content):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(content)
    error = fails(call(str(path)), 1)
    assert re.match(rf"error: cannot read {re.escape(str(path))}: (it is no whole gzip file|Not a gzipped file)", error)
