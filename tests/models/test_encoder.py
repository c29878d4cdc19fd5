"""Encoders: any folder, any length, any company, the same bits."""

import copy
import pickle
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import BRIDGE, CHINESE, DOCUMENTS, HOSTILE, OVEN, PROSE, RECORDS, TABLE

from linguapress import BrokenModel, Budget, ModelNotFound, UnknownName, load
from linguapress.models.encoder import Encoder, shared_encoder
from linguapress.models.memory import Memory
from linguapress.models.token_classifier import TokenClassifier
from linguapress.models.windows import batches, past_blanks, windows

TEXTS = [*DOCUMENTS, "".join(HOSTILE), "a", "word " * 3, OVEN * 4]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_every_token_has_a_probability_and_a_place(folder):
    found = TokenClassifier(folder, "cpu").keep_probabilities(TEXTS)
    assert len(found) == len(TEXTS)
    for scores, text in zip(found, TEXTS, strict=True):
        assert scores.offsets.shape == (len(scores.values), 2)
        assert ((scores.values >= 0) & (scores.values <= 1)).all()
        assert ((scores.offsets >= 0) & (scores.offsets <= len(text))).all()
        assert (np.diff(scores.offsets[:, 0]) >= 0).all()


def test_offsets_point_at_the_words(folder):
    text = "The bridge is old."
    scores = TokenClassifier(folder, "cpu").keep_probabilities([text])[0]
    pieces = [text[start:end] for start, end in scores.offsets]
    assert "".join(pieces) == text.replace(" ", "")
    assert not any(piece[:1].isspace() for piece in pieces)


def test_a_long_text_is_read_to_its_end(folder):
    encoder = Encoder(folder, "cpu")
    reading = encoder.read([BRIDGE * 6])[0]
    tokens = len(encoder.loaded.tokenizer.encode(BRIDGE * 6, add_special_tokens=False).ids)
    assert len(reading.offsets) == len(reading.keep) == len(reading.states) == tokens > 200
    assert (reading.keep > 0).all()
    assert np.abs(reading.states.astype(np.float32)).sum(axis=1).min() > 0


def test_batches_and_company_change_no_bit(folder):
    alone = [Encoder(folder, "cpu", batch_tokens=1).read([text])[0] for text in TEXTS]
    for batch_tokens in (0, 64, 100_000):
        together = Encoder(folder, "cpu", batch_tokens=batch_tokens).read(TEXTS)
        assert all(same(a, b) for a, b in zip(alone, together, strict=True))
    backwards = Encoder(folder, "cpu").read(TEXTS[::-1])[::-1]
    assert all(same(a, b) for a, b in zip(alone, backwards, strict=True))


def test_the_embedded_model_is_as_indifferent_to_company():
    texts = [OVEN, BRIDGE, "Short.", TABLE]
    alone = [Encoder("mini", "cpu", batch_tokens=1).read([text])[0] for text in texts]
    together = Encoder("mini", "cpu", batch_tokens=4096).read([*texts, CHINESE])
    assert all(same(a, b) for a, b in zip(alone, together, strict=False))


def test_what_was_read_once_is_remembered_unchanged(folder):
    encoder = Encoder(folder, "cpu")
    first = encoder.read([OVEN, BRIDGE])
    assert all(same(a, b) for a, b in zip(first, encoder.read([OVEN, BRIDGE]), strict=True))
    encoder.forget()
    assert all(same(a, b) for a, b in zip(first, encoder.read([OVEN, BRIDGE]), strict=True))


def test_reading_is_safe_from_several_threads(folder):
    encoder = Encoder(folder, "cpu")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: encoder.read([OVEN, BRIDGE]), range(16)))
    assert all(same(a, b) for reading in found for a, b in zip(found[0], reading, strict=True))


@pytest.mark.parametrize("name", ["lingua", "llmlingua2", "sentence_filter"])
def test_eight_threads_get_the_same_bytes(name):
    press = load(name, device="cpu")
    tasks = [(PROSE, "Who built the bridge?", 80), (PROSE[::-1], None, 50), ([TABLE, OVEN], "Which region leads?", 40)] * 8

    def task(arguments):
        documents, query, tokens = arguments
        return press.compress(documents, query, budget=Budget(tokens=tokens)).text

    expected = [task(arguments) for arguments in tasks[:3]] * 8
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(task, tasks)) == expected


