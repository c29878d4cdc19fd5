"""Causal language models: every architecture, any length, any company, the numbers of the plain model."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from architectures import CAUSAL
from samples import BRIDGE, CHINESE, HOSTILE, OVEN
from transformers import AutoModelForCausalLM, AutoTokenizer

from linguapress import BrokenModel, ModelNotFound, UnknownName
from linguapress.models.causal_cache import Feed
from linguapress.models.causal_lm import CausalLM, shared_causal_lm
from linguapress.models.causal_weights import CausalWeights
from linguapress.models.causal_windows import batches, strides
from linguapress.models.weights import load_tokenizer

TEXTS = [OVEN[:90], "Short.", "", "a", CHINESE[:12], BRIDGE[:120], "word " * 9]
PREFIXES = ["How is bread made? ", "", "Why?", "How is bread made? ", "How is bread made? ", "", "Why?"]
pytestmark = pytest.mark.usefixtures("exact")


def plain(folder, text, prefix="", start=0):
    """Surprisals of one text from the full logits of one pass."""
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder).eval(), load_tokenizer(folder).backend_tokenizer
    before = [start, *tokenizer.encode(prefix, add_special_tokens=False).ids]
    ids = torch.tensor([before + tokenizer.encode(text, add_special_tokens=False).ids])
    with torch.inference_mode():
        found = -model(ids).logits[0].log_softmax(-1)[:-1].gather(1, ids[0, 1:, None])[:, 0]
    return found[len(before) - 1 :].numpy()


def close(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4, rtol=1e-5)


def values(scores):
    return [item.values for item in scores]


@pytest.mark.parametrize("kind", CAUSAL)
def test_surprisals_are_those_of_the_full_logits(causal_folder, kind):
    folder = causal_folder(kind)
    model = CausalLM(folder, "cpu")
    close(values(model.surprisals(TEXTS)), [plain(folder, text) for text in TEXTS])
    close(values(model.surprisals(TEXTS, PREFIXES)), [plain(folder, *pair) for pair in zip(TEXTS, PREFIXES, strict=True)])


@pytest.mark.parametrize("kind", CAUSAL)
def test_logits_are_made_in_chunks_and_key_values_used(causal_folder, kind):
    model = CausalLM(causal_folder(kind), "cpu").loaded
    assert model._trunk is not model._head
    assert not hasattr(model._trunk, "lm_head")
    assert model.caches == (kind != "mamba")


def test_no_logits_of_all_tokens_are_in_memory(causal_folder, monkeypatch):
    seen = []
    real = CausalWeights._losses
    monkeypatch.setattr(CausalWeights, "_losses", lambda *given: (seen.append(len(given[1])), real(*given))[1])
    model = CausalLM(causal_folder(), "cpu")
    expected = model.surprisals([OVEN, BRIDGE])
    model.loaded._positions = 16
    seen.clear()
    close(values(model.surprisals([OVEN, BRIDGE])), values(expected))
    assert max(seen) == 16


def test_company_and_batch_size_do_not_matter(causal_folder):
    texts = [*TEXTS, OVEN, "".join(HOSTILE), CHINESE]
    for prefixes in (None, [PREFIXES[number % 3] for number in range(len(texts))]):
        alone = [
            CausalLM(causal_folder("mistral"), "cpu").surprisals([text], prefixes and [prefixes[n]])[0]
            for n, text in enumerate(texts)
        ]
        for batch_tokens in (0, 1, 100):
            together = CausalLM(causal_folder("mistral"), "cpu", batch_tokens).surprisals(texts, prefixes)
            close(values(together), values(alone))
            assert all(np.array_equal(one.offsets, other.offsets) for one, other in zip(together, alone, strict=True))


def test_a_shared_prefix_is_read_once(causal_folder, monkeypatch):
    model = CausalLM(causal_folder(), "cpu")
    read, forward = [], model.loaded.forward
    monkeypatch.setattr(
        model.loaded,
        "forward",
        lambda feeds, *rest, **more: (read.extend(len(f.ids) for f in feeds), forward(feeds, *rest, **more))[1],
    )
    tokens, prefix = (len(rows[0]) for rows in (model.loaded.encode([TEXTS[0]])[0], model.loaded.encode([OVEN[:60]])[0]))
    model.surprisals([TEXTS[0]] * 5, [OVEN[:60]] * 5)
    assert sum(read) == prefix + 5 * tokens


def test_tokens_of_one_character_share_its_offsets_and_blanks_are_left_out(causal_folder):
    text = "The bridge 😀 is old."
    scores = CausalLM(causal_folder(), "cpu").surprisals([text])[0]
    pieces = [text[start:end] for start, end in scores.offsets]
    assert pieces.count("😀") == 4
    assert not any(piece[:1].isspace() for piece in pieces)


def test_a_long_text_is_read_in_strides_of_half_a_window(causal_folder):
    folder = causal_folder()
    model = CausalLM(folder, "cpu", window=32)
    found = model.surprisals([OVEN], ["Why?"])[0].values
    ids, head = model.loaded.encode([OVEN])[0][0], model.loaded.heads(["Why?"])[0]
    reference, room = AutoModelForCausalLM.from_pretrained(folder).eval(), 32 - len(head)
    for at in range(len(ids)):
        # the first stride fills the room; each later one scores the next half behind half a room
        behind = at if at < room else (at - room) % (room - room // 2) + room // 2
        context = torch.from_numpy(np.concatenate([head, ids[at - behind : at]]))[None]
        assert at < room or context.shape[1] > 16
        expected = -reference(context).logits[0, -1].log_softmax(-1)[ids[at]].item()
        assert found[at] == pytest.approx(expected, abs=1e-4)


def test_of_a_long_prefix_the_end_is_read(causal_folder):
    model = CausalLM(causal_folder(), "cpu")
    ids = model.loaded.encode([OVEN])[0][0]
    head = model.loaded.heads([OVEN])[0]
    assert head.tolist() == [0, *ids[-31:].tolist()]
    assert len(model.surprisals([BRIDGE], [OVEN])[0].values) == len(model.loaded.encode([BRIDGE])[0][0])


@pytest.mark.parametrize("tokens", [1, 9, 10, 11, 14, 15, 16, 99])
@pytest.mark.parametrize("room", [9, 10])
def test_strides_score_each_token_once(tokens, room):
    found = list(strides(tokens, room))
    assert [at for start, scored, end in found for at in range(scored, end)] == list(range(tokens))
    assert all(end - start <= room and (scored - start >= room // 2 or start == 0) for start, scored, end in found)


def test_batches_hold_each_input_once_and_keep_their_size():
    feeds = [Feed(np.zeros(n), np.zeros(n), np.zeros(n), 0, np.arange(n % 3)) for n in range(1, 200)]
    found = list(batches(feeds, 256, 150))
    assert sorted(number for _, numbers in found for number in numbers) == list(range(199))
    assert all(len(numbers) == 1 or len(numbers) * length <= 256 for length, numbers in found)


def test_without_bos_a_text_begins_with_eos(causal_folder):
    folder = causal_folder("qwen2", bos=False)
    close(values(CausalLM(folder, "cpu").surprisals([OVEN[:50]])), [plain(folder, OVEN[:50], start=2)])


def test_special_tokens_in_a_text_are_text(causal_folder):
    model = CausalLM(causal_folder(), "cpu")
    assert len(model.surprisals(["</s>"])[0].values) > 1


def test_without_key_values_everything_is_read_anew(causal_folder):
    model = CausalLM(causal_folder(), "cpu")
    expected = values(model.surprisals(TEXTS, PREFIXES))
    model.loaded.caches = False
    close(values(model.surprisals(TEXTS, PREFIXES)), expected)


def test_shorter_floats_come_close(causal_folder, monkeypatch):
    from linguapress.models import causal_loading

    expected = CausalLM(causal_folder(), "cpu").surprisals(TEXTS)
    monkeypatch.setattr(causal_loading, "precision_of", lambda device: torch.bfloat16)
    model = CausalLM(causal_folder(), "cpu")
    for one, other in zip(model.surprisals(TEXTS), expected, strict=True):
        np.testing.assert_allclose(one.values, other.values, atol=0.3)
    assert model.loaded.caches
    assert not hasattr(model.loaded._trunk, "lm_head")


def test_it_is_pickled_without_its_weights(causal_folder):
    model = CausalLM(causal_folder(), "cpu", batch_tokens=64, window=32)
    expected = model.surprisals([OVEN])
    copy = pickle.loads(pickle.dumps(model))
    assert copy._loaded is None
    assert np.array_equal(copy.surprisals([OVEN])[0].values, expected[0].values)


def test_threads_get_the_same_bits(causal_folder):
    model = CausalLM(causal_folder(), "cpu")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: model.surprisals([OVEN, BRIDGE], ["Why?"] * 2), range(8)))
    assert all(np.array_equal(found[0][n].values, item[n].values) for item in found for n in (0, 1))


def test_no_texts_are_no_surprisals(causal_folder):
    model = CausalLM(causal_folder(), "cpu")
    assert model.surprisals([]) == []
    assert [len(item.values) for item in model.surprisals(["", ""], ["Why?", "Why?"])] == [0, 0]


def test_prefixes_go_with_texts(causal_folder):
    with pytest.raises(ValueError, match="2 texts but 1 prefixes"):
        CausalLM(causal_folder(), "cpu").surprisals(["a", "b"], ["c"])


def said(error):
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_no_model(tmp_path, causal_folder, bert):
    with pytest.raises(ModelNotFound) as error:
        CausalLM(str(tmp_path / "none"), "cpu").surprisals(["a"])
    assert "none" in said(error)
    with pytest.raises(ModelNotFound) as error:
        CausalLM(bert, "cpu").surprisals(["a"])
    assert "bert" in said(error)
    with pytest.raises(UnknownName):
        CausalLM(causal_folder(), "gpuu").surprisals(["a"])


def test_an_encoder_with_a_head_reads_ahead(tmp_path, bert):
    from transformers import BertConfig, BertLMHeadModel

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(bert)
    size = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "initializer_range": 0.5}
    BertLMHeadModel(BertConfig(vocab_size=len(tokenizer), **size)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ModelNotFound, match="reads ahead"):
        CausalLM(str(tmp_path), "cpu").surprisals(["a"])


def test_an_encoder_decoder_is_no_causal_model(tmp_path, bpe):
    from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

    T5ForConditionalGeneration(T5Config(vocab_size=600, d_model=16, d_kv=4, d_ff=16, num_layers=1, num_heads=2)).save_pretrained(
        tmp_path
    )
    PreTrainedTokenizerFast(tokenizer_object=bpe).save_pretrained(tmp_path)
    with pytest.raises(ModelNotFound) as error:
        CausalLM(str(tmp_path), "cpu").surprisals(["a"])
    assert "causal" in said(error)


def test_a_model_without_a_tokenizer(tmp_path, causal_folder):
    AutoModelForCausalLM.from_pretrained(causal_folder()).save_pretrained(tmp_path)
    with pytest.raises(ModelNotFound) as error:
        CausalLM(str(tmp_path), "cpu").surprisals(["a"])
    assert "tokenizer" in said(error)


def test_a_tokenizer_of_another_model(tmp_path, causal_folder, xlmr):
    AutoModelForCausalLM.from_pretrained(causal_folder(), vocab_size=100, ignore_mismatched_sizes=True).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(xlmr).save_pretrained(tmp_path)
    with pytest.raises(ModelNotFound, match=r"tokenizer of .* tokens, the model 100"):
        CausalLM(str(tmp_path), "cpu").surprisals(["a"])


@pytest.mark.parametrize("when", ["loading", "reading"])
def test_nan_is_an_error(tmp_path, causal_folder, when):
    model = AutoModelForCausalLM.from_pretrained(causal_folder("gpt2"))
    tokenizer = AutoTokenizer.from_pretrained(causal_folder("gpt2"))
    tokenizer.save_pretrained(tmp_path)
    with torch.no_grad():
        model.transformer.wpe.weight[slice(None) if when == "loading" else slice(20, None)] = float("nan")
    model.save_pretrained(tmp_path)
    model = CausalLM(str(tmp_path), "cpu")
    if when == "reading":
        assert np.isfinite(model.surprisals(["Short."])[0].values).all()
    with pytest.raises(BrokenModel, match="NaN") as error:
        model.surprisals([OVEN])
    said(error)


def test_float32_on_demand_and_no_other_runtime(causal_folder, monkeypatch):
    folder = causal_folder("llama")
    monkeypatch.setattr("linguapress.models.causal_loading.precision_of", lambda device: torch.bfloat16)
    assert not CausalLM(folder, "cpu").loaded.exact
    exact = CausalLM(folder, "cpu", runtime="torch-float32")
    assert exact.loaded.exact
    assert pickle.loads(pickle.dumps(exact)).loaded.exact
    with pytest.raises(UnknownName, match="run on torch alone"):
        CausalLM(folder, "cpu", runtime="onnx")
    with pytest.raises(UnknownName, match="unknown runtime 'fast'"):
        CausalLM(folder, "cpu", runtime="fast")


def test_the_embedded_model_reads_english_and_is_loaded_once():
    text = "The bridge over the river was built in the nineteenth century and is one of the longest in the country."
    scrambled = " ".join(sorted(text.split()))
    model = shared_causal_lm()
    assert model is shared_causal_lm("lm", "auto")
    fluent, mixed = (float(scores.values.mean()) for scores in model.surprisals([text, scrambled]))
    assert fluent < mixed - 1
    assert fluent < 5
