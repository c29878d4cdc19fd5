"""Training of a keep head, on tiny encoders and a rule that they can learn."""

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModel, BertConfig, BertModel, BertTokenizer
from typer.testing import CliRunner

from linguapress import Budget, load
from linguapress.errors import ModelNotFound, UnknownName
from linguapress.models.embedded import model_folder
from linguapress.models.stored import copy_rows, read_state
from linguapress.models.token_classifier import TokenClassifier
from linguapress.training import keep
from linguapress.training.cli import app
from linguapress.training.corpus import Labelled
from linguapress.training.keep import DataSet, KeepSettings, _taught, train
from linguapress.training.keep_run import Run
from linguapress.training.processes import Alone

FILLERS, NOUNS = ["the", "of", "and", "very"], ["river", "castle", "engine", "doctor", "violin", "harbour"]


def write(path, seed, count, words=20, source="rule"):
    rng = random.Random(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as handle:
        for _ in range(count):
            text = [rng.choice(FILLERS if rng.random() < 0.5 else NOUNS) for _ in range(words)]
            compressed = " ".join(word for word in text if word in NOUNS)
            handle.write(json.dumps({"source": source, "text": " ".join(text), "compressed": compressed}) + "\n")


@pytest.fixture
def data(tmp_path):
    write(tmp_path / "data" / "train.jsonl", 0, 48)
    write(tmp_path / "data" / "dev.jsonl", 1, 12)
    return DataSet(tmp_path / "data")


@pytest.fixture
def base(tmp_path, embedded_tokenizer):
    """A BERT without dropout, so that the way in which a step is shared out changes nothing."""
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=30522, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, hidden_dropout_prob=0.0
    )
    BertModel(config).save_pretrained(tmp_path / "base")
    embedded_tokenizer.save_pretrained(tmp_path / "base")
    return str(tmp_path / "base")


@pytest.fixture
def settings(data, base, tmp_path):
    """A function that makes settings for a short run into a folder of that name."""

    def make(name="run", **given):
        return KeepSettings(base, (data,), tmp_path / name, **{"epochs": 2, "batch": 8, "rate": 1e-3, **given})

    return make


def stop_after(limit):
    def progress(step, total, figures):
        if step >= limit:
            raise KeyboardInterrupt

    return progress


def first_losses(settings):
    found = []

    def progress(step, total, figures):
        found.append(figures)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(settings, progress)
    return found[0]


def weights(folder):
    return load_file(folder / "model.safetensors")


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_a_rule_is_learnt_and_the_checkpoint_can_be_used(settings):
    made = settings(epochs=6, batch=4, rate=3e-3, average=0.5)
    metrics = train(made)
    assert metrics["dev"]["all"]["f1"] > 0.95 > metrics["baselines"]["random words"]["f1"]
    assert json.loads((made.out / "metrics.json").read_text())["dev"] == metrics["dev"]
    scores = TokenClassifier(str(made.out), "cpu").keep_probabilities(["the river"])[0]
    assert scores.values[1] > scores.values[0]
    config = json.loads((made.out / "config.json").read_text())
    assert config["id2label"] == {"0": "drop", "1": "keep"}
    assert all(value.dtype == torch.float16 for value in weights(made.out).values())


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_any_encoder_learns_and_compresses(folder, data, tmp_path, precision):
    out = tmp_path / "out"
    encoder = tmp_path / "encoder"  # without a head, as encoders are published
    shutil.copytree(folder, encoder)
    AutoModel.from_pretrained(folder).save_pretrained(encoder)
    write(data.folder / "train.jsonl", 0, 8, words=150)  # longer than the 64 tokens that the models read
    metrics = train(KeepSettings(str(encoder), (data,), out, epochs=1, batch=4, precision=precision, layer_decay=0.9))
    assert metrics["steps"] > 2  # eight texts in windows, four at a time
    (text,) = (
        load("llmlingua2", model=str(out), device="cpu").compress(["the river of the castle"], budget=Budget(rate=0.7)).text,
    )
    assert 0 < len(text) < len("the river of the castle")
    assert AutoConfig.from_pretrained(out).id2label == {0: "drop", 1: "keep"}
    assert not same(weights(out), weights(Path(folder)))


@pytest.mark.parametrize(("stop", "given"), [(5, {}), (8, {"patience": 3}), (3, {"average": 0.0, "accumulate": 2, "batch": 4})])
def test_an_interrupted_run_goes_on_to_the_very_same_weights(settings, monkeypatch, stop, given):
    monkeypatch.setattr(keep, "_SAVE_EVERY", 2)
    whole, broken = settings("whole", epochs=3, **given), settings("broken", epochs=3, **given)
    expected = train(whole)
    with pytest.raises(KeyboardInterrupt):
        train(broken, stop_after(stop))
    found = train(broken)
    assert same(weights(broken.out), weights(whole.out))
    assert (found["dev"], found["history"]) == (expected["dev"], expected["history"])