@pytest.mark.parametrize(("model", "text"), [("mini", "a [SEP] b"), ("bert", "a [SEP] b"), ("modern", "a </s> b")])
def test_special_tokens_in_a_text_are_read_as_text(model, text, request):
    encoder = Encoder(model if model == "mini" else request.getfixturevalue(model), "cpu")
    assert len(encoder.read([text])[0].offsets) > 3


def relabelled(folder, target, names):
    import transformers

    shutil.copytree(folder, target)
    config = transformers.AutoConfig.from_pretrained(folder)
    config.id2label, config.label2id = names, {name: number for number, name in names.items()}
    config.save_pretrained(target)
    return str(target)


@pytest.mark.parametrize(
    ("names", "number"), [({0: "keep", 1: "drop"}, 0), ({0: "LABEL_0", 1: "LABEL_1"}, 1), ({0: "Preserve", 1: "x"}, 0)]
)
def test_the_keep_label_is_found_by_its_name(names, number, bert, tmp_path):
    changed = relabelled(bert, tmp_path / "any name", names)
    values = TokenClassifier(changed, "cpu").keep_probabilities([OVEN])[0].values
    expected = TokenClassifier(bert, "cpu", number).keep_probabilities([OVEN])[0].values
    assert np.array_equal(values, expected)


def test_the_keep_label_can_be_given(bert):
    keep, drop = (TokenClassifier(bert, "cpu", label).keep_probabilities([OVEN])[0].values for label in ("keep", "drop"))
    assert keep + drop == pytest.approx(np.ones(len(keep)), abs=0.04)  # rounded to eighths of log-odds


@pytest.mark.parametrize("names", [{0: "O", 1: "B-PER"}, {0: "keep", 1: "preserve"}], ids=str)
def test_an_ambiguous_keep_label_is_an_error_that_names_the_labels(names, bert, tmp_path):
    changed = relabelled(bert, tmp_path / "model", names)
    with pytest.raises(ModelNotFound, match="which of the labels"):
        TokenClassifier(changed, "cpu").keep_probabilities(["text"])


def test_a_keep_label_that_is_not_there_is_an_error(bert):
    with pytest.raises(ModelNotFound, match="keep_label"):
        TokenClassifier(bert, "cpu", "retain").keep_probabilities(["text"])


@pytest.mark.parametrize("name", ["lingua", "llmlingua2", "sentence_filter", "document_ranking"])
def test_a_model_that_is_nowhere_is_not_found(name, tmp_path):
    press = load(name, model=str(tmp_path / "nowhere"))
    with pytest.raises(ModelNotFound, match="nowhere"):
        press.compress(PROSE, "Who?", budget=Budget(tokens=20))


def test_an_unknown_device_is_named():
    with pytest.raises(UnknownName, match="abacus"):
        load("llmlingua2", device="abacus").compress(PROSE, budget=Budget(tokens=20))


@given(
    text=st.lists(st.sampled_from(["word", "end.", "end.\n", "end\n\n", "。", "漢字"]), max_size=400).map(" ".join),
    size=st.integers(2, 100), overlap=st.integers(0, 60),
)  # fmt: skip
def test_windows_of_texts_take_every_token_once_and_end_where_something_ends(text, size, overlap):
    offsets = np.array([match.span() for match in re.finditer(r"\S+", text)], dtype=np.int64).reshape(-1, 2)
    found = list(windows(7, text, offsets, size, overlap))
    taken = [token for window in found for token in range(window.keep_from, window.keep_to)]
    assert taken == list(range(len(offsets)))
    for window in found:
        assert 0 <= window.start <= window.keep_from <= window.keep_to <= window.end <= len(offsets)
        assert window.end - window.start <= size
    ends = [
        text[offsets[token][1] - 1] in ".。" or "\n" in text[offsets[token][1] : offsets[token + 1][0]]
        for token in range(len(offsets) - 1)
    ]
    for window in found[:-1]:
        near = range(window.keep_from + (size + 2) // 3, window.start + size)
        assert ends[window.keep_to - 1] or not any(ends[token] for token in near)


def test_windows_part_paragraphs_rather_than_lines_and_sentences():
    text = "a b c. d e f\ng h i\n\nj k l. m n o"
    offsets = np.array([match.span() for match in re.finditer(r"\S+", text)], dtype=np.int64)
    assert [text[offsets[w.start][0]] for w in windows(0, text, offsets, 10, 2)] == ["a", "j"]
    assert [text[offsets[w.start][0]] for w in windows(0, text, offsets, 7, 2)] == ["a", "g", "j"]


def test_where_nothing_ends_windows_share_tokens():
    offsets = np.array([(2 * n, 2 * n + 1) for n in range(30)], dtype=np.int64)
    found = list(windows(0, "x " * 30, offsets, 10, 4))
    assert [(w.start, w.keep_from, w.keep_to, w.end) for w in found[:2]] == [(0, 0, 8, 10), (6, 8, 14, 16)]


def places(tokens):
    """Offsets of so many letters."""
    return np.stack([np.arange(tokens), np.arange(tokens) + 1], axis=1)


@given(sizes=st.lists(st.integers(1, 500), max_size=30), batch_tokens=st.integers(1, 5000))
def test_batches_hold_every_window_once_with_room(sizes, batch_tokens):
    items = [window for text, size in enumerate(sizes) for window in windows(text, "x" * size, places(size), 126, 16)]
    found = list(batches(items, 2, batch_tokens, 128))
    assert sorted(window for _, batch in found for window in batch) == sorted(items)
    for length, batch in found:
        assert length <= 128
        assert len(batch) == 1 or len(batch) * length <= batch_tokens
        assert all(window.end - window.start + 2 <= length for window in batch)


def test_offsets_step_over_the_blank_before_a_word():
    offsets = np.array([[0, 3], [3, 7], [7, 9], [9, 9]])
    assert past_blanks("one two  ", offsets).tolist() == [[0, 3], [4, 7], [9, 9], [9, 9]]
    assert past_blanks("", np.zeros((0, 2), np.int64)).shape == (0, 2)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda press: pickle.loads(pickle.dumps(press))], ids=["deepcopy", "pickle"])
