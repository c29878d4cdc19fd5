"""The whole way from files to training data, and the command."""

import json
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser

import pytest
from fake_service import deleted, passage, stall
from typer.testing import CliRunner

from linguapress.cli import app
from linguapress.errors import DistillationError
from linguapress.training.corpus import read_distilled
from linguapress.training.distill.dataset import split, write_pairs
from linguapress.training.distill.pipeline import distill, estimate
from linguapress.training.distill.quality import Quality, measured
from linguapress.training.distill.report import report
from linguapress.training.distill.run import RunSettings
from linguapress.training.distill.sources import Chunk
from linguapress.training.distill.teacher import Reply, Usage

HOSTILE = [
    "</script><script>alert(1)</script> & <b>the bold</b> <|endoftext|> [SEP] </text>",
    "a NUL \0 in the middle and \x1b[31m red",
    "the emoji 👩‍👩‍👧 and 😀 are kept",
    "مرحبا بالعالم الكبير \u202e the end",
    "今天的会议讨论了2024年的预算,并决定推迟项目。",
    "昨日の会議では予算について議論しました。",
    "lone \ud83d surrogate in the text",
]


class Teacher:
    def __init__(self, answer, name="scripted"):
        self.answer, self.name, self.calls = answer, name, 0

    async def ask(self, system, message):
        self.calls += 1
        return Reply(self.answer(message.split(">\n", 1)[1].rsplit("\n</", 1)[0]), Usage(10, 5))

    async def aclose(self):
        pass


CHUNKS = [Chunk("town" if number % 2 else "city", passage(number)) for number in range(40)]


