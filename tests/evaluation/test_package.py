"""The package llmlingua as a method, with a stand-in for the interpreter that has it."""

import gzip
import json
import sys
from dataclasses import replace
from importlib.util import find_spec

import pytest
from fakes import count_words
from small_data import write_all
from typer.testing import CliRunner

from linguapress import Budget, Chain, UnknownName
from linguapress.errors import InvalidBudget, ModelNotFound
from linguapress.evaluation import contenders, grid, grid_plan, package_process
from linguapress.evaluation.grid_cli import app
from linguapress.evaluation.grid_plan import Plan
from linguapress.evaluation.package import METHODS, Package
from linguapress.evaluation.package_process import PackageNotUsable, PackageProcess
from linguapress.evaluation.report_data import findings
from linguapress.evaluation.report_tables import cost_table, token_table
from linguapress.jsonl import read_jsonl
from linguapress.methods.prompts import Prompt

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script that runs by its first line")

# Lower-cases, sets numbers apart, keeps every second word of LLMLingua-2's documents and, of the others', those of the last two
# documents in turned order; what a document or the question says can end it.
FAKE = """#!{python}
import json, os, re, sys, time
print("noise", file=sys.stderr)
print(dict(), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    documents, said = asked["documents"], " ".join([*asked["documents"], asked["question"]])
    if "CRASH" in said:
        sys.stderr.write("out of memory")
        sys.stderr.flush()
        os._exit(3)
    if "HANG" in said:
        time.sleep(60)
    if "RAISE" in said:
        answer = dict(error="IndexError: it broke")
    elif "ABSENT" in said:
        answer = dict(unusable="ModuleNotFoundError: No module named 'llmlingua'")
    else:
        short = lambda text: " ".join(re.sub(r"([,.])", r" \\\\1 ", text.lower()).split()[::2])
        order = list(range(len(documents)))[:-3:-1]
        pieces = [[[n], short(text)] for n, text in enumerate(documents)]
        if asked["model"] == "lm":
            pieces = [[order, "\\\\n\\\\n".join(short(documents[n]) for n in order) + " foreign"]]
        text = "\\\\n\\\\n".join(text for _, text in pieces)
        answer = dict(text=text, pieces=pieces, seconds=0.25, forward=0.125)
        with open({log!r}, "a") as log:
            log.write(json.dumps([asked["method"], asked["question"], asked["target"], os.environ["OMP_NUM_THREADS"]]) + "\\\\n")
    print(json.dumps(answer), flush=True)
""".replace("\\\\", "\\")
DOCUMENTS = [
    "The Tower opened in 1,889 with much noise.",
    "It stands in Paris near the river Seine.",
    "Fish live in the Lake there.",
]
BUDGET = Budget(tokens=9, count=count_words)


@pytest.fixture
def log(tmp_path):
    return tmp_path / "asked.jsonl"


@pytest.fixture
def python(tmp_path, log, monkeypatch):
    """An interpreter, for all that its callers can see; it reads no models, so none are prepared."""
    monkeypatch.setattr(PackageProcess, "_models", lambda process, scratch: ["--keep", "none", "--lm", "none"])
    file = tmp_path / "python"
    file.write_text(FAKE.format(python=sys.executable, log=str(log)), "utf-8")
    file.chmod(0o755)
    yield str(file)
    package_process.process_of(str(file), "lm").end()


def texts(out):
    return [(passage.index, passage.text.strip()) for passage in out.passages]


def test_its_words_are_kept_as_the_documents_have_them(python, log):
    out = Package("package_llmlingua2", python).compress(DOCUMENTS, "where", budget=BUDGET)
    assert texts(out) == [(0, "The opened 1,889 much ."), (1, "It in near river ."), (2, "Fish in Lake.")]
    assert out.written.startswith("the opened")
    assert (out.missing, out.warnings) == (0, ())
    assert json.loads(log.read_text("utf-8"))[:3] == ["package_llmlingua2", "where", 9]


def test_it_may_exceed_the_budget_and_is_not_cut(python):
    out = Package("package_llmlingua2", python).compress(DOCUMENTS, budget=BUDGET)
    assert out.tokens_after == count_words(out.written) > out.limit == 9
    assert len(out.passages) == 3


def test_documents_come_in_its_order_and_foreign_words_are_counted(python):
    out = Package("package_longllmlingua", python).compress(DOCUMENTS, "where", budget=BUDGET)
    assert [passage.index for passage in out.passages] == [2, 1]
    assert [passage.index for passage in out.dropped] == [0]
    assert (out.missing, out.facts["words_missing"]) == (1, 1)
    assert "words that package_longllmlingua wrote were not found" in out.warnings[0]


