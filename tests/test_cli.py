from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from linguapress import Budget, __version__, load
from linguapress.cli import app
from linguapress.commands.documents import Split, read_documents
from linguapress.demo import Outcome, Question, Source, questions, retrieve, sources, still_there
from linguapress.failures import USAGE, agreed
from linguapress.presets import list_methods
from linguapress.scores import Rating

TEXT = "Marie Curie won two Nobel Prizes. She was born in Warsaw in 1867.\n\nParis is a big city. It has a river.\n"
HEAD = ["compress", "--method", "head"]
POSIX = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="needs a POSIX shell and /dev/full")


def call(*args: str, stdin: str | bytes | None = None):
    return CliRunner().invoke(app, list(args), input=stdin)


def process(*args: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "linguapress", *args]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=120, env={**os.environ, **environment}, check=False)


def redirected(streams: str, *args: str) -> subprocess.CompletedProcess[bytes]:
    """A process whose standard streams a shell redirects."""
    command = ["sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, "-m", "linguapress", *args]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(command, input=TEXT.encode(), capture_output=True, timeout=120, env=buffered, check=False)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(TEXT.encode())
    return str(path)


def one_line(found) -> str:
    assert found.stdout == ""
    assert found.stderr.count("\n") == 1
    assert found.stderr.startswith("error: ")
    return found.stderr


def test_version_and_help():
    assert call("--version").output == f"linguapress {__version__}\n"
    shown = call("--help").output
    assert all(command in shown for command in ("compress", "methods", "demo", "train", "bench"))
    assert call().exit_code == 2


def test_importing_it_is_cheap():
    heavy = "torch", "transformers", "linguapress.models", "linguapress.training", "linguapress.evaluation"
    code = f"import sys, linguapress.cli; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("command", ["train", "bench"])
def test_later_commands_are_those_of_their_modules(command):
    found = call(command, "--help")
    assert found.exit_code == 0
    assert "Usage:" in found.output
    assert command in found.output


def test_methods_lists_all_with_their_settings():
    shown = call("methods").output
    assert all(name in shown and about in shown for name, about in list_methods().items())
    assert "model, device, guard" in shown


def test_result_goes_to_stdout_and_measurements_to_stderr(file):
    found = call(*HEAD, file, "--tokens", "12")
    expected = load("head").compress([TEXT], budget=Budget(tokens=12))
    assert found.exit_code == 0
    assert found.stdout == expected.text.rstrip("\n") + "\n"
    assert f"{expected.tokens_before} -> {expected.tokens_after} tokens" in found.stderr
    assert "limit 12" in found.stderr
    assert found.stderr.rstrip().endswith("ms with loading")


def test_half_is_kept_when_no_budget_is_given(file):
    found = json.loads(call(*HEAD, file, "--format", "json").stdout)
    assert found["limit"] == found["tokens_before"] // 2


def test_everything_comes_back_exactly_when_it_fits(tmp_path):
    path = tmp_path / "odd.txt"
    source = "a\r\nb\tc  \u2028d ไม่ \U0001f469\u200d\U0001f4bb\r\n"
    path.write_bytes(source.encode())
    assert call(*HEAD, str(path), "--rate", "1").stdout_bytes == source.encode()


def test_a_byte_order_mark_is_no_text(tmp_path):
    path = tmp_path / "marked.txt"
    path.write_bytes(b"\xef\xbb\xbfone two")
    assert call(*HEAD, str(path), "--rate", "1").stdout == "one two\n"


def test_files_are_documents_in_their_order(file, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("Other text.", encoding="utf-8")
    found = json.loads(call(*HEAD, str(other), file, "-", "--tokens", "100", "--format", "json", stdin="Piped.").stdout)
    assert found["documents"] == [str(other), file, "standard input"]
    assert [passage["text"] for passage in found["passages"]] == ["Other text.", TEXT, "Piped."]
    assert found["text"] == f"Other text.\n\n{TEXT}\n\nPiped."


@pytest.mark.parametrize(
    ("split", "texts"),
    [
        (Split.none, [TEXT]),
        (Split.passages, [TEXT.split("\n\n")[0], TEXT.split("\n\n")[1].rstrip()]),
        (Split.lines, [TEXT.splitlines()[0], TEXT.splitlines()[2]]),
    ],
)
def test_splitting(file, split, texts):
    assert [document.text for document in read_documents([file], split)] == texts


def test_blank_lines_with_blanks_and_carriage_returns_split(tmp_path):
    path = tmp_path / "windows.txt"
    path.write_bytes(b"\r\none\r\ntwo\r\n \t\r\n\r\n  three\r\n")
    assert [document.text for document in read_documents([str(path)], Split.passages)] == ["\r\none\r\ntwo", "  three"]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("# One\n\nText.\n\nMore.\n\n## Two ##\n \n\nEnd.\n", ["# One\n\nText.", "More.", "## Two ##\n \n\nEnd."]),
        ("# One\n\n## Two\n\nText.\n\n# Last\n", ["# One\n\n## Two\n\nText.", "# Last"]),
        ("One\n===\n\nText.\n\n---\n\nTwo\n--\n\nText.", ["One\n===\n\nText.", "---", "Two\n--\n\nText."]),
        ("# One\r\n\r\nText.\r\n", ["# One\r\n\r\nText."]),
        ("# One\nText.\n\n#two\n\nText.", ["# One\nText.", "#two", "Text."]),
    ],
)
def test_a_heading_stays_with_the_passage_below_it(tmp_path, text, cut):
    path = tmp_path / "a.md"
    path.write_bytes(text.encode())
    found = read_documents([str(path)], Split.passages)
    assert [document.text for document in found] == cut
    assert all(text.startswith(document.text, document.start) for document in found)


