"""Selectors: a question with any passage, of any length, in any company, the same bits."""

import json
import pickle
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import BRIDGE, CHINESE, DOCUMENTS, HOSTILE, OVEN, hostile
from torch import nn
from transformers import AutoModel, AutoTokenizer

from linguapress import BrokenModel, ModelNotFound, Passage, Units, UnknownName
from linguapress.models import pair_weights
from linguapress.models.legibility import legibility
from linguapress.models.pair_model import PairModel
from linguapress.models.pair_reader import PairReader, shared_pair_reader
from linguapress.models.pair_relevance import PairRelevance
from linguapress.models.pair_weights import WORDS, load_pair_weights, load_selector, save_selector, selector_state, write_odds
from linguapress.models.sentence_odds import SentenceOdds
from linguapress.models.stored import copy_rows
from linguapress.models.windows import windows
from linguapress.scores import TokenScores
from linguapress.segment import encodable, sentences

QUESTION = "Who built the Lion Bridge?"
LONG_QUESTION = " ".join(f"{word} of the river" for word in ["castle", "engine", "doctor", "violin", "harbour"] * 12)
COMMON = ["river", "castle", "engine", "doctor", "violin", "the", "of", "and", "house", "water"]  # one token each
TEXTS = [*DOCUMENTS, "".join(HOSTILE), "a", "word " * 3, OVEN * 8]


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def read(folder, question, *texts, batch_tokens=0):
    return PairReader(folder, "cpu", batch_tokens).read(question, texts)


# What the model computes


class Fixed(nn.Module):
    """An encoder that returns the hidden states that it was given."""

    def __init__(self, hidden):
        super().__init__()
        self.config, self.hidden = SimpleNamespace(hidden_size=hidden.shape[-1]), hidden

    def forward(self, input_ids, attention_mask):
        return SimpleNamespace(last_hidden_state=self.hidden)


def test_the_relevance_is_that_of_the_first_token_and_the_evidence_of_the_passage():
    hidden = torch.tensor([[[1.0, 0.0], [0.0, 9.0], [0.0, 2.0], [0.0, 3.0]]])
    model = PairModel(Fixed(hidden))
    with torch.no_grad():
        model.passage.weight.copy_(torch.tensor([[5.0, 0.0]]))
        model.passage.bias.fill_(0.5)
        model.tokens.weight.copy_(torch.tensor([[0.0, -1.0], [0.0, 1.0]]))
        model.tokens.bias.zero_()
    ones = torch.ones(1, 4, dtype=torch.int64)
    out = model(ones, ones, ones, torch.tensor([[False, False, True, True]]))
    assert out.relevance.tolist() == pytest.approx([5.5 + np.log(np.exp(2) + np.exp(3))])
    assert out.need.tolist() == [[0, -9, -2, -3]]
    assert out.answer[0, 2:].tolist() == [2, 3]
    assert (out.answer[0, :2] < -1000).all()


@pytest.mark.parametrize("text", [OVEN, "Old bread."])
def test_question_and_passage_are_framed_as_the_tokenizer_frames_them(text, selector, embedded_tokenizer):
    (reading,) = read(selector, QUESTION, text)
    pair = embedded_tokenizer(QUESTION, text, return_tensors="pt", return_offsets_mapping=True)
    inside = torch.tensor([[part == 1 for part in pair.sequence_ids(0)]])
    with torch.inference_mode():
        out = load_pair_weights(selector, "cpu").model(pair["input_ids"], pair["attention_mask"], pair["token_type_ids"], inside)
    assert reading.offsets.tolist() == pair["offset_mapping"][inside].tolist()
    assert reading.need == pytest.approx(out.need[inside].float().sigmoid().numpy(), abs=0.02)
    assert reading.relevance == pytest.approx(float(out.relevance), abs=0.05)


@pytest.mark.parametrize("architecture", ["xlmr", "modern"])
def test_other_architectures_read_too(architecture, request, tmp_path):
    folder = request.getfixturevalue(architecture)
    save_selector(PairModel(AutoModel.from_pretrained(folder).eval()), AutoTokenizer.from_pretrained(folder), tmp_path, None)
    text = "The bridge is old."
    short, long = read(str(tmp_path), "bridge?", text, BRIDGE)
    assert "".join(text[start:end] for start, end in short.offsets) == text.replace(" ", "")
    assert len(long.need) > 200
    assert (long.need > 0).all()


# Any text


