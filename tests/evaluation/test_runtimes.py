"""The table of runtimes, on fake and on real processes."""

import json
import sys
from types import SimpleNamespace

import pytest

from linguapress.evaluation import runtimes
from linguapress.evaluation.runtimes import Plan, cases_of
from linguapress.evaluation.runtimes_page import markdown


@pytest.fixture
def texts(tmp_path):
    """Two texts of 300 different words."""
    file = tmp_path / "texts.jsonl"
    rows = [{"text": " ".join(f"word{n + 300 * i}" for n in range(300))} for i in range(2)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def test_cases_are_cut_from_the_texts_without_overlap(texts):
    cases = cases_of(texts, (1, 3), (10, 50))
    assert list(cases) == ["1x10", "3x10", "1x50", "3x50"]
    words = [word for documents in cases.values() for document in documents for word in document.split()]
    assert words == [f"word{n}" for n in range(240)]
    assert [len(documents) for documents in cases.values()] == [1, 3, 1, 3]


def test_a_file_that_is_too_short_says_what_is_needed(texts):
    with pytest.raises(ValueError, match="1,200 are needed"):
        cases_of(texts, (2,), (200, 400))


class Fake:
    """A runtime that needs a millisecond a word, half of it for the bare forward pass."""

    def __init__(self, log, name, pace):
        self.log, self.name, self.pace = log, name, pace
        self.process = SimpleNamespace(pid=0)

    def run(self, request):
        case, _, bare = request.partition(" ")
        self.log.append((self.name, case))
        count, size = map(int, case.split("x"))
        seconds = count * size * self.pace
        return {"seconds": [seconds, seconds / 4], "bare": [seconds / 2, seconds / 5]} if bare else {"seconds": [seconds]}


def test_rounds_alternate_and_impatience_leaves_out():
    log = []
    sides = {"onnx": Fake(log, "onnx", 0.001), "llmlingua": Fake(log, "llmlingua", 1.0)}
    tokens = {"1x10": 10, "2x10": 20, "8x100": 800}
    rows = runtimes._rounds(sides, tokens, Plan(rounds=2, large=100, patience=30))
    assert [name for name, case in log if case == "1x10"] == ["onnx", "llmlingua", "llmlingua", "onnx", "onnx", "llmlingua"]
    assert [name for name, case in log if case == "8x100"] == ["onnx"]
    assert rows["2x10"]["onnx"] == {"seconds": [[0.02, 0.005]] * 2, "bare": [[0.01, 0.004]] * 2}
    assert rows["2x10"]["llmlingua"]["bare"] == []
    assert list(rows["8x100"]) == ["onnx"]


@pytest.mark.parametrize(("busy", "speeds", "share"), [(False, "5 | 1", "90%"), (True, "10 | 4", "70%")])
def test_the_page_tells_speed_share_and_what_was_left_out(busy, speeds, share):
    found = {
        "date": "2030-01-01", "data": "x.jsonl", "settings": {"rate": 0.5, "rounds": 3, "threads": 1, "large": 99, "busy": busy},
        "machine": {"processor": "P", "cores": 2}, "device": "cpu", "precision": "bfloat16", "tokens": {"8x10": 100, "1x10": 10},
        "versions": {"torch": {"torch": "2"}, "llmlingua": {"llmlingua": "0.2.2", "torch": "1"}},
        "cold": {"torch": {"seconds": [2.0, 1.0, 9.0], "first_mib": [5, 6, 7], "peak_mib": [8, 8, 8]}},
        "cases": {
            "1x10": {
                "torch": {"seconds": [[1.0, 1], [2.0, 1], [4.0, 1]], "bare": [[0.5, 0.7], [1.9, 0.7], [3.6, 0.7]]},
                "llmlingua": {"seconds": [[10.0, 2.5]], "bare": []},
            },
            "8x10": {},
        },
    }  # fmt: skip
    page = markdown(found)
    assert "| documents x words | tokens | torch bfloat16 | llmlingua |" in page
    assert f"| 1x10 | 10 | {speeds} |\n| 8x10 | 100 | - | - |" in page
    assert f"| 1x10 | 10 | {share} |\n| 8x10 | 100 | - |" in page
    assert "| torch bfloat16 | 2.00 | 6 | 8 |" in page
    assert "torch 2" in page
    assert ("processor time" in page) == busy
    assert "threads of every runtime: 1" in page


@pytest.mark.slow
def test_the_worker_measures_every_runtime(tmp_path, texts):
    pytest.importorskip("onnxscript")
    plan = Plan(rounds=1, colds=1, threads=1, device="cpu")
    small = cases_of(texts, (1, 2), (50,))
    starts = runtimes._starts(tmp_path, small, plan, None)
    assert all(command[0] == sys.executable for command in starts.values())
    for command in starts.values():
        with runtimes.side(command, 1) as one:
            found = one.run("2x50 bare")
            assert 0 < found["bare"][0] < 60
            assert found["seconds"][0] > 0
            assert 10 < found["peak"] < 4000
            assert one.run("1x50")["bare"] == []
