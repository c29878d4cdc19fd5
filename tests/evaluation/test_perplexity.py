"""The comparison of perplexity methods: what is compressed, in which order, and what is said of it."""

import json
import os
from types import SimpleNamespace

import pytest

from linguapress.evaluation import perplexity
from linguapress.evaluation.perplexity_cases import Case, cases_of, counted
from linguapress.evaluation.perplexity_memory import Memory
from linguapress.evaluation.perplexity_page import markdown
from linguapress.evaluation.perplexity_rounds import Plan, Row, schedule

SHOTS = "\n\n".join(f"Question: What is {n} and {n}?\nIt is {2 * n}.\nThe answer is {2 * n}" for n in range(1, 9))


def words(text):
    return len(text.split())


@pytest.fixture
def folder(data):
    """The data folder with GSM8K beside the questions over passages."""
    (data / "gsm8k").mkdir()
    (data / "gsm8k" / "cot_prompts.jsonl").write_text(json.dumps({"name": "prompt_hardest", "text": SHOTS}) + "\n")
    rows = [{"id": str(n), "question": f"How old is {n}?", "answer": "1", "final": "1"} for n in range(5)]
    (data / "gsm8k" / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return data


class Fake:
    """A side that needs some seconds for a case, on a clock of its own making."""

    def __init__(self, name, clock, seconds, log, error=None):
        self.name, self.clock, self.seconds, self.log, self.error = name, clock, seconds, log, error

    def run(self, request):
        if request == "bare":
            return {"seconds": 0.5, "processor": 0.05}
        self.log.append((self.name, request))
        self.clock.now += self.seconds
        return (
            {"error": self.error} if self.error else {"seconds": self.seconds, "processor": self.seconds / 10, "texts": ["a b c"]}
        )


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("linguapress.evaluation.perplexity_rounds.time.perf_counter", lambda: clock.now)
    return clock


def row(clock, log, method="llmlingua", ours=1.0, theirs=2.0, error=None):
    case = counted(method, 2, [(["a b c d", "e f g h"], "i j")], words)
    sides = {"own": Fake("own", clock, ours, log), "reference": Fake("reference", clock, theirs, log, error)}
    memory = SimpleNamespace(process=0, reset=lambda: None, peak=lambda answer: 7.0, loaded=5.0)
    return Row("m", case, sides, dict.fromkeys(sides, memory), cost=ours + theirs)


def test_limits_are_counted_with_the_question_where_it_is_a_part():
    documents, question = ["a b c d", "e f g h"], "i j"
    prompt, passages = (counted(name, 2, [(documents, question)], words) for name in ("llmlingua", "longllmlingua"))
    assert (prompt.tokens, prompt.limits, prompt.targets) == ([10], [5], [3])
    assert (passages.tokens, passages.limits, passages.targets) == ([8], [4], [4])


def test_cases_are_both_methods_at_both_ratios_alone_and_together(folder):
    cases = cases_of(folder, words, 2, [30])
    assert [case.name for case in cases] == [
        "llmlingua-2x-1", "llmlingua-5x-1", "longllmlingua-2x-1", "longllmlingua-5x-1", "llmlingua-2x-2", "llmlingua-5x-2",
        "longllmlingua-2x-2", "longllmlingua-5x-2", "llmlingua-2x-1-30", "longllmlingua-2x-1-30",
    ]  # fmt: skip
    assert [len(case.documents[0]) for case in cases[:4]] == [8, 8, 7, 7]
    assert cases[4].questions[0] != cases[4].questions[1]
    assert cases[-1].tokens == [30]
    assert json.loads(json.dumps(cases[0].to_dict()))["targets"] == cases[0].targets


def test_rounds_go_forth_and_back_after_a_warm_up(clock):
    log = []
    first = row(clock, log)
    schedule([first], Plan(rounds=3), lambda: clock.now)
    forth, back = ["own", "reference"], ["reference", "own"]
    assert [name for name, _ in log] == [*forth, *forth, *back, *forth]
    assert [len(found) for found in first.rounds.values()] == [3, 3]
    assert {request for _, request in log} == {"llmlingua-2x-1"}
    assert [found["bare"] for found in first.rounds["own"]] == [0.5] * 3
    assert "bare" not in first.rounds["reference"][0]


def test_a_heavy_row_has_its_first_round_counted_and_the_others_come_first(clock):
    log = []
    heavy, light = row(clock, log, ours=30.0), row(clock, log, "longllmlingua")
    schedule([heavy, light], Plan(rounds=2), lambda: clock.now)
    assert (heavy.counted, light.counted) == (2, 2)
    assert sum(request.startswith("llmlingua") for _, request in log) == 4  # two rounds of two sides, no warm-up
    assert log[-1][1].startswith("llmlingua")


def test_no_round_begins_that_would_end_too_late(clock):
    log = []
    schedule([row(clock, log)], Plan(rounds=5, minutes=8.5 / 60), lambda: clock.now)
    assert clock.now == 6.0
    schedule([row(clock, log := [])], Plan(rounds=5, minutes=0), lambda: clock.now)
    assert not log


def test_a_side_that_fails_is_not_asked_again_and_the_page_says_why(clock):
    log = []
    first = row(clock, log, error="AssertionError: odd prefix")
    schedule([first], Plan(rounds=2), lambda: clock.now)
    assert [name for name, _ in log].count("reference") == 1
    told = perplexity.told(first, words)
    assert list(told["sides"]) == ["own"]
    assert "reference: AssertionError: odd prefix" in markdown(page_of([told]))


def test_what_is_kept_is_counted_on_both_sides(clock):
    first = row(clock, [])
    first.case = Case("llmlingua", 2, [["x"]] * 3, ["q"] * 3, [9] * 3, [2, 3, 4], [2, 3, 4])
    first.rounds = {
        "own": [{"seconds": 1.0, "bare": 0.9, "texts": ["a b", "a b", "a b"], "read": 50, "peak_mib": 8.0}],
        "reference": [{"seconds": 3.0, "texts": ["a b c"], "peak_mib": 9.0}],
    }
    told = perplexity.told(first, words)["sides"]
    assert (told["own"]["kept"], told["own"]["limit"], told["own"]["over"]) == (6, 9, 0)
    assert (told["reference"]["kept"], told["reference"]["limit"], told["reference"]["over"]) == (3, 2, 1)


def page_of(rows):
    versions = {"own": {"linguapress": "9"}, "float32": {"linguapress": "9"}, "reference": {"llmlingua": "0.2.2"}}
    precisions = {"own": "bfloat16", "float32": "float32", "reference": "float32"}
    sides = {
        name: {"versions": found, "precision": precisions[name], "device": "cpu", "loaded_mib": 100}
        for name, found in versions.items()
    }
    settings = {"rounds": 3, "threads": 2, "device": "cpu", "batch": 16, "few": 2, "heavy": 20.0, "busy": False}
    machine = {"processor": "P", "cores": 2}
    return {"date": "2030-01-01", "settings": settings, "machine": machine, "sides": {"m": sides}, "rows": rows}


def test_the_page_gives_ratios_by_round_shares_budgets_and_memory():
    row = {
        "model": "m", "method": "longllmlingua", "ratio": 5, "requests": 16, "length": 0, "tokens": 1000, "rounds": 3, "errors": {},
        "sides": {
            "own": {
                "seconds": [1.0, 2.0, 4.0], "bare": [0.9, 1.9, 3.0], "peak_mib": [150.0, 130.0, 120.0], "read": 2500, "compressed": 16,
                "kept": 198, "limit": 200, "over": 0,
            },
            "reference": {
                "seconds": [10.0, 20.0, 20.0], "peak_mib": [300.0], "read": None, "compressed": 2, "kept": 30, "limit": 25, "over": 2,
            },
        },
    }  # fmt: skip
    page = markdown(page_of([row, {**row, "requests": 1, "length": 32000, "ratio": 2}]))
    assert "| longllmlingua 5x, 16 prompts | 1,000 | 3 | 2.00 (1.00-4.00) | - | 20.00 (10.00-20.00) | 10.0 (5.0-10.0) | - |" in page
    assert "| 1.90 (0.90-3.00) | 90% | - | - | 2.50 | 2.20 |" in page
    assert "| 200 | 99.0% of 200 | - | 120.0% of 25 | 0 of 16 | - | 2 of 2 |" in page
    assert "| 50 (150) | - | 200 (300) |" in page
    assert "longer and longer prompts" in page
    assert "| longllmlingua 2x, 32,000 tokens |" in page
    assert "threads of every side: 2" in page
    assert "of 16 requests it compressed 2" in page
    assert "bfloat16 kept" in page


def test_processor_time_takes_the_place_of_seconds_where_the_machine_is_busy(clock):
    one = row(clock, [], theirs=30.0)
    one.busy = True
    one.run(heavy=20.0)
    assert [found["seconds"] for side in one.rounds.values() for found in side] == [0.1, 3.0]
    assert one.rounds["own"][0]["bare"] == 0.05


def test_bare_passes_of_many_requests_are_timed_in_one_precision(clock):
    one = row(clock, [])
    assert one.bare == ("own", "float32")
    one.case = counted("llmlingua", 2, [(["a b"], "c")] * 2, words)
    assert one.bare == ("own",)


@pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="this system does not tell the peak of a process")
def test_the_peak_is_that_since_the_reset():
    memory = Memory(os.getpid(), 0.0, on_device=False)
    block = bytearray(200 << 20)
    high = memory.peak({})
    del block
    memory.reset()
    low = memory.peak({})
    assert high - low > 150
    assert low > 10


def test_the_peak_of_a_graphics_processor_is_told_by_the_worker():
    side = SimpleNamespace(process=SimpleNamespace(pid=0), about={"device": "cuda", "device_mib": [40.0, 60.0]})
    memory = Memory.of(side)
    memory.reset()
    assert (memory.loaded, memory.peak({"device_mib": [40.0, 90.0]})) == (40.0, 90.0)