def test_without_a_question_longllmlingua_is_llmlingua(python, log):
    Package("package_longllmlingua", python).compress(DOCUMENTS, " ", budget=BUDGET)
    Package("package_longllmlingua", python).compress(DOCUMENTS, "where", budget=BUDGET)
    assert [json.loads(line)[0] for line in log.read_text("utf-8").splitlines()] == ["package_llmlingua", "package_longllmlingua"]


def test_what_fits_is_kept_and_nobody_asked(python, log):
    press = Package("package_llmlingua", python)
    for documents in (DOCUMENTS, [], [""]):
        out = press.compress(documents, budget=Budget(tokens=50, count=count_words))
        assert out.text == out.written == "\n\n".join(documents)
    assert not log.exists()


def test_of_a_prompt_only_the_demonstrations_are_shortened(python, log):
    prompt = Prompt("Do it well.", DOCUMENTS, "What now, my friend?")
    out = Package("package_llmlingua2", python).compress_shots(prompt, budget=Budget(tokens=17, count=count_words))
    assert out.written.startswith("Do it well.\n\nthe opened")
    assert out.written.endswith("\n\nWhat now, my friend?")
    assert [passage.index for passage in out.passages] == [0, 1, 2, 3, 4]
    assert (out.passages[0].text, out.passages[4].text) == (prompt.instruction, prompt.question)
    assert json.loads(log.read_text("utf-8"))[2] == 17 - 3 - 4
    Package("package_llmlingua2", python).compress_shots(prompt, budget=Budget(tokens=2, count=count_words))
    assert json.loads(log.read_text("utf-8").splitlines()[-1])[2] == 1  # 0 would mean that nothing is asked for


@pytest.mark.parametrize(
    ("word", "reason"), [("RAISE", "IndexError: it broke"), ("CRASH", "its process ended: noise out of memory")]
)
def test_what_it_cannot_do_keeps_nothing_and_does_not_end_it(python, word, reason):
    press = Package("package_llmlingua2", python)
    out = press.compress([*DOCUMENTS, word], budget=BUDGET)
    assert (out.text, out.written, out.tokens_after, out.failed) == ("", "", 0, reason)
    assert out.warnings == (f"package_llmlingua2 failed and keeps nothing: {reason}",)
    assert press.compress(DOCUMENTS, budget=BUDGET).text


def test_what_takes_too_long_is_ended(python):
    process = PackageProcess(python, "lm", patience=0.5)
    with pytest.raises(package_process.PackageFailed, match=r"no answer in 0\.5 seconds"):
        process.ask({"documents": ["HANG"], "question": ""})
    assert process.pid is None
    process.patience = 60
    assert process.ask({"documents": ["a b c"], "question": "", "model": "keep", "target": 1, "method": ""})["text"] == "a c"
    process.end()


def test_an_interpreter_without_the_package_is_named(python, tmp_path):
    with pytest.raises(PackageNotUsable, match=r"No module named 'llmlingua'.*--reference-python"):
        Package("package_llmlingua", python).compress(["ABSENT", *DOCUMENTS], budget=BUDGET)
    with pytest.raises(PackageNotUsable, match="nowhere"):
        Package("package_llmlingua", str(tmp_path / "nowhere")).compress(DOCUMENTS, budget=BUDGET)
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho this is no Python >&2\n", "utf-8")
    other.chmod(0o755)
    with pytest.raises(PackageNotUsable, match="this is no Python"):
        Package("package_llmlingua", str(other)).compress(DOCUMENTS, budget=BUDGET)


def test_a_language_model_is_read_from_a_folder():
    with pytest.raises(ModelNotFound, match="some/name"):
        Package("package_llmlingua", sys.executable, "some/name").compress(DOCUMENTS, budget=BUDGET)


@pytest.mark.skipif(find_spec("llmlingua") is not None, reason="llmlingua is installed here")
def test_the_real_worker_says_what_is_missing_there(python):
    with pytest.raises(PackageNotUsable, match="No module named 'llmlingua'"):
        Package("package_llmlingua2", sys.executable).compress(DOCUMENTS, budget=BUDGET)
    package_process.process_of(sys.executable, "lm").end()


def test_it_can_be_a_step_of_a_chain(python):
    out = Chain(Package("package_llmlingua2", python)).compress(DOCUMENTS, budget=Budget(tokens=12, count=count_words))
    assert 0 < out.tokens_after <= 12


