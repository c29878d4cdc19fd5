"""The grid on a small data folder: resumed, over processes, counted."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest
from small_data import write_all
from typer.testing import CliRunner

from linguapress import InvalidRecord
from linguapress.evaluation import grid, grid_plan
from linguapress.evaluation.counting import counters
from linguapress.evaluation.grid_cli import app
from linguapress.evaluation.grid_plan import Plan
from linguapress.jsonl import read_jsonl


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_all(tmp_path_factory.mktemp("data"))


@pytest.fixture
def plan(folder):
    return Plan(
        folder, ("head", "lexical_sentences"), ("nq", "api-docs", "qmsum"), rates=(0.2, 0.5), limit=2, shown=1, counter="embedded",
        also=("embedded",),
    )  # fmt: skip


def ran(plan, file, processes=1, step=lambda _: True):
    todo = grid_plan.jobs(plan, grid_plan.done(file, plan))
    return grid.run(plan, file, todo, processes, step)


def rows(file):
    return [row for row in read_jsonl(file) if "method" in row]


def test_every_cell_of_the_grid_is_run_once(plan, tmp_path):
    file = tmp_path / "grid.jsonl"
    assert ran(plan, file) == 3 * 2 * 2 * 2
    found = Counter(map(grid_plan.key_of, rows(file)))
    assert set(found.values()) == {1}
    assert Counter(key[0] for key in found) == {"nq": 8, "api-docs": 8, "qmsum": 8}
    before = file.read_bytes()
    assert ran(plan, file) == 0
    assert file.read_bytes() == before


def test_a_grid_that_was_cut_off_goes_on(plan, tmp_path):
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    ran(plan, whole)
    lines = whole.read_bytes().splitlines(keepends=True)
    cut.write_bytes(b"".join(lines[:7]) + lines[7][:40])
    assert ran(plan, cut) == len(lines) - len([line for line in lines[:7] if b'"method"' in line]) - 1 - source_lines(lines)
    key = grid_plan.key_of
    assert sorted(rows(cut), key=key) == sorted(rows(whole), key=key)


def source_lines(lines):
    return sum(line.startswith(b'{"source"') for line in lines)


def test_what_is_left_over_is_not_begun(plan, tmp_path):
    file, seen = tmp_path / "grid.jsonl", []
    assert ran(plan, file, step=lambda job: seen.append(job.task) or len(seen) < 2) == 8
    assert seen == ["nq", "api-docs"]  # one example of each task in turn
    assert ran(plan, file) == 16


def test_more_methods_budgets_seeds_and_examples_are_added(plan, tmp_path):
    file = tmp_path / "grid.jsonl"
    ran(plan, file)
    assert ran(replace(plan, methods=("head", "random_words")), file) == 12
    assert ran(replace(plan, rates=(0.2, 0.3)), file) == 12
    assert ran(replace(plan, limit=3), file) == 12
    assert ran(replace(plan, seeds=(0, 1)), file) == 24
    nq = [row for row in rows(file) if row["task"] == "nq" and row["id"] == "nq-1" and row["method"] == "head"]
    assert {row["seed"] for row in nq} == {0, 1}


def test_rows_of_other_conditions_are_not_mixed(plan, tmp_path):
    file = tmp_path / "grid.jsonl"
    ran(plan, file)
    with pytest.raises(InvalidRecord, match="choose another --out"):
        grid_plan.done(file, replace(plan, counter="cl100k_base"))


@pytest.mark.parametrize("text", ["Dear diary", "Dear diary,\nit rained", '{"method": "head", "id": "1"}\n', "3\n"])
def test_a_file_of_something_else_is_left_alone(plan, tmp_path, text):
    file = tmp_path / "grid.jsonl"
    file.write_text(text, "utf-8")
    with pytest.raises(InvalidRecord, match="no file of bench-grid"):
        grid_plan.done(file, plan)
    assert file.read_text("utf-8") == text


def test_an_empty_file_is_begun_anew(plan, tmp_path):
    file = tmp_path / "grid.jsonl"
    file.touch()
    ran(plan, file)
    assert "about" in next(read_jsonl(file))


def test_rows_hold_what_a_report_needs(plan, tmp_path):
    file = tmp_path / "grid.jsonl"
    ran(replace(plan, timed=1, tasks=("nq",)), file)
    timed = [row for row in rows(file) if row["ms"] is not None]
    assert {row["id"] for row in timed} == {rows(file)[0]["id"]}
    for row in timed:
        assert row["peak_mib"] >= 0
        assert sum(row["stages"].values()) <= row["ms"]
        assert [spans for _, spans, _ in row["spans"]]
    assert all(row["tokens"]["embedded"][1] == row["tokens_after"] <= row["limit"] for row in rows(file))
    (source,) = [row["source"] for row in read_jsonl(file) if "source" in row]
    first = timed[0]["spans"][0]
    assert source["documents"][first[0]][slice(*first[1][0])]


@pytest.mark.slow
def test_two_processes_find_what_one_does(plan, tmp_path):
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    small = replace(plan, tasks=("nq", "qmsum"), limit=1)
    ran(small, one)
    ran(small, two, processes=2)
    key = grid_plan.key_of
    assert sorted(rows(two), key=key) == sorted(rows(one), key=key)


_PARENT = """
import os, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from linguapress.evaluation.grid import _begin
pool = ProcessPoolExecutor(1, get_context("spawn"), _begin, (1,))
print(pool.submit(os.getpid).result(), flush=True)
pool.submit(time.sleep, 600).result()
"""


def test_no_process_outlives_the_one_that_writes():
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE) as parent:
        assert int(parent.stdout.readline())
        parent.kill()
        assert parent.communicate(timeout=60)[0] == b""  # its child held the pipe open, and is gone


def test_a_reader_is_asked_where_it_can_tell(plan, tmp_path, monkeypatch):
    class Parrot:
        single = True

        def answer(self, question, context):
            return "1889" if "1889" in context else "no idea"

    monkeypatch.setattr(grid, "reader_of", lambda spec: Parrot())
    file = tmp_path / "grid.jsonl"
    ran(replace(plan, tasks=("nq", "nq-passage"), reader="parrot"), file)
    for row in rows(file):
        assert ("f1" in row) == (row["task"] == "nq-passage")
        assert row.get("em", row["answer"]) == row["answer"]


def command(folder, *options):
    chosen = ("--method", "head", "--counter", "embedded", "--also", "embedded", "--limit", "2")
    return CliRunner().invoke(app, [str(folder), *chosen, *options])


def test_the_command_runs_and_goes_on(folder, tmp_path):
    out = tmp_path / "grid.jsonl"
    options = ("--task", "nq", "--task", "structured", "--rate", "0.5", "--out", str(out))
    result = command(folder, *options)
    assert result.exit_code == 0, result.output
    assert "4 new rows" in result.output
    assert "0 new rows" in command(folder, *options).output
    assert "4 new rows" in command(folder, *options, "--tokens", "20").output
    assert "threads" in json.loads((tmp_path / "grid.machine.json").read_text("utf-8"))["machine"]
    assert str(folder) not in out.read_text("utf-8")


def test_time_that_is_up_begins_nothing_more(folder, tmp_path):
    result = command(folder, "--task", "nq", "--rate", "0.5", "--minutes", "0", "--out", str(tmp_path / "grid.jsonl"))
    assert "1 new rows" in result.output


def test_the_command_says_what_the_tasks_are(folder, tmp_path):
    result = command(folder, "--task", "gsm8k", "--describe", "--out", str(tmp_path / "grid.jsonl"))
    assert "**gsm8k**: " in result.output
    assert not (tmp_path / "grid.jsonl").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        ("--task", "nothing"), ("--part", "train"), ("--method", "nothing"), ("--also", "no_such_tokenizer"),
        ("--reader", "langchain:no_such_module:x"), ("--rate", "7"),
    ],
)  # fmt: skip
def test_the_command_refuses_before_it_begins(folder, tmp_path, wrong):
    result = command(folder, "--task", "nq", *wrong, "--out", str(tmp_path / "grid.jsonl"))
    assert result.exit_code == 2, result.output
    assert not (tmp_path / "grid.jsonl").exists()


def test_tokens_of_gpt2_are_counted_by_the_vocabulary_of_the_data_folder(tmp_path):
    (tmp_path / "tokenizers").mkdir()
    (tmp_path / "tokenizers" / "gpt2_encoder.json").write_text(json.dumps({"a": 0, "b": 1, "ab": 2}), "utf-8")
    (tmp_path / "tokenizers" / "gpt2_vocab.bpe").write_text("#version: 0.2\na b\n", "utf-8")
    found = counters(("gpt2", "embedded"), tmp_path)
    assert list(found) == ["gpt2", "embedded"]
    assert (found["gpt2"]("abba"), found["embedded"]("Hello world")) == (3, 2)
