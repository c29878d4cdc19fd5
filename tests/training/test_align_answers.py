"""Outputs for instructions from a teacher: resumable, priced, nothing paid twice."""

import json
import sys
from pathlib import Path

import pytest
import pytest_socket
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent / "distill"))

from fake_service import Service, completion

from linguapress.errors import DistillationError
from linguapress.training.align_answers import ANSWER, answer, expected
from linguapress.training.align_pairs import Pair, read_pairs
from linguapress.training.cli import app
from linguapress.training.distill.estimate import Prices
from linguapress.training.distill.instruction import COMPRESSION
from linguapress.training.distill.langchain_teacher import LangChainTeacher
from linguapress.training.distill.run import RunSettings
from linguapress.training.distill.teacher import Reply, TeacherRefused, Usage

ITEMS = [Pair(f"Tell me of {number}", "the bridge" * (number % 2)) for number in range(12)]
MODULE = """
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

def make():
    return GenericFakeChatModel(messages=iter(AIMessage(f"the river number {n}") for n in range(99)))
"""


class Scripted:
    """A teacher in this process; ``script`` gives what is raised at a message."""

    def __init__(self, script=None, name="scripted"):
        self.name, self.script, self.asked = name, script or {}, []

    async def ask(self, system, message):
        self.asked.append((system, message))
        if message in self.script:
            raise self.script[message]
        return Reply(f"<think>hm</think>\n About {message} ", Usage(100, 50))

    async def aclose(self):
        pass


async def test_the_pairs_are_what_training_reads(tmp_path):
    teacher = Scripted()
    found = await answer(ITEMS, teacher, tmp_path)
    assert (found.answered, found.unanswered, found.asked.usage) == (12, 0, Usage(1200, 600))
    pairs = read_pairs([found.pairs])
    assert [(pair.instruction, pair.input) for pair in pairs] == [(item.instruction, item.input) for item in ITEMS]
    assert pairs[1].output == "About Tell me of 1\n\nthe bridge"
    assert {system for system, _ in teacher.asked} == {ANSWER.system}


async def test_a_second_run_asks_only_what_is_new_and_what_failed_stays_out(tmp_path):
    refused = Scripted({"Tell me of 0": TeacherRefused("no", Usage(5, 0))})
    found = await answer(ITEMS[:6], refused, tmp_path)
    assert (found.answered, found.unanswered) == (5, 1)
    teacher = Scripted()
    found = await answer(ITEMS, teacher, tmp_path)
    assert sorted(message for _, message in teacher.asked) == sorted(item.prompt for item in ITEMS[6:])
    assert (found.answered, found.unanswered) == (11, 1)
    found = await answer(ITEMS, teacher, tmp_path, RunSettings(retry_failed=True))
    assert (len(teacher.asked), found.answered) == (7, 12)
    assert len((tmp_path / "ledger.jsonl").read_text().splitlines()) == 13


async def test_an_answer_is_no_compression_though_both_are_in_one_ledger(tmp_path):
    assert ANSWER.version != COMPRESSION.version
    await answer(ITEMS, Scripted(), tmp_path)
    from linguapress.training.distill.pipeline import estimate
    from linguapress.training.distill.sources import Chunk

    assert estimate([Chunk("a", item.prompt) for item in ITEMS], "scripted", tmp_path).requests == 12


async def test_what_it_costs_is_told_before_and_may_be_too_much(tmp_path):
    settings = RunSettings(prices=Prices(1.0, 10.0), most_cost=0.001, count=lambda text: len(text.split()))
    before = expected(ITEMS, "scripted", tmp_path, settings)
    assert (before.requests, before.answered, before.usage.tokens_out) == (12, 0, 12 * 300)
    assert before.cost == pytest.approx((before.usage.tokens_in + 10 * 3600) / 1e6)
    assert not list(tmp_path.iterdir())
    teacher = Scripted()
    with pytest.raises(DistillationError, match="it would cost about"):
        await answer(ITEMS, teacher, tmp_path, settings)
    assert not teacher.asked
    await answer(ITEMS[:8], teacher, tmp_path)
    after = expected(ITEMS, "scripted", tmp_path, settings)
    assert (after.requests, after.answered) == (4, 8)