def test_every_token_has_a_probability_and_a_place(selector):
    for reading, text in zip(read(selector, QUESTION, *TEXTS), TEXTS, strict=True):
        assert reading.offsets.shape == (len(reading.need), 2)
        assert ((reading.need > 0) & (reading.need < 1)).all()
        assert ((reading.offsets >= 0) & (reading.offsets <= len(text))).all()
        assert (np.diff(reading.offsets[:, 0]) >= 0).all()
        assert np.isfinite(reading.relevance) == bool(len(reading.need))


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\x00"])
def test_a_text_without_tokens_is_the_least_relevant(text, selector):
    blank, other = read(selector, QUESTION, text, "river")
    assert (len(blank.offsets), len(blank.need), blank.unknown) == (0, 0, 0)
    assert blank.relevance == -np.inf < other.relevance


def test_offsets_point_at_the_words(selector):
    text = "  The\x00 bridge 👍🏽 is\ud83d 狮子\nold. "
    reading = read(selector, QUESTION, text)[0]
    assert [text[start:end] for start, end in reading.offsets] == ["The", "bridge", "👍🏽", "is", "狮", "子", "old", "."]


def test_unknown_tokens_are_counted(selector):
    assert [reading.unknown for reading in read(selector, QUESTION, "river", "river 👍", "👍")] == [0, 0.5, 1]


@pytest.mark.parametrize("special", ["[SEP]", "[CLS]", "[PAD]", "[UNK]", "[MASK]"])
def test_special_tokens_in_a_text_are_read_as_text(special, selector, embedded_tokenizer):
    reader = PairReader(selector, "cpu")
    text = f"a {special} b"
    (reading,) = reader.read(f"What is {special}?", [text])
    pieces = [text[start:end] for start, end in reading.offsets]
    assert (pieces[:2], pieces[-2:], "".join(pieces)) == (["a", "["], ["]", "b"], text.replace(" ", ""))
    assert reading.unknown == 0
    assert not set(reader.loaded.question(f"What is {special}?").tolist()) & set(embedded_tokenizer.all_special_ids)


@settings(max_examples=25)
@given(question=hostile.map(encodable), text=hostile)
def test_no_question_and_no_text_breaks_it(selector, question, text):
    (reading,) = shared_pair_reader(selector, "cpu").read(question, [text])
    assert ((reading.offsets >= 0) & (reading.offsets <= len(text))).all()
    assert np.isfinite(reading.need).all()
    assert not np.isnan(reading.relevance)


@pytest.mark.parametrize("ask", [PairReader.fits, lambda reader, question: reader.read(question, ["river"])], ids=["fits", "read"])
def test_a_question_that_no_encoding_takes_is_read(ask, selector):
    ask(PairReader(selector, "cpu"), "Who built \ud83d?")


# Any length


def common(count, seed=0):
    return " ".join(np.random.default_rng(seed).choice(COMMON, count))


def test_a_long_passage_is_read_as_its_windows_are(selector):
    reader = PairReader(selector, "cpu")
    text, asked = common(1300), len(reader.loaded.question(QUESTION))
    (reading,) = reader.read(QUESTION, [text])
    words = text.split()
    assert [text[start:end] for start, end in reading.offsets] == words
    parts = list(windows(0, text, reading.offsets, 512 - 3 - asked, 96))
    alone = reader.read(QUESTION, [" ".join(words[part.start : part.end]) for part in parts])
    assert len(parts) == 3
    for part, found in zip(parts, alone, strict=True):
        kept = slice(part.keep_from, part.keep_to)
        assert np.array_equal(reading.need[kept], found.need[part.keep_from - part.start :][: part.keep_to - part.keep_from])
    assert reading.relevance == max(found.relevance for found in alone)
    assert len({found.relevance for found in alone}) == 3


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_passage_that_just_fits_or_just_does_not_is_read_to_its_end(more, selector):
    reader = PairReader(selector, "cpu")
    room = 512 - 3 - len(reader.loaded.question(QUESTION))
    (reading,) = reader.read(QUESTION, [common(room + more)])
    assert len(reading.need) == room + more
    assert (reading.need > 0).all()


def test_a_question_fits_up_to_a_third_of_the_window(selector):
    reader = PairReader(selector, "cpu")
    assert reader.fits(common(170))
    assert not reader.fits(common(171))
    assert reader.fits("")


def test_of_a_long_question_the_beginning_and_the_end_are_read(selector):
    begin, end = common(85, 1), common(85, 2)
    (whole,) = read(selector, f"{begin} {end}", OVEN)
    assert same(whole, read(selector, f"{begin} {common(300)} {end}", OVEN)[0])
    assert not same(whole, read(selector, f"{begin} {common(300)}", OVEN)[0])


