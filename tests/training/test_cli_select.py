"""``train select`` on questions of one's own, and what it says of mistakes."""

import json

import pytest
from transformers import BertConfig, BertModel
from typer.testing import CliRunner

from linguapress.splits import held_out
from linguapress.training.cli import app

ASKED = next(text for text in (f"who baked loaf {number}" for number in range(50)) if not held_out(text))
ROW = {"question": ASKED, "passages": [{"text": "Otto baked it. He slept.", "needed": [[0, 14]]}]}


@pytest.fixture
def base(tmp_path, embedded_tokenizer):
    config = BertConfig(vocab_size=30522, hidden_size=16, num_hidden_layers=1, num_attention_heads=1, intermediate_size=16)
    BertModel(config).save_pretrained(tmp_path / "base")
    embedded_tokenizer.save_pretrained(tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def call(tmp_path, monkeypatch):
    """A function that runs ``train select`` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*more):
        return CliRunner().invoke(app, ["select", "--out", "run", "--device", "cpu", "--steps", "1", *map(str, more)])

    return run


@pytest.mark.parametrize("source", ["asked", "labelled-mine"])  # the passages of the latter are searched for no negatives
def test_own_questions_are_enough(call, tmp_path, base, source):
    (tmp_path / "own.jsonl").write_text(json.dumps({**ROW, "source": source}))
    found = call("--questions", "own.jsonl", "--base", base)
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout[found.stdout.index("{") :]) == {"ranking": {}}
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["selection"]["sentences"] == 0
    assert metrics["settings"]["data"] is None


def test_sources_that_the_folder_lacks_are_named(call, tmp_path, base):
    (tmp_path / "own.jsonl").write_text(json.dumps(ROW))
    (tmp_path / "data").mkdir()
    found = call("--data", "data", "--questions", "own.jsonl", "--base", base, "--mix", "asked=1", "--mix", "nq=1")
    assert found.exit_code == 0, found.output
    assert "data holds no questions of nq\n" in found.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--precision", "fp8"], "unknown precision 'fp8'"),
        (["--device", "gpu0"], "unknown device 'gpu0'"),
        (["--questions", "bad.jsonl"], "bad.jsonl, line 1: no JSON"),
        (["--questions", "."], "is a folder; give a file of JSON lines"),
        (["--mix", "asked=0"], "the shares of the mix must be 0 or more, and one of them more"),
        (["--mix", "nq=1"], "no questions of nq; give files of them, or a mix of asked"),
        (["--learning-rate", "9"], "learning rate is 9"),
        (["--base", "lm"], "cannot start from 'lm'"),
        (["--base", "data"], "name mini, a hub name, or a folder of an encoder such as BERT"),
        (["--start", "data"], "'data' is no selector; name select, or a folder that `linguapress train select` has written"),
    ],
)
def test_mistakes_are_one_line(call, tmp_path, more, said):
    (tmp_path / "own.jsonl").write_text(json.dumps(ROW))
    (tmp_path / "bad.jsonl").write_text("{")
    (tmp_path / "data").mkdir()
    found = call("--questions", "own.jsonl", *more)
    (told,) = [line for line in found.stderr.splitlines() if line.startswith("error: ")]
    assert found.exit_code == 1
    assert said in told


def test_questions_that_teach_nothing_are_refused_with_the_reason(call, tmp_path):
    useless = {"question": ASKED, "passages": [{"text": "Otto baked it."}]}
    held = [{**ROW, "question": text} for text in (f"who baked loaf {number}" for number in range(50)) if held_out(text)]
    for rows, said, note in (
        ([useless], "no question has a relevant passage; mark what is needed", "1 of 1 questions have no relevant passage"),
        (held, f"all {len(held)} questions are held out", f"{len(held)} of {len(held)} questions are not learnt from"),
        ([], "there are no questions at all", ""),
    ):
        (tmp_path / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        found = call("--questions", "own.jsonl")
        assert found.exit_code == 1
        assert f"error: {said}" in found.stderr
        assert note in found.stderr


def test_too_little_to_calibrate_on_is_told(call, tmp_path, base):
    (tmp_path / "own.jsonl").write_text(json.dumps(ROW))
    found = call("--questions", "own.jsonl", "--calibrate", "own.jsonl", "--base", base)
    assert found.exit_code == 0, found.output
    assert "fewer than 30 needed sentences to calibrate on; the probabilities of sentences are not fitted" in found.stderr


def test_nothing_to_learn_from_is_told_at_once(call, tmp_path):
    found = call()
    assert found.exit_code == 2
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", [["keep", "--data", "."], ["select", "--data", "."]])
def test_a_file_is_no_folder_for_a_model(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    found = CliRunner().invoke(app, [*command, "--out", "file"])
    assert found.exit_code == 2
    assert "is a file" in found.stderr