def test_dropout_is_the_same_after_an_interruption(settings, bert, monkeypatch):
    monkeypatch.setattr(keep, "_SAVE_EVERY", 2)
    whole, broken = (KeepSettings(bert, settings().data, settings(name).out, epochs=1, batch=8) for name in ("whole", "broken"))
    assert AutoConfig.from_pretrained(bert).hidden_dropout_prob > 0
    train(whole)
    with pytest.raises(KeyboardInterrupt):
        train(broken, stop_after(3))
    train(broken)
    assert same(weights(broken.out), weights(whole.out))


def test_a_run_of_other_settings_is_not_continued(settings):
    train(settings(epochs=1, batch=16))
    with pytest.raises(ValueError, match="other settings"):
        train(settings(epochs=2, batch=16))


def test_a_run_on_other_data_is_not_continued(settings, data):
    with pytest.raises(KeyboardInterrupt):
        train(settings(epochs=2, batch=48), stop_after(2))
    write(data.folder / "train.jsonl", 7, 48)
    with pytest.raises(ValueError, match=r"checkpoint\.pt was written by a run on other data; remove it"):
        train(settings(epochs=2, batch=48))


@pytest.mark.parametrize("patience", [0, 1])
def test_rows_of_an_earlier_model_do_not_hide_the_new_one(settings, patience):
    earlier, made = settings("earlier", epochs=1, batch=48), settings(epochs=1, batch=48, patience=patience, seed=3)
    train(earlier)
    copy_rows(str(earlier.out), made.out)
    train(made)
    assert not (made.out / "model.int8.safetensors").exists()
    assert (made.out / "model.safetensors").is_file()


def test_a_loss_that_is_no_number_ends_training_and_spoils_nothing(settings, monkeypatch):
    monkeypatch.setattr(keep, "_SAVE_EVERY", 1)
    real = Run._losses
    monkeypatch.setattr(Run, "_losses", lambda self, *given: real(self, *given) * (float("nan") if self.step else 1.0))
    with pytest.raises(ValueError, match="the loss is nan at step 2; choose a lower --learning-rate"):
        train(settings(epochs=1, batch=24))
    state = torch.load(settings().out / "checkpoint.pt")
    assert state["step"] == 1
    assert all(value.isfinite().all() for value in state["model"].values())


def test_an_encoder_with_fewer_tokens_than_its_tokenizer_is_refused(settings, base):
    BertModel(BertConfig(vocab_size=99, hidden_size=32, num_hidden_layers=1, num_attention_heads=2)).save_pretrained(base)
    with pytest.raises(ModelNotFound, match="knows 30522 tokens, the model 99"):
        train(settings())


def test_batches_that_are_accumulated_are_one_step(settings):
    whole, halves = settings("whole", batch=8, precision="fp32"), settings("halves", batch=4, accumulate=2, precision="fp32")
    expected, found = first_losses(whole), first_losses(halves)
    assert found == pytest.approx(expected, rel=1e-5)
    metrics = [train(settings(name, **given, precision="fp32", epochs=1)) for name, given in
               (("one", {"batch": 8}), ("two", {"batch": 4, "accumulate": 2}))]  # fmt: skip
    assert metrics[0]["steps"] == metrics[1]["steps"]
    first, second = (weights(settings(name).out) for name in ("one", "two"))
    assert all(torch.allclose(first[name], second[name], atol=2e-3) for name in first)


_WORKER = """
import json, os, sys
from pathlib import Path
import torch
from linguapress.training.keep import DataSet, KeepSettings, train
torch.set_num_threads(1)
base, data, out, batch = sys.argv[1:]
losses = []
settings = KeepSettings(base, (DataSet(Path(data)),), Path(out), epochs=1, batch=int(batch), precision="fp32", patience=1)
metrics = train(settings, lambda step, total, figures: losses.append(figures))
Path(out + os.environ.get("RANK", "0") + ".json").write_text(json.dumps([losses, metrics["dev"], metrics["steps"]]))
"""


@pytest.mark.slow
def test_two_processes_do_what_one_does_with_batches_of_twice_the_size(base, data, tmp_path):
    pytest.importorskip("accelerate")
    script = tmp_path / "worker.py"
    script.write_text(_WORKER)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    for command, name, batch in (([sys.executable, str(script)], "one", 8), (launch, "two", 4)):
        subprocess.run([*command, base, str(data.folder), str(tmp_path / name), str(batch)], check=True, timeout=240)
    losses, dev, steps = json.loads((tmp_path / "one0.json").read_text())
    first, second = (json.loads((tmp_path / f"two{rank}.json").read_text()) for rank in (0, 1))
    assert first == second
    assert first[0][0] == pytest.approx(losses[0], rel=1e-5)
    assert first[0][-1] == pytest.approx(losses[-1], rel=1e-3)
    assert (first[2], first[1]["all"]["f1"]) == (steps, pytest.approx(dev["all"]["f1"], abs=0.05))


