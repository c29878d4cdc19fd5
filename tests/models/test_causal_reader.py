"""A reader gives what reading everything again from the start would give."""

import functools

import numpy as np
import pytest
import torch
from architectures import CAUSAL
from hypothesis import given
from hypothesis import strategies as st
from samples import BRIDGE, CHINESE, OVEN
from transformers import AutoModelForCausalLM

from linguapress.language import LanguageModel, Reader
from linguapress.models.causal_lm import CausalLM

TEXTS = [OVEN[:150], "", "Short.", BRIDGE[:110], CHINESE[:14]]
PREFIXES = ["How is bread made? ", "Why?", "", "How is bread made? ", "How is bread made? "]
WINDOW = 64
pytestmark = pytest.mark.usefixtures("exact")
_MODELS = {}


@pytest.fixture(autouse=True)
def load(causal_folder, exact):
    def loaded(kind="mistral"):
        if kind not in _MODELS:
            _MODELS[kind] = CausalLM(causal_folder(kind), "cpu")
            assert _MODELS[kind].loaded.exact
        return _MODELS[kind]

    _MODELS["load"] = loaded
    return loaded


def lengths(reader):
    return [len(row) for row in reader.offsets]


@functools.cache
def plain(folder):
    return AutoModelForCausalLM.from_pretrained(folder).eval()


class Scratch:
    """One text, read anew from its beginning each time by the rule of the reader."""

    def __init__(self, model, text, prefix, window=WINDOW):
        self.loaded, self.window, self.model = model.loaded, window, plain(model.name)
        self.ids, self.head, self.kept, self.at = (
            self.loaded.encode([text])[0][0],
            self.loaded.heads([prefix])[0],
            np.zeros(0, int),
            0,
        )

    def read(self, end):
        room, segment = self.window - len(self.head), self.ids[self.at : end]
        if len(self.kept) + len(segment) > room:
            self.kept = self.kept[-(room // 2) :]
        body = np.concatenate([self.kept, segment]).astype(int)
        found = []
        for at in range(len(self.kept), len(body)):
            behind = at if at < room else (at - room) % (room - room // 2) + room // 2
            found.append(self.last(np.concatenate([self.head, body[at - behind : at + 1]])))
        return np.array(found, dtype=np.float32)

    def last(self, ids):
        with torch.inference_mode():
            return -self.model(torch.from_numpy(ids[None, :-1]), use_cache=False).logits[0, -1].log_softmax(-1)[ids[-1]].item()

    def advance(self, end, mask):
        self.kept, self.at = np.concatenate([self.kept, self.ids[self.at : end][mask]]), end


def agree(model, steps, seed, texts=TEXTS, prefixes=PREFIXES, window=WINDOW, share=0.5):
    """Reads in steps with random masks; a step of 0 tokens leaves a text where it is."""
    random = np.random.default_rng(seed)
    reader, scratch = model.reader(texts, prefixes), [Scratch(model, *pair, window) for pair in zip(texts, prefixes, strict=True)]
    for step in steps:
        ends = [row.at + int(random.integers(0, step + 1)) for row in scratch]
        found = reader.read(ends)
        ends = [min(end, len(row.ids)) for end, row in zip(ends, scratch, strict=True)]
        masks = [random.random(end - row.at) < share for end, row in zip(ends, scratch, strict=True)]
        for row, end, values in zip(scratch, ends, found, strict=True):
            np.testing.assert_allclose(values, row.read(end), atol=1e-4, rtol=1e-5)
        reader.advance(masks)
        for row, end, mask in zip(scratch, ends, masks, strict=True):
            row.advance(end, mask)


def test_it_is_what_methods_ask_for(load):
    model: LanguageModel = load()
    reader: Reader = model.reader(TEXTS)
    scores = model.surprisals(TEXTS)
    assert all(np.array_equal(row, item.offsets) for row, item in zip(reader.offsets, scores, strict=True))
    for values, item in zip(reader.read(lengths(reader)), scores, strict=True):
        np.testing.assert_allclose(values, item.values, atol=1e-4)


@pytest.mark.parametrize("kind", CAUSAL)
def test_every_architecture_reads_on(load, kind):
    agree(load(kind), [9, 7, 8], seed=0)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=4), st.integers(0, 1 << 20), st.sampled_from([0.0, 0.2, 0.5, 1.0]))
def test_any_masks_and_any_segments(steps, seed, share):
    agree(_MODELS["load"](), steps, seed, share=share)


@pytest.mark.parametrize("kind", ["gpt2", "mistral", "bloom"])
@pytest.mark.parametrize("steps", [[12] * 12, [50, 50, 90], [150]])
def test_beyond_the_window_the_oldest_kept_tokens_go(causal_folder, kind, steps):
    model = CausalLM(causal_folder(kind), "cpu", window=32)
    agree(model, steps, 1, [OVEN[:400], BRIDGE[:300]], ["Why?", "How? "], window=32, share=0.8)


def test_groups_do_not_matter(causal_folder, load):
    masks = np.random.default_rng(0).random((3, 200)) < 0.5
    found = []
    for model in (load(), CausalLM(causal_folder("mistral"), "cpu", batch_tokens=1)):
        reader, values = model.reader(TEXTS, PREFIXES), []
        for step in range(3):
            read = reader.read([10 * step + 10] * len(TEXTS))
            reader.advance([masks[step, : len(row)] for row in read])
            values += read
        found.append(values)
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_only_what_was_kept_and_the_next_segment_are_read(load, monkeypatch):
    model, read = load("llama"), []
    real = model.loaded.forward
    monkeypatch.setattr(
        model.loaded,
        "forward",
        lambda feeds, *rest, **more: (read.append([len(f.ids) for f in feeds]), real(feeds, *rest, **more))[1],
    )
    reader = model.reader([OVEN[:200]] * 2, ["Why?"] * 2)
    head = len(model.loaded.heads(["Why?"])[0])
    for end in (10, 20, 30):
        reader.read([end, end])
        reader.advance([np.arange(10) < 4] * 2)
    assert read == [[head - 1], [10, 10], [13, 13], [13, 13]]


def test_stale_key_values_are_those_of_the_first_reading(load):
    for kind in ("llama", "gpt2", "mistral"):
        model = load(kind)
        readers = [model.reader(TEXTS, PREFIXES, stale=stale) for stale in (False, True)]
        for end in (8, 16, 24):  # nothing dropped: nothing is stale
            fresh, stale = (reader.read([end] * len(TEXTS)) for reader in readers)
            for one, other in zip(fresh, stale, strict=True):
                np.testing.assert_allclose(one, other, atol=1e-4)
            for reader in readers:
                reader.advance([np.ones(len(row), dtype=bool) for row in fresh])


def test_stale_key_values_keep_positions_and_what_they_saw(load):
    model = load("llama")
    reader, ids = model.reader([OVEN[:100]], stale=True), model.loaded.encode([OVEN[:100]])[0][0]
    reader.read([6])
    kept = np.array([True, False, True, True, False, False])
    reader.advance([kept])
    found = reader.read([9])[0]
    from transformers import DynamicCache

    cache, places = DynamicCache(), np.array([0, 1, 3])  # BOS, tokens 0 and 2; token 3 is read again
    with torch.inference_mode():
        model.loaded._trunk(torch.tensor([[0, *ids[:6]]]), past_key_values=cache, use_cache=True)
        for layer in cache.layers:
            layer.keys, layer.values = layer.keys[:, :, places], layer.values[:, :, places]
        inputs = torch.from_numpy(np.concatenate([ids[3:4], ids[6:8]]))[None]
        states = model.loaded._trunk(
            inputs, past_key_values=cache, position_ids=torch.tensor([[4, 7, 8]]), use_cache=True
        ).last_hidden_state[0]
        expected = -model.loaded._head(states).log_softmax(-1)[range(3), ids[6:9]]
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-4)