def test_separator_is_a_line_for_lines_and_may_be_chosen(file):
    assert call(*HEAD, file, "-r", "1", "--split", "lines").stdout == TEXT.replace("\n\n", "\n")
    assert "\n---\n" in call(*HEAD, file, "-r", "1", "--split", "lines", "--separator", r"\n---\n").stdout


def test_json_is_the_compression(file):
    found = call(*HEAD, file, "-t", "12", "--split", "passages", "-f", "json", "-q", "Where?")
    expected = load("head").compress(TEXT.split("\n\n"), "Where?", budget=Budget(tokens=12))
    parsed = json.loads(found.stdout)
    assert parsed["ratio"] == expected.ratio
    for passage in parsed["passages"]:
        del passage["file"], passage["source_spans"]
    assert {**expected.to_dict(), "stages": 0} == {key: parsed[key] for key in expected.to_dict()} | {"stages": 0}


@pytest.mark.parametrize("split", [Split.none, Split.passages, Split.lines])
def test_json_tells_where_in_which_file_the_kept_characters_stand(tmp_path, split):
    texts = {"marked": "Same line.\n\n  Same line.\n", "windows": "\r\nSame line.\r\n \t\r\n\r\n  中文 \U0001f600. Same line.\r\n"}
    files = {str(tmp_path / name): text for name, text in texts.items()}
    for path, text in files.items():
        Path(path).write_bytes(("\ufeff" * path.endswith("marked") + text).encode())
    found = json.loads(call(*HEAD, *files, "-", "-r", "1", "--split", split.value, "-f", "json", stdin="\n\nPiped.").stdout)
    sources = {**files, "standard input": "\n\nPiped."}
    assert {passage["file"] for passage in found["passages"]} == set(sources)
    for passage in found["passages"]:
        assert "".join(sources[passage["file"]][start:end] for start, end in passage["source_spans"]) == passage["text"]
    places = [(passage["file"], span[0]) for passage in found["passages"] for span in passage["source_spans"]]
    assert len(set(places)) == len(places)


def test_json_of_nothing_kept_parses(file):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    parsed = json.loads(call(*HEAD, file, "-t", "0", "-f", "json").stdout, parse_constant=refuse)
    assert (parsed["text"], parsed["ratio"]) == ("", None)


