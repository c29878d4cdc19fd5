"""ONNX Runtime: the same selections without torch, from a folder that needs nothing else."""

import json
import os
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from samples import BRIDGE, CHINESE, DOCUMENTS, HOSTILE, OVEN, PROSE, RECORDS
from typer.testing import CliRunner

from linguapress import Budget, ModelNotFound, UnknownName, load
from linguapress.cli import app
from linguapress.jsonl import read_jsonl
from linguapress.models.encoder import Encoder
from linguapress.models.onnx_export import export_model
from linguapress.models.onnx_session import provider_of
from linguapress.models.pair_reader import PairReader
from linguapress.models.pair_weights import write_odds
from linguapress.models.relevance import relevance_of
from linguapress.models.runtimes import export_folder
from linguapress.models.sentence_odds import PLAIN, SentenceOdds
from linguapress.models.token_classifier import TokenClassifier

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

TEXTS = [*DOCUMENTS, "".join(HOSTILE), "a", "word " * 3, OVEN * 4, BRIDGE * 3]
QUESTION = "Who built the bridge?"


@pytest.fixture(scope="session")
def exports(tmp_path_factory):
    """A cache folder in which models are exported at most once."""
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(scope="session")
def exported(exports):
    """Exports a model; its folder."""
    known = {}

    def export(model):
        if model not in known:
            known[model] = export_model(model, exports / str(len(known)), int8=True)
        return str(known[model])

    return export


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "linguapress" / "onnx"


def alike(first, second):
    assert np.array_equal(first.offsets, second.offsets)
    assert first.unknown == second.unknown
    assert np.abs(first.keep - second.keep).sum() < 1e-3 * max(100, len(first.keep))
    assert np.allclose(first.keep, second.keep, atol=0.05)  # they are rounded to steps, and a step may be taken by a hair
    assert np.allclose(first.states, second.states, atol=0.04)


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize(
    "model", ["bert", pytest.param("xlmr", marks=pytest.mark.slow), pytest.param("modern", marks=pytest.mark.slow)]
)
def test_an_export_reads_what_torch_reads(model, request, exported):
    folder = request.getfixturevalue(model)
    expected = Encoder(folder, "cpu", runtime="torch-float32").read(TEXTS)
    for a, b in zip(expected, Encoder(exported(folder), "cpu").read(TEXTS), strict=True):
        alike(a, b)
    for rate in (0.2, 0.5, 0.8):
        torch, onnx = (
            load("llmlingua2", model=name, device="cpu", runtime=runtime).compress(
                [*PROSE, RECORDS, CHINESE], budget=Budget(rate=rate)
            )
            for name, runtime in ((folder, "torch-float32"), (exported(folder), "onnx"))
        )
        assert torch.text == onnx.text


@pytest.mark.slow
def test_an_export_of_an_encoder_without_labels_embeds(bert, exported, tmp_path):
    from transformers import AutoModel, AutoTokenizer

    AutoModel.from_pretrained(bert).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(bert).save_pretrained(tmp_path)
    folder = exported(str(tmp_path))
    for a, b in zip(Encoder(str(tmp_path), "cpu", runtime="torch-float32").read(PROSE), Encoder(folder).read(PROSE), strict=True):
        assert len(a.keep) == len(b.keep) == 0
        assert np.allclose(a.states, b.states, atol=1e-2)
    with pytest.raises(ModelNotFound, match="no token classifier"):
        TokenClassifier(folder, "cpu").keep_probabilities(PROSE)


@pytest.mark.parametrize("runtime", ["onnx", "onnx-int8"])
def test_company_and_batches_change_no_bit(runtime, bert, exported):
    folder = exported(bert)
    alone = [Encoder(folder, "cpu", runtime=runtime).read([text])[0] for text in TEXTS]
    for batch_tokens in (0, 64, 100_000):
        together = Encoder(folder, "cpu", batch_tokens=batch_tokens, runtime=runtime).read(TEXTS[::-1])[::-1]
        assert all(same(a, b) for a, b in zip(alone, together, strict=True))


def test_padded_batches_mean_the_same(bert, exported):
    """What runs where batches pay, on a GPU."""
    expected = Encoder(exported(bert), "cpu").read(TEXTS)
    encoder = Encoder(exported(bert), "cpu", batch_tokens=4096)
    encoder.loaded._session.alone = False
    for a, b in zip(expected, encoder.read(TEXTS), strict=True):
        alike(a, b)


def test_eight_bits_stay_near(bert, exported):
    exact, rough = (Encoder(exported(bert), "cpu", runtime=runtime).read(PROSE) for runtime in ("onnx", "onnx-int8"))
    difference = np.concatenate([np.abs(a.keep - b.keep) for a, b in zip(exact, rough, strict=True)])
    assert 0 < difference.mean() < 0.1