def test_a_long_question_with_a_long_passage_leaves_no_token_out(selector):
    (reading,) = read(selector, LONG_QUESTION, common(900))
    assert len(reading.need) == 900
    assert (reading.need > 0).all()


# Any company


@pytest.fixture(params=["float32", "own"])
def precision(request, monkeypatch):
    """The precision that most CPUs read in, and the one that this one does."""
    if request.param == "float32":
        monkeypatch.setattr(pair_weights, "precision_of", lambda device: torch.float32)


@pytest.mark.usefixtures("precision")
@pytest.mark.parametrize("width", ["small", "wide"])
def test_batches_and_company_change_no_bit(width, selector, sharing):
    folder = selector if width == "small" else sharing[0]
    texts = [*TEXTS, *(common(length, length) for length in range(1, 40))]
    apart = PairReader(folder, "cpu", batch_tokens=1)
    alone = [apart.read(QUESTION, [text])[0] for text in texts]
    for batch_tokens in (0, 600, 100_000):
        assert all(map(same, alone, read(folder, QUESTION, *texts, batch_tokens=batch_tokens)))
    assert all(map(same, alone, read(folder, QUESTION, *texts[::-1])[::-1]))


def test_what_was_read_once_is_remembered_for_its_question_alone(selector):
    reader = PairReader(selector, "cpu")
    first = reader.read(QUESTION, [OVEN, BRIDGE])
    assert all(a is b for a, b in zip(first, reader.read(QUESTION, [OVEN, BRIDGE]), strict=True))
    assert not same(first[0], reader.read("When is the loaf done?", [OVEN])[0])
    reader.forget()
    assert all(map(same, first, reader.read(QUESTION, [OVEN, BRIDGE])))


def test_reading_is_safe_from_several_threads(selector):
    reader, questions = PairReader(selector, "cpu"), [QUESTION, "When is the loaf done?"]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: reader.read(questions[number % 2], [OVEN, BRIDGE, CHINESE]), range(16)))
    for number, readings in enumerate(found):
        assert all(map(same, readings, read(selector, questions[number % 2], OVEN, BRIDGE, CHINESE)))


def test_a_reader_pickles_without_its_weights(selector):
    reader = PairReader(selector, "cpu", 700)
    (reading,) = reader.read(QUESTION, [OVEN])
    assert len(pickle.dumps(reader)) < 1000
    twin = pickle.loads(pickle.dumps(reader))
    assert (twin.name, twin.device_name, twin.batch_tokens) == (selector, "cpu", 700)
    assert same(twin.read(QUESTION, [OVEN])[0], reading)


# On disk


def test_shared_word_embeddings_are_read_as_own_ones(sharing):
    own, shared = (read(folder, QUESTION, *DOCUMENTS) for folder in sharing)
    assert all(map(same, own, shared))


def test_shared_word_embeddings_and_their_tokenizer_are_not_saved(sharing):
    own, shared = map(Path, sharing)
    assert {path.name for path in own.iterdir()} > {path.name for path in shared.iterdir()} == {"config.json", "model.safetensors"}
    assert (own / "model.safetensors").stat().st_size - (shared / "model.safetensors").stat().st_size > 30_000 * 384 * 2
    assert json.loads((shared / "config.json").read_text())["words_of"] == "mini"


def test_a_selector_saved_anew_with_its_words_shares_none(sharing, tmp_path):
    model, tokenizer = load_selector(Path(shutil.copytree(sharing[1], tmp_path / "shared")))
    model.get_parameter(WORDS).data += 1
    save_selector(model, tokenizer, tmp_path / "own", None)
    assert torch.equal(selector_state(tmp_path / "own")[WORDS], model.get_parameter(WORDS).half())


def test_a_selector_saved_anew_has_no_odds_of_a_former_one(selector, tmp_path):
    folder = Path(shutil.copytree(selector, tmp_path / "odds"))
    write_odds(folder, SentenceOdds(0.5, 0.25, -0.125, 1.5))
    save_selector(*load_selector(folder), tmp_path / "anew", None)
    assert PairReader(str(tmp_path / "anew"), "cpu").odds == SentenceOdds()