@pytest.mark.parametrize(
    ("form", "mark"),
    [("ansi", "\x1b[2;9m"), ("html", "<del "), ("markdown", "~~"), ("text", "Marie")],
)
def test_formats(file, form, mark, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    found = call(*HEAD, file, "-t", "12", "-f", form)
    assert found.exit_code == 0
    assert mark in found.stdout
    assert found.stdout.endswith("\n")
    assert ("\x1b" in found.stdout) == (form == "ansi")


def test_html_is_a_whole_page_that_shows_what_a_notebook_shows(tmp_path):
    path = tmp_path / "<b>.txt"
    path.write_text("Kept words.\n\n<script>alert(1)</script> 中文\n", encoding="utf-8")
    page = call(*HEAD, str(path), "-t", "3", "-f", "html").stdout
    assert page.startswith("<!doctype html>")
    assert page.count('<div class="linguapress">') == 1
    assert "&lt;b&gt;.txt" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "<td>head</td>" in page


def test_no_color_is_honoured(file, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    found = call(*HEAD, file, "-t", "12", "-f", "ansi")
    assert "\x1b" not in found.stdout
    assert "[-" in found.stdout


def test_keep_patterns_survive(file):
    args = ["compress", file, "--method", "sentence_filter", "--model", "lexical", "-q", "Curie", "-t", "20"]
    assert "It has a river." not in call(*args, "--split", "passages").stdout
    assert "river" in call(*args, "--split", "passages", "--keep", "a r.ver", "--no-guard").stdout


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--tokens", "5", "--rate", "0.5"], "either --tokens or --rate"),
        (["--tokens", "-5"], "whole number"),
        (["--rate", "1.5"], "between 0 and 1"),
        (["--rate", "nan"], "between 0 and 1"),
        (["--method", "nope"], "choose one of lingua"),
        (["--order", "ends"], "'head' takes no --order"),
        (["--keep", "x"], "'head' takes no --keep or --no-guard"),
        (["--method", "lingua", "--order", "backwards"], "choose one of original"),
        (["--method", "lingua", "--keep", "("], "does not compile"),
        (["-", "-"], "only once"),
    ],
)
def test_usage_errors(file, args, says):
    found = call(*HEAD, file, *args)
    assert found.exit_code == 2
    assert says in one_line(found)


@pytest.mark.parametrize("args", [["--rate", "half"], ["--format", "pdf"], ["--nope"], ["--split", "words"]])
def test_options_that_do_not_parse(file, args):
    found = call(*HEAD, file, *args)
    assert (found.exit_code, found.stdout) == (2, "")
    assert "Traceback" not in found.stderr


def test_unreadable_files(tmp_path):
    latin = tmp_path / "latin.txt"
    latin.write_bytes("café".encode("latin-1"))
    for path, says in [(str(latin), "byte 3 is not UTF-8"), ("/no/such/file", "No such file"), (str(tmp_path), "cannot read")]:
        found = call(*HEAD, path)
        assert found.exit_code == 1
        assert says in one_line(found)


def test_hostile_names_do_not_reach_the_terminal():
    assert "\x1b" not in one_line(call(*HEAD, "no\x1b[31m\nfile"))


def test_unexpected_errors_are_one_line_unless_asked(file, monkeypatch):
    def broken(*args, **settings):
        raise ZeroDivisionError("by\nzero")

    monkeypatch.delenv("LINGUAPRESS_TRACEBACK", raising=False)
    monkeypatch.setattr("linguapress.commands.methods.load", broken)
    found = call(*HEAD, file)
    assert found.exit_code == 1
    assert "ZeroDivisionError: by zero" in one_line(found)
    monkeypatch.setenv("LINGUAPRESS_TRACEBACK", "1")
    assert isinstance(call(*HEAD, file).exception, ZeroDivisionError)


def test_empty_input():
    for stdin in ("", " \n"):
        found = call(*HEAD, "--split", "lines", stdin=stdin)
        assert (found.exit_code, found.stdout) == (0, "")
        assert "warning: the input is empty" in found.stderr


def test_warnings_go_to_stderr(file):
    found = call("compress", file, "-m", "sentence_filter", "--model", "lexical", "-q", "Curie", "-t", "3")
    assert "warning: no whole unit fits 3 tokens" in found.stderr


def test_piping_through_a_process():
    found = process(*HEAD, "--tokens", "12", stdin=TEXT.encode())
    assert found.returncode == 0
    assert found.stdout.startswith(b"Marie Curie won two Nobel Prizes.")
    assert found.stdout.count(b"\n") == 1
    assert b"tokens" in found.stderr


def test_output_is_utf8_whatever_the_locale():
    found = process(*HEAD, "--rate", "1", stdin="naïve 中文\n".encode(), PYTHONIOENCODING="ascii")
    assert (found.returncode, found.stdout) == (0, "naïve 中文\n".encode())


def test_errors_in_a_process():
    found = process(*HEAD, "/no/such/file")
    assert (found.returncode, found.stdout) == (1, b"")
    assert b"Traceback" not in found.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGPIPE there")