@pytest.mark.slow
def test_a_selector_reads_what_torch_reads(selector, exported):
    passages = [*PROSE, "Short.", OVEN * 8]
    expected = PairReader(selector, "cpu", runtime="torch-float32").read(QUESTION, passages)
    whole = PairReader(exported(selector), "cpu").read(QUESTION, passages)
    padded = PairReader(exported(selector), "cpu", batch_tokens=4096)
    padded.loaded._session.alone = False
    for a, b, c in zip(expected, whole, padded.read(QUESTION, passages), strict=True):
        assert np.array_equal(a.offsets, b.offsets)
        assert np.allclose(a.need, b.need, atol=1e-4)
        assert np.allclose(a.need, c.need, atol=1e-4)
        assert np.allclose(a.answer, b.answer, atol=1e-3)
        assert np.allclose(a.answer, c.answer, atol=1e-3)
        assert a.relevance == pytest.approx(b.relevance, abs=1e-3)
        assert a.relevance == pytest.approx(c.relevance, abs=1e-3)
    alone = [PairReader(exported(selector), "cpu").read(QUESTION, [passage])[0] for passage in passages]
    assert all(same(a, b) for a, b in zip(alone, whole, strict=True))


@pytest.mark.slow
def test_an_export_carries_what_makes_a_sentence_probable(selector, exported, tmp_path):
    folder = Path(shutil.copytree(selector, tmp_path / "odds"))
    write_odds(folder, SentenceOdds(0.5, 0.25, -0.125, 1.5))
    assert PairReader(exported(str(folder)), "cpu").odds == SentenceOdds(0.5, 0.25, -0.125, 1.5)
    assert PairReader(exported(selector), "cpu").odds == PLAIN


def test_an_export_without_the_answer_is_to_be_written_again(selector, exported, monkeypatch):
    reader = PairReader(exported(selector), "cpu")
    run = reader.loaded._session.run
    monkeypatch.setattr(reader.loaded._session, "run", lambda inputs: run(inputs)[:2])
    with pytest.raises(ModelNotFound, match="older linguapress; write it again"):
        reader.read(QUESTION, PROSE)


@pytest.mark.slow
def test_exports_are_not_mistaken_for_one_another(bert, selector, exported):
    with pytest.raises(ModelNotFound, match="one selector is needed"):
        PairReader(exported(bert), "cpu").read(QUESTION, PROSE)
    with pytest.raises(ModelNotFound, match="encoder is needed"):
        Encoder(exported(selector), "cpu").read(PROSE)


CODE = """
import json, sys
from pathlib import Path
from linguapress import Budget, load
press = load("llmlingua2", model=sys.argv[1])
text = press.compress(["The bridge is old. It is green and long."] * 2, budget=Budget(rate=0.5)).text
print(json.dumps([text, [name for name in ("torch", "transformers", "onnx", "huggingface_hub") if name in sys.modules]]))
"""