def test_a_crash_leaves_the_odds_that_were_there(selector, tmp_path, monkeypatch):
    folder = Path(shutil.copytree(selector, tmp_path / "odds"))
    write_odds(folder, SentenceOdds(0.5, 0.25, -0.125, 1.5))
    whole = Path.write_text

    def half(self, text, **more):
        whole(self, text[: len(text) // 2], **more)
        raise OSError("the disk is full")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="full"):
        write_odds(folder, SentenceOdds(2.0))
    assert PairReader(str(folder), "cpu").odds == SentenceOdds(0.5, 0.25, -0.125, 1.5)


def test_a_selector_is_written_over_rows_of_an_earlier_one(selector, tmp_path):
    model, tokenizer = load_selector(copy_rows(selector, tmp_path / "rows"))
    model.passage.bias.data += 9
    save_selector(model, tokenizer, tmp_path / "rows", None)
    assert load_selector(tmp_path / "rows")[0].passage.bias > 8


def test_a_folder_written_anew_is_read_anew(selector, tmp_path):
    folder = shutil.copytree(selector, tmp_path / "model")
    (before,) = shared_pair_reader(str(folder), "cpu").read(QUESTION, [OVEN])
    assert shared_pair_reader(str(folder), "cpu") is shared_pair_reader(str(folder), "cpu")
    model, tokenizer = load_selector(folder)
    model.passage.bias.data += 9
    save_selector(model, tokenizer, folder, None)
    (after,) = shared_pair_reader(str(folder), "cpu").read(QUESTION, [OVEN])
    assert after.relevance > before.relevance + 8


@pytest.mark.parametrize("name", ["passage.weight", "tokens.weight", "encoder.encoder.layer.0.output.LayerNorm.bias"])
def test_nan_is_an_error(name, selector, tmp_path):
    model, tokenizer = load_selector(Path(selector))
    model.get_parameter(name).data[0] = float("nan")
    save_selector(model, tokenizer, tmp_path, None)
    with pytest.raises(BrokenModel, match=r"the selector .* answers with NaN"):
        read(str(tmp_path), QUESTION, OVEN)


def test_a_tokenizer_of_more_tokens_than_the_model_has_is_refused(selector, tmp_path):
    model, tokenizer = load_selector(Path(selector))
    model.encoder.resize_token_embeddings(20000)
    save_selector(model, tokenizer, tmp_path, None)
    with pytest.raises(ModelNotFound, match="knows 30522 tokens, the model 20000"):
        read(str(tmp_path), QUESTION, OVEN)


def test_a_model_in_memory_is_read_as_the_saved_one(selector):
    weights = load_pair_weights(selector, "cpu")
    assert all(map(same, PairReader.of(weights).read(QUESTION, [OVEN, BRIDGE]), read(selector, QUESTION, OVEN, BRIDGE)))


def broken(folder, damage):
    {
        "nothing": lambda: shutil.rmtree(folder),
        "no weights": (folder / "model.safetensors").unlink,
        "half the weights": lambda: (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:1000]),
        "no JSON": lambda: (folder / "config.json").write_text("{"),
        "another width": lambda: (folder / "config.json").write_text((folder / "config.json").read_text().replace("32,", "64,")),
        "no tokenizer": (folder / "tokenizer.json").unlink,
    }[damage]()


