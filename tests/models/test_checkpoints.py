"""Folders laid out as the published LLMLingua-2 checkpoints, written by the versions of transformers that wrote those; and broken ones."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import regex
from samples import BRIDGE, OVEN, PROSE

from linguapress import Budget, Guard, ModelNotFound, load
from linguapress.models.encoder import Encoder
from linguapress.models.token_classifier import TokenClassifier
from linguapress.models.weights import load_weights

FOLDERS = Path(__file__).parent.parent / "data" / "parity"
NAMES = ("xlm-roberta-large", "bert-base-multilingual-cased")


@pytest.fixture(params=NAMES)
def checkpoint(request):
    """Each layout in turn."""
    return FOLDERS / request.param


@pytest.fixture
def copy(checkpoint, tmp_path):
    """A copy that may be broken, under a name that says nothing."""
    return Path(shutil.copytree(checkpoint, tmp_path / "my model"))


def keep(folder, text=OVEN, label=None):
    return TokenClassifier(str(folder), "cpu", label, "torch-float32").keep_probabilities([text])[0].values


def changed(file, **values):
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | values), "utf-8")


def test_the_layouts_are_those_of_the_published_checkpoints():
    xlmr, bert = (json.loads((FOLDERS / name / "config.json").read_text("utf-8")) for name in NAMES)
    assert xlmr["architectures"] == ["XLMRobertaForTokenClassification"]
    assert (xlmr["max_position_embeddings"], xlmr["pad_token_id"]) == (514, 1)
    assert (bert["architectures"], bert["max_position_embeddings"]) == (["BertForTokenClassification"], 512)
    assert "id2label" not in xlmr
    assert "id2label" not in bert  # LABEL_0 and LABEL_1
    model, bert_model = (json.loads((FOLDERS / name / "tokenizer.json").read_text("utf-8"))["model"] for name in NAMES)
    assert (model["type"], bert_model["type"]) == ("Unigram", "WordPiece")


@pytest.mark.parametrize(("name", "frame"), [(NAMES[0], ["<s>", "</s>"]), (NAMES[1], ["[CLS]", "[SEP]"])])
def test_texts_stand_between_the_special_tokens_of_the_model(name, frame):
    weights = load_weights(str(FOLDERS / name), "cpu", None, exact=True)
    ids = [*weights.prefix.tolist(), *weights.suffix.tolist()]
    assert [weights.tokenizer.id_to_token(number) for number in ids] == frame
    assert (weights.keep, weights.longest, weights.room) == (1, 512, 510)


def test_probabilities_are_those_of_the_plain_model(checkpoint):
    import torch
    from transformers import AutoModelForTokenClassification, PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(checkpoint)
    model = AutoModelForTokenClassification.from_pretrained(checkpoint, dtype=torch.float32).eval()
    with torch.inference_mode():
        plain = model(**tokenizer(BRIDGE, return_tensors="pt", return_token_type_ids=False)).logits.softmax(-1)[0, 1:-1, 1].numpy()
    assert keep(checkpoint, BRIDGE) == pytest.approx(plain, abs=0.02)  # ours are rounded to steps of 1/16 log-odds


def test_the_longest_window_is_read_and_longer_texts_in_several(checkpoint):
    encoder = Encoder(str(checkpoint), "cpu")
    text = " ".join([OVEN] * 6)
    tokens = len(encoder.loaded.tokenizer.encode(text, add_special_tokens=False).ids)
    assert tokens > 2 * 510
    assert len(encoder.cut([text])[0].windows) > 2
    assert (encoder.read([text])[0].keep > 0).all()


def test_any_folder_name_will_do(checkpoint, copy):
    assert np.array_equal(keep(checkpoint), keep(copy))


def test_weights_of_the_old_kind_load_too(checkpoint, copy):
    import torch
    from safetensors.torch import load_file

    weights = load_file(copy / "model.safetensors")
    prefix = "roberta" if any(name.startswith("roberta") for name in weights) else "bert"
    weights[f"{prefix}.embeddings.position_ids"] = torch.arange(512)[None]  # a buffer that old versions saved
    torch.save(weights, copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    assert np.array_equal(keep(checkpoint), keep(copy))


def test_wordpiece_without_tokenizer_json(tmp_path):
    folder = Path(shutil.copytree(FOLDERS / NAMES[1], tmp_path / "model"))
    (folder / "tokenizer.json").unlink()
    assert np.array_equal(keep(FOLDERS / NAMES[1]), keep(folder))


def test_a_text_is_normalised_as_the_tokenizer_file_says():
    encoder = Encoder(str(FOLDERS / NAMES[0]), "cpu")
    plain, wide = encoder.read(["the ferry pier fits"])[0], encoder.read(["the ferry pier \ufb01ts"])[0]
    assert np.array_equal(plain.keep, wide.keep)
    assert wide.offsets.max() == len("the ferry pier \ufb01ts")


def test_force_tokens_survive_and_the_embeddings_keep_their_size(checkpoint):
    before = load_weights(str(checkpoint), "cpu", None).model.get_input_embeddings().weight.shape
    forced = ("\n", "Marta Holm", "?!", "tower")
    press = load("llmlingua2", model=str(checkpoint), device="cpu", force_tokens=forced, guard=Guard.off())
    out = press.compress([BRIDGE], budget=Budget(rate=0.3))
    assert out.text.count("tower") == BRIDGE.count("tower")
    assert "Marta Holm" in out.text
    assert press.keep.encoder.loaded.model.get_input_embeddings().weight.shape == before


def test_numbers_can_be_forced_whole(checkpoint):
    out = load("llmlingua2", model=str(checkpoint), device="cpu").compress([BRIDGE], budget=Budget(rate=0.4))
    numbers = regex.findall(r"\d[\d.,]*\d|\d", BRIDGE)
    assert all(number in out.text for number in numbers)


@pytest.mark.parametrize("tokens", [30, 200])
def test_documents_can_go_whole_first(checkpoint, tokens):
    press = load("llmlingua2", model=str(checkpoint), device="cpu", documents=1.5)
    out = press.compress([*PROSE, "Yes."], budget=Budget(tokens=tokens))
    assert [stage.name for stage in out.stages] == ["keep_ranking", "llmlingua2"]
    assert out.stages[0].tokens_out <= 1.5 * tokens
    assert out.tokens_after <= tokens
    assert out.dropped


def test_the_documents_kept_are_those_with_the_highest_mean():
    press = load("llmlingua2", model=str(FOLDERS / NAMES[1]), device="cpu", documents=1.0)
    means = [keep(FOLDERS / NAMES[1], text).mean() for text in PROSE]
    out = press.compress(PROSE, budget=Budget(tokens=max(Budget(rate=1).counter(text) for text in PROSE)))
    assert {passage.index for passage in out.passages} == {int(np.argmax(means))}


def test_a_scrap_of_a_document_does_not_take_the_place_of_one_that_is_too_long():
    press = load("llmlingua2", device="cpu", documents=1.0)
    out = press.compress([BRIDGE, OVEN, "Yes."], budget=Budget(tokens=40))
    assert out.tokens_after >= 38


@pytest.mark.parametrize("documents", [0.5, float("inf"), float("nan")])
def test_no_sensible_room_for_documents_is_an_error(documents):
    with pytest.raises(ValueError, match="documents is how many times the budget"):
        load("llmlingua2", documents=documents)


def broken(folder, says, **settings):
    with pytest.raises(ModelNotFound, match=says) as caught:
        load("llmlingua2", model=str(folder), device="cpu", **settings).compress(PROSE, budget=Budget(tokens=20))
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value) or "labels" in str(caught.value)


def test_a_checkpoint_without_a_keep_label_says_which_it_has(copy):
    changed(copy / "config.json", id2label={"0": "O", "1": "B-PER"}, label2id={"O": 0, "B-PER": 1})
    broken(copy, r"which of the labels \['B-PER', 'O'\] means keep\? give keep_label")
    assert len(keep(copy, label="B-PER")) == len(keep(copy, label=1))


def test_the_second_of_many_labels_does_not_mean_keep(copy):
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(copy / "model.safetensors")
    for name in ("classifier.weight", "classifier.bias"):
        weights[name] = torch.cat([weights[name], weights[name][:1]])
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    changed(copy / "config.json", id2label={str(n): f"LABEL_{n}" for n in range(3)}, label2id={f"LABEL_{n}": n for n in range(3)})
    broken(copy, "give keep_label")


def test_an_encoder_without_a_head_is_no_classifier(copy):
    changed(copy / "config.json", architectures=["BertModel" if "bert-base" in str(copy) else "XLMRobertaModel"])
    broken(copy, "is no token classifier; give a model with a keep label")


def test_a_tokenizer_without_offsets_is_refused(tmp_path):
    folder = Path(shutil.copytree(FOLDERS / NAMES[1], tmp_path / "model"))
    (folder / "tokenizer.json").unlink()
    changed(folder / "tokenizer_config.json", tokenizer_class="CanineTokenizer")
    broken(folder, r"gives no character offsets; save a fast one \(tokenizer.json\)")


def test_a_folder_without_weights_says_so(copy):
    (copy / "model.safetensors").unlink()
    broken(copy, "cannot load the encoder .*no file named model.safetensors.*; give a hub name, or a folder with")


@pytest.mark.parametrize("lost", ["classifier", "layer.1"])
def test_weights_that_lack_tensors_are_never_made_up(lost, copy, capfd):
    from safetensors.torch import load_file, save_file

    weights = {name: value for name, value in load_file(copy / "model.safetensors").items() if lost not in name}
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    broken(copy, rf"the weights of .* lack \d+ tensors, such as .*{lost}.*; fetch the checkpoint again")
    assert not any(capfd.readouterr())


@pytest.mark.parametrize("content", [b"", b"x" * 200, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"])
def test_weights_that_are_no_weights_are_an_error(content, copy):
    (copy / "model.safetensors").write_bytes(content)
    broken(copy, "cannot load the encoder")


def test_a_folder_without_a_tokenizer_is_not_given_an_empty_one(copy):
    for name in ("tokenizer.json", "vocab.txt"):
        (copy / name).unlink(missing_ok=True)
    broken(copy, "holds no tokenizer; copy the checkpoint's tokenizer.json|cannot load the encoder")


def test_words_beside_a_border_are_read_as_in_the_middle():
    """Windows overlap, so no word loses its context; with chunks that end anywhere, many do."""
    from linguapress.jsonl import read_jsonl
    from linguapress.models.embedded import model_folder

    passages = read_jsonl(Path(model_folder("mini")).parent / "demo" / "passages.jsonl")
    text = "\n\n".join(row["text"] for row in passages)
    weights, room = load_weights("mini", "cpu", None, exact=True), 510
    ids = np.array(weights.tokenizer.encode(text, add_special_tokens=False).ids)
    windowed = Encoder("mini", "cpu", runtime="torch-float32").read([text])[0].keep

    def read(start):
        part = ids[max(0, start) : max(0, start) + room]
        return weights.forward([part], 512)[1][0][: len(part)]

    chunked = np.concatenate([read(start) for start in range(0, len(ids), room)])
    errors = []
    for border in range(room, len(ids) - 8, room):
        near = slice(border - 8, border + 8)
        centred = read(border - room // 2)[room // 2 - 8 : room // 2 + 8]
        errors.append([np.abs(values[near] - centred).mean() for values in (windowed, chunked)])
    ours, theirs = np.mean(errors, axis=0)
    assert ours < 0.06
    assert ours < 0.6 * theirs