def test_stale_positions_begin_anew_where_the_window_ends(causal_folder):
    model = CausalLM(causal_folder("gpt2"), "cpu", window=32)
    reader = model.reader([OVEN[:400], BRIDGE[:300]], ["Why?", ""], stale=True)
    for end in range(10, 150, 10):
        read = reader.read([end, end])
        assert all(np.isfinite(row).all() for row in read)
        reader.advance([np.arange(len(row)) % 3 == 0 for row in read])


def test_reading_twice_reads_the_same(load):
    reader = load().reader(TEXTS, PREFIXES)
    first, second = reader.read([7] * 5), reader.read([7] * 5)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("stale", [False, True])
def test_what_was_read_may_be_given_back(load, stale):
    reader, fresh = (load().reader(TEXTS, PREFIXES, stale=stale) for _ in range(2))
    reader.read([7] * 5)
    assert [len(row) for row in reader.read([0] * 5)] == [0] * 5
    reader.advance([np.zeros(0, dtype=bool)] * 5)
    for one, other in zip(reader.read([9] * 5), fresh.read([9] * 5), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_finished_texts_are_idle(load, monkeypatch):
    reader = load().reader(TEXTS, PREFIXES)
    read = reader.read(lengths(reader))
    reader.advance([np.ones(len(row), dtype=bool) for row in read])
    monkeypatch.setattr(load().loaded, "forward", None)
    assert [len(row) for row in reader.read([999] * 5)] == [0] * 5
    reader.advance([np.zeros(0, dtype=bool)] * 5)


def test_no_texts_can_be_read(load):
    reader = load().reader([])
    assert reader.read([]) == []
    reader.advance([])


def test_misuse_is_named(load):
    reader = load().reader(TEXTS[:1])
    reader.read([5])
    with pytest.raises(ValueError, match="a mask of 4 for 5 tokens"):
        reader.advance([np.ones(4, dtype=bool)])
    reader.advance([np.ones(5, dtype=bool)])
    with pytest.raises(ValueError, match="cannot read up to token 4"):
        reader.read([4])