def test_a_reader_that_leaves_is_no_error(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("word and more\n" * 20_000, encoding="utf-8")
    command = [sys.executable, "-m", "linguapress", *HEAD, str(path), "--rate", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.readline()
        started.stdout.close()
        errors = started.stderr.read()
    assert started.returncode == 0
    assert b"Traceback" not in errors
    assert b"BrokenPipe" not in errors


@POSIX
def test_a_closed_standard_error_costs_no_result(file):
    found = redirected("2>&-", *HEAD, file, "-r", "1")
    assert (found.returncode, found.stdout) == (0, TEXT.encode())


@POSIX
@pytest.mark.parametrize("command", [["--version"], ["methods"], [*HEAD, "-r", "1"]], ids=" ".join)
@pytest.mark.parametrize(("to", "says"), [(">&-", b"standard output is closed"), ("> /dev/full", b"No space left on device")])
def test_a_result_that_cannot_be_written_is_one_line(command, to, says):
    found = redirected(to, *command)
    assert (found.returncode, found.stdout) == (1, b"")
    assert found.stderr.splitlines()[0].startswith(b"error: ")
    assert says in found.stderr
    assert found.stderr.count(b"\n") == 1


@POSIX
@pytest.mark.parametrize("command", [["--help"], ["compress", "--help"], ["train", "--help"]], ids=" ".join)
def test_help_that_cannot_be_written_is_one_line(command):
    found = redirected("> /dev/full", *command)
    assert (found.returncode, found.stdout, found.stderr.count(b"\n")) == (1, b"", 1)
    assert b"No space left on device" in found.stderr


@POSIX
def test_a_closed_standard_input_is_one_line():
    found = redirected("<&-", *HEAD)
    assert (found.returncode, found.stdout, found.stderr) == (1, b"", b"error: cannot read standard input: it is closed\n")


def test_nobody_agrees_where_standard_input_is_closed(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(typer.Exit):
        agreed(USAGE)
    assert "add --yes to start" in capsys.readouterr().err


def test_the_default_method_with_the_embedded_model():
    found = process("compress", "-q", "Where was Curie born?", "-t", "18", "--split", "passages", stdin=TEXT.encode())
    assert found.returncode == 0
    assert b"Warsaw" in found.stdout
    assert b"18" in found.stderr
    assert found.stderr.count(b"\n") == 1


def test_the_demo_is_plain_and_answers():
    found = process("demo", "--tokens", "150")
    shown = found.stdout.decode()
    assert (found.returncode, found.stderr) == (0, b"")
    assert "\x1b" not in shown
    assert all(item.question in shown for item in questions())
    assert "answer still there" in shown
    assert shown.count(" yes\n") >= 3


def test_a_question_of_ones_own_is_text():
    found = call("demo", "--question", "What is [red]steam[/red]\x1b[31m?", "--tokens", "60")
    assert found.exit_code == 0
    assert "What is [red]steam[/red]␛[31m?" in found.stdout
    assert "\x1b" not in found.stdout


def test_the_bundled_passages_hold_the_answers():
    texts = [source.text for source in sources()]
    assert len(texts) == len(set(texts)) == 24
    assert len({source.title for source in sources()}) == 6
    assert len(questions()) == 6
    for item in questions():
        assert any(answer in text for text in texts for answer in item.answers)


def test_retrieval_takes_the_best_and_may_lack_ratings():
    class Longest:
        def rate(self, query, passages, units):
            sizes = np.array([len(passage.source) for passage in passages])
            return Rating([], None if query == "?" else sizes)

    library = [Source("a", "one"), Source("b", "three"), Source("c", "seven seven")]
    assert [source.title for source in retrieve(Longest(), "longest", library, 2)] == ["c", "b"]
    assert [source.title for source in retrieve(Longest(), "?", library, 2)] == ["a", "b"]


@pytest.mark.parametrize(("answers", "expected"), [((), "-"), (("WARSAW  in",), "yes"), (("Paris",), "no")])
def test_whether_the_answer_is_still_there(answers, expected):
    result = load("head").compress(["Born in Warsaw\nin 1867."], budget=Budget(rate=1.0))
    assert still_there(Outcome(Question("Where?", answers), (), result, 0.0, 0.0)) == expected