def test_several_processes_need_accelerate(settings, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(ImportError, match=r"pip install 'linguapress\[train\]'"):
        train(settings())


def test_frozen_words_are_kept_bit_for_bit(settings):
    mini = read_state(Path(model_folder("mini")))
    made = KeepSettings("mini", settings().data, settings().out, epochs=1, batch=48, freeze_words=True)
    train(made)
    trained = weights(made.out)
    words, positions = (f"bert.embeddings.{kind}_embeddings.weight" for kind in ("word", "position"))
    assert torch.equal(trained[words], mini[words])
    assert not torch.equal(trained[positions], mini[positions])


def test_words_can_be_those_of_another_model(settings, base, tmp_path, embedded_tokenizer):
    other = tmp_path / "other"
    AutoModel.from_config(AutoConfig.from_pretrained(base)).save_pretrained(other)
    embedded_tokenizer.save_pretrained(other)
    made = settings(epochs=1, words_of=str(other), freeze_words=True, model_dtype="float32")
    train(made)
    key = "embeddings.word_embeddings.weight"
    assert torch.equal(weights(made.out)[f"bert.{key}"], weights(other)[key])
    with pytest.raises(ModelNotFound, match="shape"):
        train(settings("second", words_of="mini"))


def test_layers_learn_the_slower_the_lower_they_are(settings, modern):
    for name, top in ((settings().base, "classifier"), (modern, "classifier")):
        run = Run(KeepSettings(name, settings().data, settings().out, layer_decay=0.5), Alone("cpu"))
        run.prepare(10)
        rates = {}
        for group in run.optimizer.param_groups:
            for weight in group["params"]:
                rates.update({key: group["initial_lr"] for key, value in run.master.named_parameters() if value is weight})
        words = next(key for key, value in run.master.named_parameters() if value is run.master.get_input_embeddings().weight)
        assert [rates[words], rates[f"{top}.weight"]] == pytest.approx([0.5**2 * 2e-4, 2e-4])
        assert sorted({round(rate / 2e-4, 3) for rate in rates.values()}) == [0.25, 0.5, 1.0]


def test_training_ends_when_dev_gets_no_better_and_the_best_weights_are_kept(settings, monkeypatch):
    figures = iter([0.5, 0.8, 0.7, 0.6, 0.9])
    seen = []

    def candidate(run, dev, real=keep._candidate):
        monkeypatch.setattr(keep, "keep_report", lambda *_: {"all": {"f1": next(figures)}})
        f1 = real(run, dev)
        monkeypatch.undo()
        monkeypatch.setattr(keep, "_candidate", candidate)
        seen.append(weights(run.settings.out / "best"))
        return f1

    monkeypatch.setattr(keep, "_candidate", candidate)
    made = settings(epochs=5, patience=2)
    metrics = train(made)
    assert metrics["history"] == [0.5, 0.8, 0.7, 0.6]
    assert metrics["epochs"] == 4
    assert same(weights(made.out), seen[1])
    assert not same(seen[0], seen[1])
    assert not (made.out / "best").exists()


def test_a_teacher_is_imitated_on_texts_without_labels(settings, tmp_path, data):
    teacher = settings("teacher", epochs=6, batch=4, rate=3e-3, average=0.5)
    train(teacher)
    plain = tmp_path / "plain.txt"
    plain.write_text("\n".join(json.loads(line)["text"] for line in (data.folder / "train.jsonl").read_text().splitlines()))
    lines = (data.folder / "train.jsonl").read_text().splitlines()
    rows = [{**json.loads(line), "compressed": "the of and very"} for line in lines[:4]]  # labels that mislead
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    shutil.copy(data.folder / "dev.jsonl", tmp_path / "few")
    few = (DataSet(tmp_path / "few", 8),)
    given = {"epochs": 6, "batch": 4, "rate": 3e-3, "average": 0.5, "hold_weight": 0.0}
    alone = train(KeepSettings(settings().base, few, tmp_path / "alone", **given))
    taught = train(KeepSettings(
        settings().base, few, tmp_path / "taught", **given, teachers=(str(teacher.out),), teacher_weight=20.0, unlabelled=(plain,), extra=4.0
    ))  # fmt: skip
    assert taught["dev"]["all"]["f1"] > 0.9 > alone["dev"]["all"]["f1"]


def test_several_teachers_teach_what_they_think_on_average(settings, monkeypatch):
    said = {"one": [0.2, 0.9, -1.0], "two": [0.4, 0.5, 0.3]}
    monkeypatch.setattr(
        "linguapress.training.keep.word_chances", lambda name, texts, device, empty: [np.array(said[name])] * len(texts)
    )
    (taught,) = _taught([Labelled("", "a b c", ())], ["one", "two"], "cpu")
    assert taught.chances == pytest.approx((0.3, 0.7, -1.0))


def test_dev_sets_are_reported_by_set_and_by_source(settings, tmp_path, data):
    write(tmp_path / "more" / "train.jsonl", 3, 8, source="other")
    write(tmp_path / "more" / "dev.jsonl", 4, 5, source="other")
    (tmp_path / "more" / "README.md").write_text("# More\n\nSome texts.\n\nLicence: CC0.\n")
    made = KeepSettings(
        settings().base, (data, DataSet(tmp_path / "more", 0.5)), tmp_path / "run", epochs=1, batch=8, licence="mit"
    )
    metrics = train(made)
    assert {name: sorted(report) for name, report in metrics["sets"].items()} == {"data": ["all", "rule"], "more": ["all", "other"]}
    assert metrics["dev"]["all"]["passages"] == 17
    assert set(metrics["rates"]["sources"]) == {"all", "rule", "other"}
    card = (made.out / "README.md").read_text()
    assert all(
        part in card for part in ('license: "mit"', "| more | 0.5", "- more: Licence: CC0.", "- data: not stated", "more: other")
    )
    assert str(tmp_path) not in card


def test_the_command_trains_and_the_report_measures(settings, data, tmp_path):
    out = tmp_path / "cli"
    words = ["keep", "--data", f"{data.folder}=2", "--out", str(out), "--base", settings().base, "--epochs", "1", "--device", "cpu"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    figures = json.loads(result.output[result.output.index("{") :])
    report = CliRunner().invoke(app, ["keep-report", "--model", str(out), "--data", str(data.folder), "--device", "cpu", "--json"])
    assert json.loads(report.output)["dev"]["all"] == figures["dev"]
    shown = CliRunner().invoke(app, ["keep-report", "--model", str(out), "--data", str(data.folder), "--rate", "0.3"])
    assert "that keeps 30.0% of all words" in shown.output
    assert "| rule | 12 |" in shown.output


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "train.jsonl").unlink(), "has no train.jsonl"),
        (lambda folder: (folder / "dev.jsonl").unlink(), "has no dev.jsonl"),
        (lambda folder: (folder / "train.jsonl").write_text("\n"), "holds no examples"),
        (lambda folder: (folder / "dev.jsonl").write_text('{"text": "a"}\n'), "text and compressed"),
        (lambda folder: (folder / "dev.jsonl").write_text("text\n"), "text and compressed"),
    ],
)
def test_data_that_cannot_be_used_is_named_in_one_line(settings, data, tmp_path, change, message):
    change(data.folder)
    result = CliRunner().invoke(app, ["keep", "--data", str(data.folder), "--out", str(tmp_path / "o"), "--base", settings().base])
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_learnt(settings, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(Run, "update", lambda *_: pytest.fail("it learnt"))
    with pytest.raises(OSError, match="file"):
        train(settings("file/model"))


def test_an_encoder_that_cannot_be_used_is_named(settings, data, tmp_path, base):
    with pytest.raises(ModelNotFound, match="nowhere"):
        train(KeepSettings(str(tmp_path / "nowhere"), (data,), tmp_path / "o"))
    (Path(base) / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelNotFound, match="cannot load the encoder"):
        train(settings())


def test_a_tokenizer_without_offsets_is_refused(settings, monkeypatch):
    from linguapress.training import keep_model

    class Slow(BertTokenizer):
        is_fast = False

    monkeypatch.setattr(keep_model, "load_tokenizer", Slow.from_pretrained)
    with pytest.raises(ModelNotFound, match="no character offsets"):
        train(settings())


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"data": ()}, ValueError, "no data"),
        ({"precision": "int8"}, UnknownName, "auto, bf16, fp32"),
        ({"model_dtype": "int8"}, UnknownName, "float16"),
        ({"epochs": 0}, ValueError, "epochs is 0"),
        ({"window": 2}, ValueError, "window is 2"),
        ({"unlabelled": (Path("a.txt"),)}, ValueError, "teacher"),
        ({"base": "o"}, ValueError, "would be written over 'o'"),
        ({"words_of": "./o"}, ValueError, "would be written over"),
        ({"teachers": ("mini", "o")}, ValueError, "would be written over 'o'"),
    ],
)
def test_settings_that_mean_nothing_are_refused(given, kind, message):
    with pytest.raises(kind, match=message):
        KeepSettings(**{"base": "mini", "data": (DataSet(Path("d")),), "out": Path("o"), **given})