@pytest.mark.parametrize("name", ["lingua", "llmlingua2", "sentence_filter", "document_ranking", "head", "random_words"])
def test_compressors_survive_copies(name, again):
    press, budget = load(name), Budget(tokens=60)
    before = press.compress(PROSE, "Who built it?", budget=budget).text  # also with weights in memory
    twin = again(press)
    assert twin == press
    assert twin.compress(PROSE, "Who built it?", budget=budget).text == before


def test_an_encoder_pickles_without_its_weights(bert):
    encoder = Encoder(bert, "cpu", "keep", 128)
    encoder.read([OVEN])
    assert len(pickle.dumps(encoder)) < 2000
    assert same(pickle.loads(pickle.dumps(encoder)).read([OVEN])[0], encoder.read([OVEN])[0])


@pytest.mark.parametrize(
    ("frame", "special"), [("[CLS] $A [SEP]", [("[CLS]", 2), ("[SEP]", 3)]), ("$A [SEP]", [("[SEP]", 3)]), ("$A", [])]
)
def test_special_tokens_stand_where_the_tokenizer_puts_them_whatever_their_names(frame, special, bert, tmp_path):
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    folder = shutil.copytree(bert, tmp_path / "model")
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    backend = tokenizer.backend_tokenizer
    backend.post_processor = TemplateProcessing(single=frame, special_tokens=special)
    PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]", model_max_length=64).save_pretrained(folder)
    loaded = Encoder(str(folder), "cpu").loaded
    before, _, after = frame.partition("$A")
    names = [[loaded.tokenizer.id_to_token(number) for number in part.tolist()] for part in (loaded.prefix, loaded.suffix)]
    assert names == [before.split(), after.split()]


