"""Weights as rows of int8: near to what they were, and read by all that reads weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel, AutoModelForTokenClassification
from typer.testing import CliRunner

from linguapress import ModelNotFound
from linguapress.models.embedded import model_folder
from linguapress.models.encoder import Encoder
from linguapress.models.fingerprints import fingerprint
from linguapress.models.pair_reader import PairReader
from linguapress.models.pair_weights import is_selector
from linguapress.models.stored import DENSE, ROWS, copy_dense, copy_rows, load, read_state, read_weight, write_rows
from linguapress.models.token_classifier import TokenClassifier
from linguapress.training.cli import app


@pytest.fixture
def classifier(tmp_path, embedded_tokenizer):
    """Folder of a tiny token classifier."""
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "bert", hidden_size=128, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=len(embedded_tokenizer),
        id2label={0: "drop", 1: "keep"}, label2id={"drop": 0, "keep": 1},
    )  # fmt: skip
    AutoModelForTokenClassification.from_config(config).half().save_pretrained(tmp_path / "dense")
    embedded_tokenizer.save_pretrained(tmp_path / "dense")
    return tmp_path / "dense"


@pytest.fixture
def rows(tmp_path, classifier):
    """The same, its weights as rows of int8."""
    return copy_rows(str(classifier), tmp_path / "rows")


def test_each_number_is_within_half_a_step_of_what_it_was(tmp_path):
    torch.manual_seed(1)
    matrix = torch.randn(50, 64) * torch.logspace(-3, 2, 50)[:, None]
    matrix[7] = 0
    positions = "embeddings.position_embeddings.weight"
    write_rows({"matrix": matrix, "vector": matrix[3], "head": matrix[:2], positions: matrix, "numbers": torch.arange(9)}, tmp_path)
    found = read_state(tmp_path)
    step = matrix.abs().amax(1, keepdim=True) / 127
    assert ((found["matrix"] - matrix).abs() <= 0.57 * step).all()  # a half, and the rounding of the result to float16
    assert not torch.equal(found["matrix"], matrix.half())
    assert torch.equal(found[positions], matrix.half())
    assert torch.equal(found["head"], matrix[:2].half())
    assert torch.equal(found["numbers"], torch.arange(9))
    assert torch.equal(read_weight(tmp_path, "rix"), found["matrix"])
    with pytest.raises(ValueError, match="no weight words"):
        read_weight(tmp_path, "words")


def test_it_takes_about_half_the_room(classifier, rows):
    assert (rows / ROWS).stat().st_size < 0.53 * (classifier / DENSE).stat().st_size
    assert not (rows / DENSE).exists()


def test_what_only_training_needs_is_not_copied(classifier, tmp_path):
    for name in ("checkpoint.pt", "log.jsonl", "tokens.npy", "metrics.json", "best/model.safetensors"):
        (classifier / name).parent.mkdir(exist_ok=True)
        (classifier / name).write_bytes(b"{}")
    before = {path.name for path in classifier.iterdir()}
    out = copy_rows(str(classifier), tmp_path / "small")
    assert before - {path.name for path in out.iterdir()} == {"checkpoint.pt", "log.jsonl", "tokens.npy", "best", DENSE}


def test_an_encoder_reads_nearly_the_same(classifier, rows):
    text = "The quick brown fox jumps over 12 lazy dogs."
    dense, stored = (Encoder(str(folder), "cpu", runtime="torch-float32").read([text])[0] for folder in (classifier, rows))
    assert np.abs(dense.keep - stored.keep).max() < 0.01
    assert np.abs(dense.states.astype(float) - stored.states).max() < 0.1
    assert not np.array_equal(dense.states, stored.states)
    assert fingerprint(str(classifier)) != fingerprint(str(rows))


def test_a_trunk_alone_is_read_from_a_classifier(rows):
    model, missing = load(AutoModel, str(rows), dtype=torch.float32, hidden_dropout_prob=0.0)
    assert all("pooler" in name for name in missing)
    assert model.config.hidden_dropout_prob == 0
    assert torch.equal(model.get_input_embeddings().weight, read_weight(rows, "word_embeddings.weight").float())


def test_a_missing_weight_is_told(rows):
    state = load_file(rows / ROWS)
    del state["bert.encoder.layer.1.output.dense.weight"]
    save_file(state, rows / ROWS)
    with pytest.raises(ModelNotFound, match=r"lack 1 tensors, such as .*layer.1.output.dense.weight"):
        Encoder(str(rows), "cpu").read(["a"])


def test_a_copy_that_transformers_reads(classifier, rows, tmp_path):
    out = copy_dense(str(rows), tmp_path / "copy")
    assert not (out / ROWS).exists()
    model, found = AutoModelForTokenClassification.from_pretrained(out, output_loading_info=True)
    assert not found["missing_keys"]
    assert torch.equal(model.get_input_embeddings().weight.half(), read_weight(rows, "word_embeddings.weight"))
    same = copy_dense(str(classifier), tmp_path / "same")
    assert (same / DENSE).read_bytes() == (classifier / DENSE).read_bytes()


def test_a_selector_is_read_from_rows(selector, tmp_path):
    folder = str(copy_rows(selector, tmp_path / "selector"))
    assert is_selector(folder)
    asked = "Who?", ["Ann did it.", "Nobody knows."]
    dense, stored = (PairReader(name, "cpu", runtime="torch-float32").read(*asked) for name in (selector, folder))
    assert all(abs(one.relevance - other.relevance) < 0.05 for one, other in zip(dense, stored, strict=True))


@pytest.mark.parametrize("name", ["mini", "select"])
def test_the_embedded_models_are_stored_so(name):
    assert Path(model_folder(name), ROWS).is_file()
    assert not Path(model_folder(name), DENSE).exists()


def test_the_command_shrinks_what_training_wrote(classifier, tmp_path):
    run = CliRunner().invoke(app, ["shrink", "--model", str(classifier), "--out", str(tmp_path / "small")])
    assert run.exit_code == 0
    assert "model.int8.safetensors" in run.output
    assert TokenClassifier(str(tmp_path / "small")).encoder.read(["Good."])
    again = CliRunner().invoke(app, ["shrink", "--model", str(classifier), "--out", str(tmp_path / "small")])
    assert again.exit_code == 1
    none = CliRunner().invoke(app, ["shrink", "--model", str(tmp_path / "none"), "--out", str(tmp_path / "other")])
    assert none.exit_code == 1
    assert "has no model.safetensors" in none.output