DAMAGES = ["nothing", "no weights", "half the weights", "no JSON", "another width", "no tokenizer"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_selector_that_cannot_be_loaded_is_not_found(damage, selector, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(selector, folder)
    broken(folder, damage)
    with pytest.raises(ModelNotFound, match=r"copy.*linguapress train select"):
        PairReader(str(folder), "cpu").read(QUESTION, [OVEN])


def test_an_unknown_device_is_named(selector):
    with pytest.raises(UnknownName, match="abacus"):
        PairReader(selector, "abacus").fits(QUESTION)


# As relevance


def rate(folder, question, *passages):
    return PairRelevance(folder, "cpu").rate(question, passages, [Units(sentences(passage.text)) for passage in passages])


def test_a_sentence_is_needed_as_much_as_its_tokens_on_average(selector):
    rating = rate(selector, QUESTION, Passage.whole(0, OVEN), Passage.whole(1, ""))
    reading = read(selector, QUESTION, OVEN)[0]
    start, end = sentences(OVEN)[2]
    mine = (reading.offsets[:, 0] >= start) & (reading.offsets[:, 1] <= end)
    assert rating.units[0][2] == pytest.approx(reading.need[mine].mean(), abs=1e-6)
    assert (rating.passages[0], rating.passages[1]) == (np.float32(reading.relevance), -np.inf)
    assert [len(row) for row in rating.units] == [len(sentences(OVEN)), 0]
    assert not rating.warnings


def test_how_probably_a_sentence_is_needed_goes_by_all_that_is_said(selector, tmp_path):
    plain = rate(selector, QUESTION, Passage.whole(0, OVEN), Passage.whole(1, ""))
    assert plain.needed[0] == pytest.approx(plain.units[0], abs=1e-5)
    folder = shutil.copytree(selector, tmp_path / "odds")
    write_odds(folder, SentenceOdds(0.5, 0.25, -0.125, 1.5))
    (reading,), found = read(str(folder), QUESTION, OVEN), rate(str(folder), QUESTION, Passage.whole(0, OVEN), Passage.whole(1, ""))
    assert same(found.units, plain.units)
    for number, (start, end) in enumerate(sentences(OVEN)):
        mine = (reading.offsets[:, 0] >= start) & (reading.offsets[:, 0] < end)
        need = np.log(plain.units[0][number] / (1 - plain.units[0][number]))
        odds = 0.5 * need + 0.25 * np.logaddexp.reduce(reading.answer[mine]) - 0.125 * reading.relevance + 1.5
        assert found.needed[0][number] == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-4)


def test_the_need_of_a_passage_is_pooled_once(selector, monkeypatch):
    pooled, pool = [], TokenScores.pool
    monkeypatch.setattr(TokenScores, "pool", lambda self, *more: pooled.append(self) or pool(self, *more))
    rate(selector, QUESTION, Passage.whole(0, OVEN), Passage.whole(1, "river"))
    assert len(pooled) == 2


def test_of_a_narrowed_passage_the_whole_source_is_read(selector):
    whole, kept = Passage.whole(0, OVEN), sentences(OVEN)[1::2]
    full, part = rate(selector, QUESTION, whole), rate(selector, QUESTION, whole.narrow(kept))
    assert part.units[0].tolist() == full.units[0][1::2].tolist()
    assert part.passages.tolist() == full.passages.tolist()


def test_a_question_that_is_too_long_is_warned_about(selector):
    assert "too long" in rate(selector, LONG_QUESTION, Passage.whole(0, OVEN)).warnings[0]


def test_blank_units_are_not_needed(selector):
    rating = PairRelevance(selector, "cpu").rate(QUESTION, [Passage.whole(0, "river   ")], [Units([(0, 5), (5, 8)])])
    assert rating.units[0][0] > 0 == rating.units[0][1]
    assert rating.needed[0][0] > 0 == rating.needed[0][1]


# What it can read


def test_a_vocabulary_knows_what_it_spells_out(selector):
    english, chinese, emoji, blank = PairRelevance(selector, "cpu").legibility([BRIDGE, CHINESE, "👍 👎 👍 👎", ""])
    assert english > 0.9
    assert blank > 0.9
    assert max(chinese, emoji) < 0.5


GERMAN = (
    "Die Seilbahn wurde im Jahre 1889 eröffnet, und ihre Wagen fahren seither ohne Unterbrechung zwischen dem Bahnhof und der Burgruine "
    "hin und her, wofür sie das Gewicht des Wassers ausnutzen, das oben eingefüllt wird."
)
BADGES = "[![build](https://img.shields.io/ci/p.yml)](https://ci.example.org/p/ci.yml) " * 8
ADDRESSES = "`OPT_IDX_K`: https://example.org/x/y?q=a_b&v=1.2.3 src/pkg/utils/_io.py user@mail.example.org " * 8


@pytest.mark.parametrize("words", [BADGES, ADDRESSES])
def test_addresses_and_identifiers_do_not_make_a_text_foreign(selector, words):
    english, german = PairRelevance(selector, "cpu").legibility([words + BRIDGE, words + GERMAN])
    assert english > 0.9 > 0.2 > german


@given(text=hostile)
def test_legibility_is_a_share(selector, text):
    (found,) = shared_pair_reader(selector, "cpu").legibility([text])
    assert 0 <= found <= 1


@given(lengths=st.lists(st.integers(1, 12), max_size=40), unknown=st.floats(0, 1))
def test_longer_pieces_and_fewer_unknown_ones_read_better(lengths, unknown):
    def of(sizes, share):
        ends = np.cumsum(sizes, dtype=np.int64)
        return legibility("x" * int(sum(sizes)), np.stack([ends - sizes, ends], axis=1).reshape(-1, 2).astype(np.int64), share)

    found = of(lengths, unknown)
    assert of([length + 1 for length in lengths], unknown) >= found
    assert of(lengths, unknown / 2) >= found
    assert of(lengths, 0.25) == 0