def spoilt(folder, target):
    """A copy of which the last norm has one number that is none."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, target)
    weights = load_file(target / "model.safetensors")
    weights["bert.encoder.layer.1.output.LayerNorm.bias"][5] = float("nan")
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})
    return target


@pytest.mark.parametrize("head", [True, False])
def test_nan_is_an_error(head, bert, tmp_path):
    folder = spoilt(bert, tmp_path / "model")
    config = folder / "config.json"
    config.write_text(config.read_text() if head else config.read_text().replace("BertForTokenClassification", "BertModel"))
    encoder = Encoder(str(folder), "cpu")
    assert (encoder.loaded.keep is not None) == head
    with pytest.raises(BrokenModel, match=r"the encoder .* answers with NaN"):
        encoder.read([OVEN, "Short."])
    assert encoder.read([""])[0].states.shape == (0, 32)


def test_a_folder_written_anew_is_read_anew(bert, tmp_path):
    folder = shutil.copytree(bert, tmp_path / "model")
    before = shared_encoder(str(folder), "cpu")
    assert len(before.read([OVEN])) == 1
    assert shared_encoder(str(folder), "cpu") is before
    shutil.rmtree(folder)
    spoilt(bert, folder)
    with pytest.raises(BrokenModel):
        shared_encoder(str(folder), "cpu").read([OVEN])


def test_a_tokenizer_of_more_tokens_than_the_model_has_is_refused(bert, tmp_path):
    import transformers

    folder = Path(shutil.copytree(bert, tmp_path / "model"))
    model = transformers.AutoModelForTokenClassification.from_pretrained(folder)
    model.resize_token_embeddings(100)
    model.save_pretrained(folder)
    with pytest.raises(ModelNotFound, match=r"knows \d+ tokens, the model 100"):
        Encoder(str(folder), "cpu").read(["a"])


@pytest.mark.parametrize("kind", ["llmlingua2", "lingua"])
def test_any_token_classifier_drops_in(kind, folder):
    settings = {"model": folder} if kind == "llmlingua2" else {"model": "lexical", "keep_model": folder}
    out = load(kind, device="cpu", **settings).compress([*PROSE, RECORDS, CHINESE], "Who?", budget=Budget(tokens=150))
    assert 140 <= out.tokens_after <= 150


def test_what_is_kept_of_a_text_is_remembered_when_its_reading_is_too_large(monkeypatch):
    encoder = Encoder("mini")
    encoder._seen = Memory(lambda seen: len(seen.states), 1)
    (reading,) = encoder.read([OVEN])
    monkeypatch.setattr(encoder, "_read", None)
    (scores,) = encoder.keep_probabilities([OVEN])
    assert np.array_equal(scores.values, reading.keep)
    encoder.forget()
    with pytest.raises(TypeError):
        encoder.keep_probabilities([OVEN])


@pytest.fixture
def windows_read(monkeypatch):
    """Ids of the windows that an encoder reads, as bytes."""
    seen, read = [], Encoder._read

    def noting(self, keys):
        seen.extend(keys)
        return read(self, keys)

    monkeypatch.setattr(Encoder, "_read", noting)
    return seen


LONG = "\n\n".join(f"Chapter {number}. " + BRIDGE.replace(" ", f" {number} ") for number in range(8))


def test_of_a_long_text_only_the_parts_asked_for_are_read_to_the_same_bits(folder, windows_read):
    whole = Encoder(folder, "cpu").read([LONG])[0]
    windows_read.clear()
    start, end = LONG.index("Chapter 4"), LONG.index("Chapter 5")
    encoder = Encoder(folder, "cpu")
    (some,) = encoder.read([LONG], [[(start, end)]])
    asked = (whole.offsets[:, 0] >= start) & (whole.offsets[:, 0] < end)
    assert some.read[asked].all()
    assert not some.read.all()
    assert np.array_equal(some.states[some.read], whole.states[some.read])
    assert np.array_equal(some.keep[some.read], whole.keep[some.read])
    assert not some.states[~some.read].any()
    assert np.array_equal(some.offsets, whole.offsets)
    assert some.unknown == whole.unknown
    assert 0 < len(windows_read) < len(encoder.cut([LONG])[0].windows)


def test_what_was_read_of_a_text_is_not_read_again(folder, windows_read):
    encoder, middle = Encoder(folder, "cpu"), len(LONG) // 2
    parts = [[(0, 10), (middle, middle + 9)]]
    encoder.read([LONG], parts)
    encoder.read([LONG])
    encoder.keep_probabilities([LONG], parts)
    assert len(windows_read) == len(set(windows_read)) == len(encoder.cut([LONG])[0].windows)


def test_keep_probabilities_of_a_part_are_those_of_the_whole(folder):
    encoder = Encoder(folder, "cpu")
    place = LONG.index("Chapter 6")
    (some,), (whole,) = (
        Encoder(folder, "cpu").keep_probabilities([LONG], [[(place, place + 9)]]),
        encoder.keep_probabilities([LONG]),
    )
    at = np.flatnonzero(np.isin(whole.offsets[:, 0], some.offsets[:, 0]))
    assert 0 < len(some.values) < len(whole.values)
    assert np.array_equal(whole.values[at], some.values)


def test_of_no_part_nothing_is_read(folder, windows_read):
    (reading,) = Encoder(folder, "cpu").read([LONG], [[]])
    assert len(reading.offsets) == len(reading.keep)
    assert not reading.read.any()
    assert len(Encoder(folder, "cpu").keep_probabilities([LONG], [[]])[0].values) == 0
    assert not windows_read