async def test_nothing_answered_is_an_error_with_its_reason(tmp_path):
    teacher = Scripted({item.prompt: TeacherRefused("never") for item in ITEMS[:3]})
    with pytest.raises(DistillationError, match=r"none of 3 instructions was answered: never \(3\)"):
        await answer(ITEMS[:3], teacher, tmp_path)
    with pytest.raises(DistillationError, match="all were refused in an earlier run"):
        await answer(ITEMS[:3], teacher, tmp_path)


async def test_any_chat_model_of_langchain_answers(tmp_path):
    from langchain_core.language_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    model = GenericFakeChatModel(messages=iter(AIMessage(f"answer {number}") for number in range(12)))
    found = await answer(ITEMS, LangChainTeacher(model, "fake"), tmp_path)
    assert {pair.output for pair in read_pairs([found.pairs])} == {f"answer {number}" for number in range(12)}


@pytest.fixture
def command(tmp_path, causal_folder, monkeypatch):
    """A function that runs the command on a file of instructions with more options."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asked.txt").write_text("".join(f"Tell me of {number}\n" for number in range(12)))

    def run(*more):
        words = ["align", "--instructions", "asked.txt", "--out", "out", "--base", causal_folder("llama"), "--epochs", "1"]
        return CliRunner().invoke(app, [*words, "--device", "cpu", *more])

    return run


@pytest.fixture
def service(socket_enabled):
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
    running = Service()
    running.respond = lambda handler, number, body: running.send(handler, 200, completion(f"the river number {number}"))
    yield running
    running.close()


def test_the_command_asks_a_service_then_trains_and_asks_nothing_again(command, service, tmp_path):
    words = ["--teacher", "openai:tiny", "--base-url", service.url, "--price-in", "1", "--price-out", "2", "--yes"]
    dry = command(*words, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "12 instructions to ask, 0 answered before" in dry.stdout
    assert not (tmp_path / "out").exists()
    result = command(*words)
    assert result.exit_code == 0, result.output
    assert len(service.requests) == 12
    assert {body["messages"][1]["content"] for body in service.requests} == {f"Tell me of {number}" for number in range(12)}
    told = json.loads(result.stdout[result.stdout.index("{") :])
    assert told["pairs"]["train"]["pairs"] + told["pairs"]["held_out"]["pairs"] == 12
    again = command(*words)
    assert again.exit_code == 0, again.output
    assert "0 instructions to ask, 12 answered before" in again.stderr
    assert len(service.requests) == 12


def test_the_command_asks_a_chat_model_beside_the_user(command, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "align_fake_teacher.py").write_text(MODULE)
    result = command("--teacher", "langchain:align_fake_teacher:make", "--yes")
    assert result.exit_code == 0, result.output
    assert len((tmp_path / "out" / "pairs.jsonl").read_text().splitlines()) == 12


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "unknown teacher ''; write openai:MODEL"),
        (["--teacher", "gpt"], "unknown teacher 'gpt'"),
        (["--teacher", "openai:tiny", "--key-variable", "NO_SUCH_KEY"], "NO_SUCH_KEY holds no key"),
        (["--teacher", "langchain:no_such_module:make"], "cannot find"),
        (["--teacher", "langchain:json:loads", "--temperature", "1"], "set them in the LangChain factory"),
        (["--teacher", "openai:tiny", "--base-url", "http://127.0.0.1:9/v1"], "nobody is here to agree"),
        (
            ["--teacher", "openai:tiny", "--base-url", "http://127.0.0.1:9/v1", "--yes", "--price-out", "9", "--most-cost", "0"],
            "would cost",
        ),
    ],
)
def test_a_teacher_that_cannot_be_asked_is_told_in_one_line(command, words, message):
    result = command(*words)
    assert result.exit_code == 1
    assert message in result.stderr.splitlines()[-1]


def test_a_teacher_without_instructions(tmp_path):
    result = CliRunner().invoke(app, ["align", "--out", str(tmp_path), "--teacher", "openai:tiny"])
    assert result.exit_code == 2
    assert "--instructions" in result.stderr
