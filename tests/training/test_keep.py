"""Training of a keep head, on a tiny encoder and a rule that it can learn."""

import json
import random

import pytest
from transformers import BertConfig, BertModel

from linguapress.models.token_classifier import TokenClassifier
from linguapress.training.corpus import joined, read_distilled, read_plain
from linguapress.training.keep import KeepSettings, train
from linguapress.training.metrics import auc, keep_report, random_words, word_table

FILLERS, NOUNS = ["the", "of", "and", "very"], ["river", "castle", "engine", "doctor", "violin", "harbour"]


def write(path, seed, count):
    rng = random.Random(seed)
    with path.open("w", encoding="utf-8") as handle:
        for _ in range(count):
            words = [rng.choice(FILLERS if rng.random() < 0.5 else NOUNS) for _ in range(20)]
            compressed = " ".join(word for word in words if word in NOUNS)
            handle.write(json.dumps({"source": "rule", "text": " ".join(words), "compressed": compressed}) + "\n")


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder / "train.jsonl", 0, 48)
    write(folder / "dev.jsonl", 1, 12)
    return folder


@pytest.fixture
def base(tmp_path, embedded_tokenizer):
    folder = tmp_path / "base"
    config = BertConfig(vocab_size=30522, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64)
    BertModel(config).save_pretrained(folder)
    embedded_tokenizer.save_pretrained(folder)
    return str(folder)


def test_a_rule_is_learnt_and_the_checkpoint_can_be_used(data, base, tmp_path):
    out = tmp_path / "run"
    metrics = train(KeepSettings(base, data, out, epochs=6, batch=4, rate=3e-3, average=0.5))
    assert metrics["dev"]["all"]["f1"] > 0.95 > metrics["baselines"]["random words"]["f1"]
    assert json.loads((out / "metrics.json").read_text())["dev"] == metrics["dev"]
    scores = TokenClassifier(str(out), "cpu").keep_probabilities(["the river"])[0]
    assert scores.values[1] > scores.values[0]


def test_an_interrupted_run_goes_on_to_the_same_end(data, base, tmp_path):
    def stop_after(limit):
        def progress(step, total, figures):
            if step >= limit:
                raise KeyboardInterrupt

        return progress

    settings = [KeepSettings(base, data, tmp_path / name, epochs=3, batch=8, rate=1e-3) for name in ("whole", "broken")]
    whole = train(settings[0])
    with pytest.raises(KeyboardInterrupt):
        train(settings[1], stop_after(8))
    assert train(settings[1])["dev"] == whole["dev"]


def test_a_run_of_other_settings_is_not_continued(data, base, tmp_path):
    train(KeepSettings(base, data, tmp_path / "run", epochs=1, batch=16))
    with pytest.raises(ValueError, match="other settings"):
        train(KeepSettings(base, data, tmp_path / "run", epochs=2, batch=16))


def test_the_word_table_learns_the_rule_and_chance_does_not(data):
    examples = read_distilled(data / "train.jsonl")
    assert keep_report(examples, word_table(examples))["all"]["f1"] == 1
    assert keep_report(examples, random_words())["rule"]["f1"] < 0.75


def test_auc_counts_ties_half():
    import numpy as np

    assert auc(np.array([True, False, True, False]), np.array([0.9, 0.1, 0.5, 0.5])) == pytest.approx(0.875)


def test_joined_texts_keep_their_labels(data):
    examples = read_distilled(data / "train.jsonl")
    groups = joined(examples, random.Random(0))
    assert len(groups) < len(examples)
    assert sum(len(group.kept) for group in groups) == sum(len(example.kept) for example in examples)
    assert all(group.text[start:end] in NOUNS for group in groups for start, end in group.kept)


def test_plain_texts_come_with_their_titles(tmp_path):
    file = tmp_path / "held.jsonl"
    file.write_text(json.dumps({"title": "T", "question": "q?", "passage": "p"}) + "\n")
    assert read_plain(file) == ["q?", "T\np"]