def test_it_needs_an_interpreter_and_a_budget(python):
    with pytest.raises(UnknownName, match="name its interpreter with --reference-python"):
        contenders.contender("package_llmlingua2")
    with pytest.raises(UnknownName, match="unknown method"):
        Package("package_other", python)
    with pytest.raises(InvalidBudget, match="needs a budget"):
        contenders.contender("package_llmlingua2", reference=python).compress(DOCUMENTS)
    assert not set(METHODS) & set(contenders.names())
    assert set(METHODS) <= set(contenders.names(python))


@pytest.fixture
def plan(tmp_path, python):
    folder = write_all(tmp_path / "data")
    methods = ("package_llmlingua2", "lexical_sentences", "package_longllmlingua")
    return Plan(
        folder, methods, ("nq", "gsm8k"), rates=(0.4,), limit=2, shown=1, counter="embedded", also=("embedded",), reference=python
    )


def ran(plan, file, processes=1):
    todo = grid_plan.jobs(plan, set())
    grid.checked(plan, todo)
    grid.run(plan, file, todo, processes)
    return [row for row in read_jsonl(file) if "method" in row]


def test_rows_of_a_grid_tell_what_it_wrote(plan, tmp_path):
    found = ran(replace(plan, timed=1), tmp_path / "grid.jsonl")
    assert len(found) == 2 * 2 * 3
    own = [row for row in found if row["method"] in METHODS]
    assert all(row["failed"] is None and row["words"] > row["words_missing"] for row in own)
    assert all(row["tokens_after"] == row["tokens"]["embedded"][1] for row in own)
    assert any(row["tokens_after"] > row["limit"] for row in own)
    assert {(row["ms"], row["forward_ms"]) for row in own if row["ms"] is not None} == {(250, 125)}
    assert all(row["written"] for row in own if "spans" in row)
    shots = [row for row in own if row["task"] == "gsm8k"]
    assert {row["frame"] for row in shots} == {1}


def test_the_report_shows_what_exceeds_the_budget(plan, tmp_path):
    file = tmp_path / "grid.jsonl"
    over = sum(
        row["tokens_after"] > row["limit"] for row in ran(replace(plan, timed=2), file) if row["method"] == "package_llmlingua2"
    )
    table = token_table(findings([file], against="lexical_sentences"))
    (row,) = [cells for cells in table.rows if cells[0].text == "package_llmlingua2"]
    assert row[-1].text == str(over) != "0"
    assert cost_table(findings([file], against="lexical_sentences")).rows


@pytest.mark.slow
def test_each_process_has_a_worker_with_its_share_of_the_threads(plan, tmp_path, log, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    key = grid_plan.key_of
    alone = sorted(ran(plan, one), key=key)
    before = len(log.read_text("utf-8").splitlines())
    assert sorted(ran(plan, two, processes=2), key=key) == alone
    asked = [json.loads(line) for line in log.read_text("utf-8").splitlines()[before:]]
    assert [threads for *_, threads in asked[-8:]] == ["1"] * sum(row["method"] in METHODS for row in alone)


def command(folder, *options):
    chosen = ("--task", "nq", "--rate", "0.4", "--counter", "embedded", "--also", "embedded", "--limit", "1")
    return CliRunner().invoke(app, [str(folder), *chosen, *options])


def test_the_command_wants_an_interpreter_only_for_the_package(plan, tmp_path):
    out = str(tmp_path / "grid.jsonl")
    refused = command(plan.data, "--method", "package_llmlingua", "--out", out)
    assert refused.exit_code == 2
    assert "--reference-python" in refused.output
    found = command(plan.data, "--method", "package_llmlingua", "--reference-python", plan.reference, "--out", out)
    assert "1 new rows" in found.output, found.output
    assert "failed" not in found.output
    assert plan.reference not in (tmp_path / "grid.jsonl").read_text("utf-8")


def test_the_command_counts_what_failed(plan, tmp_path):
    folder = plan.data
    for file in (folder / "nq_multidoc").iterdir():
        text = gzip.decompress(file.read_bytes()).decode().replace("when did the tower open", "RAISE it")
        file.write_bytes(gzip.compress(text.encode()))
    chosen = ("--method", "package_llmlingua", "--method", "head", "--reference-python", plan.reference)
    found = command(folder, *chosen, "--out", str(tmp_path / "grid.jsonl"))
    assert found.exit_code == 0, found.output
    assert "1 rows in it keep nothing" in " ".join(found.output.split())
