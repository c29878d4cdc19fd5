"""Training of a small language model, on a few kilobytes of text."""

import gzip
import json
import math
import random
import shutil
from collections import Counter
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer
from typer.testing import CliRunner

from linguapress.errors import UnknownName
from linguapress.training import lm
from linguapress.training.cli import app
from linguapress.training.lm import LmSettings, train
from linguapress.training.lm_measure import model_nats
from linguapress.training.lm_tokens import END, encode, read_texts

WORDS = ["the", "river", "and", "castle", "stood", "by", "an", "old", "quiet", "harbour", "of", "engines"]


def write(path, seed, count, words=120):
    """Texts in which each word is followed by one of two."""
    rng = random.Random(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as handle:
        for number in range(count):
            at, text = rng.randrange(12), []
            for _ in range(words):
                text.append(WORDS[at])
                at = (at * 2 + rng.randrange(2)) % len(WORDS)
            handle.write(json.dumps({"id": number, "title": "", "text": " ".join(text) + " café\n"}) + "\n")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lm") / "data"
    write(folder / "train_00.jsonl.gz", 0, 12)
    write(folder / "train_01.jsonl.gz", 1, 12)
    write(folder / "valid.jsonl.gz", 2, 2)
    write(folder / "test.jsonl.gz", 3, 3)
    (folder / "README.md").write_text("# Words\n\n## License\n\nCC0, by nobody.\n\n## Files\n\nSome.\n")
    return folder


@pytest.fixture
def settings(data, tmp_path):
    """A function that makes settings for twenty steps into a folder of that name."""

    def make(name="run", **given):
        shape = {"vocabulary": 300, "layers": 2, "width": 32, "inner": 48, "heads": 2, "window": 32, "batch": 8, "micro": 4}
        shape |= {"tokens": 20 * 8 * 32, "rate": 2e-2, "measure_every": 8} if "minutes" not in given else {"rate": 2e-2}
        return LmSettings(data, tmp_path / name, **{**shape, **given})

    return make


@pytest.fixture(autouse=True)
def short_samples(monkeypatch):
    monkeypatch.setattr(lm, "_NEW", 4)


def weights(out):
    return load_file(out / "model.safetensors")


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def stop_after(limit):
    def progress(task, step, total, figures):
        if task == "lm" and step >= limit:
            raise KeyboardInterrupt

    return progress


def unigram_entropy(folder, tokenizer):
    counts = Counter(int(token) for tokens in encode(tokenizer, read_texts(folder, "test")) for token in tokens)
    total = sum(counts.values())
    return -sum(count / total * math.log(count / total) for count in counts.values())


@pytest.mark.parametrize(("share", "given"), [(0.7, {"precision": "bf16"}), (0.9, {"precision": "fp32", "optimizer": "adamw"})])
def test_it_learns_and_what_is_written_loads_anywhere(settings, data, share, given):
    made = settings(**given)
    metrics = train(made)
    tokenizer = AutoTokenizer.from_pretrained(made.out)
    model = AutoModelForCausalLM.from_pretrained(made.out, dtype=torch.float32)
    test = metrics["test"]
    entropy = unigram_entropy(data, Tokenizer.from_file(str(made.out / "tokenizer.json")))
    assert math.log(test["model"]["perplexity"]) < share * entropy
    assert test["model"]["bits_per_byte"] < test["gzip"]["bits_per_byte"]
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight
    assert sum(weight.numel() for weight in weights(made.out).values()) == metrics["parameters"]
    assert all(weight.dtype == torch.float16 for weight in weights(made.out).values())
    assert (tokenizer.bos_token, tokenizer.eos_token, len(tokenizer)) == (END, END, model.config.vocab_size)
    text = "the café\n  stood in 1984, didn't it"
    assert tokenizer.decode(tokenizer(text).input_ids) == text
    assert tokenizer(text).input_ids == Tokenizer.from_file(str(made.out / "tokenizer.json")).encode(text).ids
    assert metrics["steps"] == 20
    assert test["bytes"] == sum(len(text.encode()) for text in read_texts(data, "test"))
    log = [json.loads(line) for line in (made.out / "log.jsonl").read_text().splitlines()]
    assert log[-1]["valid"]["bits_per_byte"] < log[0]["valid"]["bits_per_byte"]


def test_the_figures_are_those_of_the_model_as_written(settings, data):
    """Against the loss that transformers computes, on a text that fits one window."""
    made = settings(window=128, batch=2, micro=1, tokens=2000)
    metrics = train(made)
    tokenizer, model = (
        AutoTokenizer.from_pretrained(made.out),
        AutoModelForCausalLM.from_pretrained(made.out, dtype=torch.float32),
    )
    text = next(read_texts(data, "test"))[:200]
    ids = tokenizer(END + text, return_tensors="pt").input_ids
    expected = model(input_ids=ids, labels=ids).loss.item() * (ids.shape[1] - 1)
    assert model_nats(model, [ids[0, 1:].numpy()], 128) == pytest.approx(expected, rel=1e-4)
    test = metrics["test"]
    bits = math.log2(test["model"]["perplexity"]) * test["tokens"] / test["bytes"]
    assert test["model"]["bits_per_byte"] == pytest.approx(bits)


def test_an_interrupted_run_goes_on_to_the_very_same_weights(settings, monkeypatch):
    monkeypatch.setattr(lm, "_SAVE_EVERY", 3)
    whole, broken = settings("whole"), settings("broken")
    expected = train(whole)
    with pytest.raises(KeyboardInterrupt):
        train(broken, stop_after(11))
    steps = []
    found = train(broken, lambda task, step, total, figures: steps.append(step) if task == "lm" else None)
    assert steps[0] == 10  # the state of step 9 was saved
    assert same(weights(broken.out), weights(whole.out))
    assert found["test"] == expected["test"]
    lines = [[json.loads(line)["step"] for line in (run.out / "log.jsonl").read_text().splitlines()] for run in (whole, broken)]
    assert lines[0] == lines[1]


def test_a_run_of_other_settings_is_not_continued(settings):
    train(settings())
    with pytest.raises(ValueError, match="other settings"):
        train(settings(rate=1e-3))


def test_a_run_on_other_texts_is_not_continued_and_its_tokens_stay(settings, tmp_path):
    source, made = settings().data, settings(tokens=512)
    texts = shutil.copytree(source, tmp_path / "texts")
    made = replace(made, data=texts)
    train(made)
    before = (made.out / "tokens.npy").read_bytes()
    write(texts / "train_01.jsonl.gz", 5, 12)
    with pytest.raises(ValueError, match=r"checkpoint\.pt was written by a run on other data; remove it"):
        train(made)
    assert (made.out / "tokens.npy").read_bytes() == before


def test_a_loss_that_is_no_number_ends_training(settings, monkeypatch):
    monkeypatch.setattr("linguapress.training.lm_run.head_loss", lambda hidden, *_: hidden.sum() * float("nan"))
    with pytest.raises(ValueError, match="the loss is nan at step 1; choose a lower --learning-rate"):
        train(settings())


def test_parts_of_a_step_are_one_step(settings):
    found = []
    for name, micro in (("one", 8), ("four", 2)):
        train(settings(name, micro=micro, tokens=512, precision="fp32"), lambda *given: found.append(given))
    losses = [figures["loss"] for task, _, _, figures in found if task == "lm"]
    assert losses[:2] == pytest.approx(losses[2:], rel=1e-4)


def test_training_ends_when_the_time_is_over(settings):
    made = settings(minutes=0.02)
    metrics = train(made)
    assert metrics["steps"] > 2
    assert metrics["seconds"] < 2 * 1.2
    assert train(made)["steps"] == metrics["steps"]  # nothing is left


def test_the_card_tells_what_it_is_and_how_good(settings):
    made = settings(licence="cc-by-sa-4.0")
    metrics = train(made)
    card = (made.out / "README.md").read_text()
    assert all(part in card for part in ("stand-in", 'license: "cc-by-sa-4.0"', "CC0, by nobody.", "| 5-gram |", "| gzip |"))
    assert f"{metrics['test']['model']['bits_per_byte']:.3f}" in card
    assert card.count("\n- **") == 3
    assert str(made.out.parent) not in card


def test_the_command_trains(data, tmp_path):
    out = tmp_path / "cli"
    words = [
        "lm",
        "--data",
        str(data),
        "--out",
        str(out),
        "--tokens",
        "512",
        "--vocabulary",
        "300",
        "--layers",
        "1",
        "--width",
        "16",
    ]
    words += ["--inner", "16", "--heads", "2", "--window", "32", "--batch", "4", "--device", "cpu"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert json.loads(result.output[result.output.index("{") :])["tokens"] == 512


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "test.jsonl").unlink(), "has no test*.jsonl"),
        (lambda folder: (folder / "train.jsonl").write_text('{"body": "a"}\n'), "no field text"),
        (lambda folder: (folder / "train.jsonl").write_text('{"text": "a b"}\n'), "do not fill"),
        (lambda folder: (folder / "valid.jsonl").write_text('{"text": ""}\n'), "hold no text"),
    ],
)
def test_data_that_cannot_be_used_is_named_in_one_line(tmp_path, change, message):
    for split in ("train", "valid", "test"):
        (tmp_path / f"{split}.jsonl").write_text('{"text": "a text"}\n')
    change(tmp_path)
    result = CliRunner().invoke(app, ["lm", "--data", str(tmp_path), "--out", str(tmp_path / "out"), "--tokens", "9"])
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"tokens": 0}, ValueError, "give one of them"),
        ({"minutes": 1.0, "tokens": 5}, ValueError, "give one of them"),
        ({"optimizer": "sgd"}, UnknownName, "muon, adamw"),
        ({"vocabulary": 70000}, ValueError, "vocabulary is 70000"),
        ({"heads": 3}, ValueError, "heads"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, given, kind, message):
    with pytest.raises(kind, match=message):
        settings(**given)