def rows(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


async def test_training_data_and_report_are_written(tmp_path):
    outcome = await distill([*CHUNKS, *CHUNKS], Teacher(deleted), tmp_path)
    train, dev = rows(tmp_path / "train.jsonl"), rows(tmp_path / "dev.jsonl")
    assert len(train) + len(dev) == 40
    assert len(train) > len(dev) > 0
    assert not {row["text"] for row in train} & {row["text"] for row in dev}
    for row in train + dev:
        assert row["source"] in ("town", "city")
        assert " ".join(row["text"][a:b] for a, b in row["kept"]) == row["compressed"]
    assert 0.5 < outcome.rate < 0.9
    assert outcome.report.is_file()


async def test_the_labels_are_read_as_they_were_written(tmp_path):
    await distill(CHUNKS, Teacher(deleted), tmp_path)
    for example, row in zip(read_distilled(tmp_path / "train.jsonl"), rows(tmp_path / "train.jsonl"), strict=True):
        assert (example.text, [list(span) for span in example.kept]) == (row["text"], row["kept"])
    (tmp_path / "own.jsonl").write_text(json.dumps({"text": "a b", "compressed": "a b", "kept": [[2, 3]]}))
    assert read_distilled(tmp_path / "own.jsonl")[0].kept == ((2, 3),)


async def test_bad_pairs_do_not_reach_the_training_data(tmp_path):
    def mostly_good(text):
        return "an invented sentence" if "number 7 " in text else deleted(text)

    outcome = await distill(CHUNKS, Teacher(mostly_good), tmp_path)
    assert [pair.text for pair in (*outcome.sifted.by_variation, *outcome.sifted.empty)] == [passage(7)]
    assert passage(7) not in (tmp_path / "train.jsonl").read_text() + (tmp_path / "dev.jsonl").read_text()
    assert "an invented sentence" in "".join(outcome.report.read_text().replace('<mark class="strange">', "").split("</mark>"))


async def test_a_teacher_that_rewrites_is_one_clear_sentence_and_is_not_paid_for_all(tmp_path):
    teacher = Teacher(lambda text: "Councillors gathered; funds proved insufficient")
    with pytest.raises(DistillationError, match=r"^the teacher rewrites instead of deleting: 100% of its words"):
        await distill(CHUNKS, teacher, tmp_path, RunSettings(concurrency=1))
    assert teacher.calls == 20
    with pytest.raises(DistillationError, match="rewrites"):
        await distill(CHUNKS[:5], teacher, tmp_path)
    assert not (tmp_path / "train.jsonl").exists()


async def test_hostile_texts_go_all_the_way(tmp_path):
    chunks = [*CHUNKS, *(Chunk("<i>hostile", text) for text in HOSTILE)]
    outcome = await distill(chunks, Teacher(deleted), tmp_path, quality=Quality(0, 0))
    written = {row["text"]: row for name in ("train", "dev") for row in rows(tmp_path / f"{name}.jsonl")}
    assert set(HOSTILE) <= set(written)
    for text in HOSTILE:
        assert written[text]["kept"]
    page = outcome.report.read_text("utf-8")
    assert "<script" not in page
    assert "<i>" not in page
    assert "\0" not in page
    assert "\x1b" not in page
    Balanced().check(page)


class Balanced(HTMLParser):
    """Fails where tags do not close."""

    def check(self, page):
        self.open = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "rect", "line"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("meta", "rect", "line"):
            assert self.open.pop() == tag


def test_the_report_stands_alone_and_shows_the_worst_first():
    pairs = [measured("s", passage(number), deleted(passage(number))) for number in range(30)]
    bad = measured("s", "The cat sat.", "The dog sat.")
    from linguapress.training.distill.quality import Sifted

    page = report("t", Sifted(pairs, [bad], [], []), 2)
    assert page.count("<article>") == 20
    assert page.index("dog") < page.index("mayor")
    assert '<mark class="strange">dog</mark>' in page
    assert "http" not in page
    assert page.count("<svg") == 3
    Balanced().check(page)
    Balanced().check(report("t", Sifted([], [], [], []), 0))


async def test_it_does_not_start_above_the_most_cost(tmp_path):
    from linguapress.training.distill.estimate import Prices

    teacher = Teacher(deleted)
    settings = RunSettings(prices=Prices(1000, 1000), most_cost=0.5)
    assert estimate(CHUNKS, "scripted", tmp_path, settings).cost > 0.5
    assert not list(tmp_path.iterdir())
    with pytest.raises(DistillationError, match=r"it would cost about .*, above the most of 0\.5"):
        await distill(CHUNKS, teacher, tmp_path, settings)
    assert teacher.calls == 0


@pytest.mark.parametrize(("chunks", "share"), [(CHUNKS, 0.0), (CHUNKS, 1.0), ([CHUNKS[0]] * 2, 0.1)])
async def test_what_cannot_be_parted_is_not_asked(tmp_path, chunks, share):
    teacher = Teacher(deleted)
    with pytest.raises(DistillationError, match=r"the share of dev must|training needs at least two"):
        await distill(chunks, teacher, tmp_path, dev_share=share)
    assert teacher.calls == 0


async def test_the_estimate_leaves_out_what_is_answered(tmp_path):
    await distill(CHUNKS[:30], Teacher(deleted), tmp_path)
    found = estimate(CHUNKS, "scripted", tmp_path)
    assert (found.requests, found.answered) == (10, 30)
    assert estimate(CHUNKS, "other", tmp_path).requests == 40


def test_a_text_stays_on_its_side_whatever_else_is_distilled():
    pairs = [measured("s", passage(number), deleted(passage(number))) for number in range(200)]
    few, many = split(pairs[:100]), split(pairs)
    assert {pair.text for pair in few.dev} <= {pair.text for pair in many.dev}
    assert 10 <= len(many.dev) <= 30
    assert [len(part) for part in split(pairs[:2])] == [1, 1]
    with pytest.raises(DistillationError, match="only 1 passages are left"):
        split(pairs[:1])


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "train.jsonl"
    write_pairs(path, [measured("s", "a b", "a")])
    write_pairs(path, [measured("s", "c d", "d")])
    assert [row["text"] for row in rows(path)] == ["c d"]
    assert [file.name for file in tmp_path.iterdir()] == ["train.jsonl"]


# The command


def call(*args, **environment):
    return CliRunner().invoke(app, ["distill", *map(str, args)], env=environment)


def test_the_command_from_file_to_data(service, source, tmp_path):
    out = tmp_path / "out"
    args = source, "--out", out, "--teacher", "openai:tiny", "--base-url", service.url, "--price-in", 1, "--price-out", 2, "--yes"
    found = call(*args)
    assert found.exit_code == 0, found.output
    assert f"report: {out / 'report.html'}" in found.stdout
    assert "of words kept on average" in found.stdout
    assert "cost 0.0060" in found.stdout
    assert {file.name for file in out.iterdir()} == {"ledger.jsonl", "train.jsonl", "dev.jsonl", "report.html"}
    assert len(service.requests) == 30
    assert call(*args).exit_code == 0
    assert len(service.requests) == 30


def test_a_folder_inside_the_texts_is_gone_on_with(service, source, tmp_path):
    args = tmp_path, "--out", tmp_path / "data", "--teacher", "openai:tiny", "--base-url", service.url, "--yes"
    assert call(*args).exit_code == 0
    again = call(*args)
    assert again.exit_code == 0, again.output
    assert "0 passages to ask, 30 answered before" in again.stderr


def test_a_dry_run_asks_and_writes_nothing(source, tmp_path):
    out = tmp_path / "out"
    found = call(source, "--out", out, "--teacher", "openai:tiny", "--dry-run", "--price-in", 2.5, OPENAI_API_KEY="k")
    assert found.exit_code == 0
    assert "30 passages to ask, 0 answered before" in found.stdout
    assert "cost about 0.0" in found.stdout
    assert not out.exists()


def test_the_key_is_neither_written_nor_shown(service, source, tmp_path):
    key = "sk-very-secret"
    service.script[0] = 500, {"error": {"message": f"bad {key}"}}
    args = source, "--out", tmp_path / "o", "--teacher", "openai:tiny", "--base-url", service.url, "--yes", "--attempts", 1
    found = call(*args, OPENAI_API_KEY=key)
    assert service.headers[0]["authorization"] == f"Bearer {key}"
    assert found.exit_code == 0
    assert key not in found.output + "".join(file.read_text() for file in (tmp_path / "o").iterdir())


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--teacher", "gpt"], "unknown teacher 'gpt'; write openai:MODEL or langchain:package.module:factory"),
        (["--teacher", "openai:"], "unknown teacher"),
        (["--teacher", "openai:m"], "OPENAI_API_KEY holds no key"),
        (["--teacher", "langchain:no.such:x"], "cannot find 'no.such:x'"),
        (["--teacher", "langchain:a:b", "--temperature", "1"], "are for openai:MODEL"),
        (["--teacher", "openai:m", "--base-url", "http://127.0.0.1:1/v1"], "nobody is here to agree"),
        (["--teacher", "openai:m", "--base-url", "x", "--yes"], "'x' is no address"),
        (["--teacher", "openai:m", "--base-url", "x", "--most-cost", "1", "--yes"], "a limit of cost needs prices"),
        (["--teacher", "langchain:os:getcwd"], "no LangChain chat model"),
        (["--teacher", "langchain:collections:namedtuple"], "cannot be made: TypeError"),
        (["--teacher", "openai:m", "--base-url", "x", "--most-cost", "0", "--price-in", "1", "--yes"], "it would cost about"),
    ],
)
def test_mistakes_are_one_line(source, tmp_path, args, said):
    found = call(source, "--out", tmp_path / "o", *args, OPENAI_API_KEY="")
    assert found.exit_code != 0
    errors = [line for line in found.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert said in errors[0]
    assert "Traceback" not in found.output


def test_an_empty_source_is_one_line(tmp_path):
    (tmp_path / "empty.txt").write_text("\n \n")
    found = call(tmp_path / "empty.txt", "--out", tmp_path / "o", "--teacher", "openai:m", OPENAI_API_KEY="k")
    assert found.stderr == f"error: {tmp_path / 'empty.txt'}: there is no text to distil; give files or folders that hold some\n"
    assert not (tmp_path / "o").exists()


def test_a_langchain_factory_next_to_the_user(source, tmp_path, monkeypatch):
    pytest.importorskip("langchain_core")
    (tmp_path / "own_teacher.py").write_text(
        "from langchain_core.language_models.fake_chat_models import GenericFakeChatModel\n"
        "from langchain_core.messages import AIMessage\n"
        "class Deleting(GenericFakeChatModel):\n"
        "    def _generate(self, messages, stop=None, run_manager=None, **kwargs):\n"
        "        text = messages[-1].content.split('>\\n', 1)[1].rsplit('\\n</', 1)[0]\n"
        "        self.messages = iter([AIMessage(' '.join(w for w in text.split() if len(w) > 3))])\n"
        "        return super()._generate(messages)\n"
        "def make():\n"
        "    return Deleting(messages=iter([]))\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    found = call(source, "--out", "out", "--teacher", "langchain:own_teacher:make", "--yes", "--concurrency", 1)
    assert found.exit_code == 0, found.output
    assert len(rows(tmp_path / "out/train.jsonl")) + len(rows(tmp_path / "out/dev.jsonl")) == 30


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_an_interrupted_command_goes_on(service, source, tmp_path):
    service.script[12] = stall(30)
    out = tmp_path / "out"
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # a background shell has it ignored
    program += "; from linguapress.cli import app; app(prog_name='linguapress')"
    command = [sys.executable, "-c", program, "distill", source, "--out", out, "--teacher", "openai:tiny"]
    command = [*map(str, command), "--base-url", service.url, "--yes", "--concurrency", "1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        try:
            while len(service.requests) < 13 and running.poll() is None:
                time.sleep(0.05)
            running.send_signal(signal.SIGINT)
            _, stderr = running.communicate(timeout=30)
        finally:
            running.kill()
    assert running.returncode == 130
    assert "error: interrupted; every answer is kept, the same command goes on from there" in stderr
    assert "Traceback" not in stderr
    assert not (out / "train.jsonl").exists()
    again = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "18 passages to ask, 12 answered before" in again.stderr
    assert len(service.requests) == 31