def test_a_fresh_process_compresses_without_torch_and_writes_nothing(bert, exported, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-c", CODE, exported(bert)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment | home, check=False)
    assert done.returncode == 0, done.stderr
    text, heavy = json.loads(done.stdout)
    assert heavy == []
    assert (
        text
        == load("llmlingua2", model=bert, runtime="torch-float32")
        .compress(["The bridge is old. It is green and long."] * 2, budget=Budget(rate=0.5))
        .text
    )
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_model_is_found_by_its_name_once_it_is_exported(bert, exported, cache):
    press = load("llmlingua2", model=bert, runtime="onnx")
    with pytest.raises(ModelNotFound, match="linguapress export") as raised:
        press.compress(PROSE, budget=Budget(rate=0.5))
    assert bert in str(raised.value)
    assert not cache.exists()
    shutil.copytree(exported(bert), export_folder(bert), ignore=shutil.ignore_patterns("*int8*"))
    assert press.compress(PROSE, budget=Budget(rate=0.5)).text
    with pytest.raises(ModelNotFound, match="--int8"):
        load("llmlingua2", model=bert, runtime="onnx-int8").compress(PROSE, budget=Budget(rate=0.5))


def test_an_export_of_other_weights_is_not_taken_for_the_model(bert, exported, cache, tmp_path):
    from safetensors.numpy import load_file, save_file

    folder = str(shutil.copytree(bert, tmp_path / "model"))
    shutil.copytree(exported(bert), export_folder(folder))
    Encoder(folder, "cpu", runtime="onnx").read(PROSE)
    weights = load_file(tmp_path / "model" / "model.safetensors")
    save_file({name: value * 2 for name, value in weights.items()}, tmp_path / "model" / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelNotFound, match="linguapress export"):
        Encoder(folder, "cpu", runtime="onnx").read(PROSE)


@pytest.mark.slow
def test_the_command_writes_where_names_are_looked_up(bert, cache):
    done = CliRunner().invoke(app, ["export", bert])
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{export_folder(bert)}\n"
    assert done.stdout.startswith(str(cache))
    assert load("llmlingua2", model=bert, runtime="onnx").compress(PROSE, budget=Budget(rate=0.5)).text
    assert CliRunner().invoke(app, ["export", bert, "--out", done.stdout.strip()]).exit_code == 0


def test_export_never_writes_over_something_else(bert, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work", "utf-8")
    done = CliRunner().invoke(app, ["export", bert, "--out", str(tmp_path)])
    assert done.exit_code == 1
    assert "something else" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    two = CliRunner().invoke(app, ["export", bert, "mini", "--out", str(tmp_path / "new")])
    assert two.exit_code == 2
    assert "--out is the folder of one model" in two.stderr


def test_a_broken_export_is_one_sentence(bert, exported, tmp_path):
    for name, match in (
        ("model.onnx", "cannot load"),
        ("tokenizer.json", "no complete export"),
        ("linguapress.json", "no complete export"),
    ):
        broken = tmp_path / name
        shutil.copytree(exported(bert), broken)
        (broken / name).write_text("{", "utf-8")
        with pytest.raises(ModelNotFound, match=match):
            Encoder(str(broken), "cpu", runtime="onnx").read(PROSE)


def test_the_note_says_what_was_exported(bert, exported):
    note = json.loads(Path(exported(bert), "linguapress.json").read_text("utf-8"))
    assert note["kind"] == "encoder"
    assert note["model"] == "bert"
    assert note["opset"] == 23
    assert note["labels"] == {"0": "drop", "1": "keep"}
    assert {"linguapress", "torch", "transformers", "onnx"} <= set(note["versions"])
    graph = Path(exported(bert), "model.onnx").read_bytes()
    assert b"site-packages" not in graph
    assert b".py" not in graph


@pytest.mark.parametrize("name", ["lingua", "query_select", "llmlingua2", "sentence_filter", "document_ranking"])
def test_an_unknown_runtime_is_named(name):
    with pytest.raises(UnknownName, match="abacus"):
        load(name, runtime="abacus")


def test_what_runs_on_torch_alone_says_so():
    with pytest.raises(UnknownName, match="torch alone"):
        relevance_of("cross-encoder:some", runtime="onnx")
    with pytest.raises(UnknownName, match="torch alone"):
        load("query_select", model="open-provence:some", runtime="onnx")


@pytest.mark.parametrize(
    ("device", "available", "expected"),
    [
        ("auto", ["CPUExecutionProvider"], ("CPUExecutionProvider", {})),
        ("cpu", ["CUDAExecutionProvider", "CPUExecutionProvider"], ("CPUExecutionProvider", {})),
        ("auto", ["CUDAExecutionProvider", "CPUExecutionProvider"], ("CUDAExecutionProvider", {"device_id": 0})),
        ("cuda:1", ["CUDAExecutionProvider", "CPUExecutionProvider"], ("CUDAExecutionProvider", {"device_id": 1})),
    ],
)
def test_devices_are_providers(device, available, expected):
    assert provider_of(device, available) == expected


@pytest.mark.parametrize(("device", "match"), [("mps", "mps"), ("cuda", "onnxruntime-gpu"), ("cuda:x", "cuda:x"), ("", "unknown")])
def test_a_device_that_is_not_there_is_named(device, match):
    with pytest.raises(UnknownName, match=match):
        provider_of(device, ["CPUExecutionProvider"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lingua", "llmlingua2", "sentence_filter", "query_select", "document_ranking"])
def test_the_embedded_models_select_the_same_on_real_passages(name, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp()))
    for model in ("mini", "select"):
        if not export_folder(model).exists():
            export_model(model)
    rows = list(read_jsonl(resources.files("linguapress").joinpath("assets/demo/passages.jsonl")))[:20]
    documents = [f"{row['title']}\n{row['text']}" for row in rows]
    for question in ("Who built the bridge?", "When was it discovered?"):
        for tokens in (150, 400, 1000):
            torch, onnx = (
                load(name, device="cpu", runtime=runtime).compress(documents, question, budget=Budget(tokens=tokens))
                for runtime in ("torch-float32", "onnx")
            )
            assert torch.text == onnx.text
