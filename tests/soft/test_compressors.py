"""500xCompressor and ICAE: what is trained, what is left alone, what a text becomes."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
import torch

from linguapress.errors import InvalidDocuments, InvalidPrompt, ModelNotFound, UnsupportedModel, WrongModel
from linguapress.soft import FrozenLM, Icae, Part, SoftReader, SoftSettings, XCompressor, regeneration_loss

from .conftest import KINDS, TEXTS, stirred
from .test_memory import same

METHODS = [XCompressor, Icae]
LONG = " ".join(TEXTS) * 2


def close(one, other):
    """Equal up to the rounding of float32, measured by the largest number."""
    pairs = [(tensor, other.tensors()[name]) for name, tensor in one.tensors().items()]
    return all((a - b).abs().max() <= 1e-5 * max(1, a.abs().max()) for a, b in pairs)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_architecture_compresses_trains_and_reads(frozen, kind, method):
    lm = frozen(kind)
    press = stirred(method.new(lm, k=2, longest=20, rank=2))
    loss = regeneration_loss(press, [lm.tokens(TEXTS[2]), lm.tokens(TEXTS[1])[:9]])
    loss.backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in press.parameters().values())
    together, alone = press.compress(TEXTS[1:]), [press.compress([text])[0] for text in TEXTS[1:]]
    assert all(map(close, together, alone))
    assert len(SoftReader(lm).generate([press.regenerating(together[0])], most=3)) == 1


def test_a_model_without_key_values_is_refused(frozen):
    with pytest.raises(UnsupportedModel, match=r"mamba.*key-values"):
        frozen("mamba")


def test_gradients_reach_what_is_kept_and_nothing_else(frozen):
    for method, dead in ((XCompressor, {"q_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}), (Icae, set())):
        lm = frozen()
        press = stirred(method.new(lm, k=2, rank=2))
        regeneration_loss(press, [lm.tokens(TEXTS[2])]).backward()
        assert all(weight.grad.abs().sum() > 0 for weight in press.parameters().values())
        adapted = {name.split(".lora_")[0].removeprefix("base_model.model.model.layers.") for name in press.adapter.weights}
        every = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
        assert {name.split(".")[-1] for name in adapted if name.startswith("0.")} == every
        assert {name.split(".")[-1] for name in adapted if name.startswith("1.")} == every - dead
        others = [weight for name, weight in lm.model.named_parameters() if "lora_" not in name]
        assert not any(weight.requires_grad or weight.grad is not None for weight in others)


@pytest.mark.parametrize("method", METHODS)
def test_the_reader_is_the_untouched_model(frozen, method):
    lm, ids = frozen(), torch.tensor([[5, 9, 30, 7]])
    before, weights = lm.model(ids).logits, {name: w.clone() for name, w in lm.model.named_parameters()}
    press = stirred(method.new(lm, k=2))
    optimizer = torch.optim.SGD(press.parameters().values(), lr=0.1)
    adapted = press.compress(TEXTS[:1])[0]
    for _ in range(2):
        regeneration_loss(press, [lm.tokens(TEXTS[2])]).backward()
        optimizer.step()
    assert torch.equal(lm.model(ids).logits, before)
    assert all(torch.equal(w, weights[n.replace(".base_layer", "")]) for n, w in lm.model.named_parameters() if "lora_" not in n)
    assert not close(press.compress(TEXTS[:1])[0], adapted)
    with press.adapter.on():
        assert not torch.equal(lm.model(ids).logits, before)


@pytest.mark.parametrize("method", METHODS)
def test_no_logits_are_made_for_a_text(frozen, method):
    lm = frozen()
    calls = []
    lm.model.lm_head.register_forward_hook(lambda *_: calls.append(1))
    press = method.new(lm, k=2)
    press.compress(TEXTS)
    assert not calls
    SoftReader(lm).generate(["Why?"], most=1)
    assert calls


@pytest.mark.parametrize("method", METHODS)
def test_a_memory_depends_on_its_text_alone(frozen, method):
    press = stirred(method.new(frozen(), k=3, longest=32))
    together = press.compress([*TEXTS, "", LONG], batch_size=4)
    assert all(map(close, together, [press.compress([text])[0] for text in [*TEXTS, "", LONG]]))
    assert all(map(close, together, press.compress([*TEXTS, "", LONG], batch_size=1)))
    assert same(*(press.compress(TEXTS)[1] for _ in range(2)))
    assert not close(together[0], together[3])
    assert press.compress([]) == []
    assert not any(t.requires_grad or t.device.type != "cpu" for memory in together for t in memory.tensors().values())


def test_what_a_memory_says_of_its_text(press):
    short, long_, empty = press.compress([TEXTS[2], LONG, ""])
    tokens = len(press.lm.tokens(LONG))
    assert (long_.source.tokens, long_.source.parts, long_.k) == (tokens, -(-tokens // 32), 3 * -(-tokens // 32))
    assert long_.source.sha256 == sha256(LONG.encode()).hexdigest()
    assert (long_.next_position, len(long_.positions)) == (tokens, long_.k)
    assert list(long_.positions) == sorted(long_.positions)
    assert long_.positions[-1] < tokens
    assert (short.k, short.source.parts, short.next_position) == (3, 1, short.source.tokens)
    assert (empty.k, empty.source.tokens, empty.ratio) == (3, 0, 0)
    assert short.maker.model == press.lm.fingerprint
    assert short.maker.adapter == press.fingerprint


def test_each_part_of_a_long_text_is_read_for_itself(press):
    ids = press.lm.tokens(LONG)
    parts = press.parts(ids)
    assert [token for part in parts for token in part.ids] == ids
    assert max(len(part.ids) for part in parts) <= 32
    assert max(len(part.ids) for part in parts) - min(len(part.ids) for part in parts) <= 1
    (whole,) = press.compress([LONG])
    for number, part in enumerate(press.encode(parts)):
        for (keys, values), (all_keys, all_values) in zip(part.layers, whole.layers, strict=True):
            assert torch.allclose(keys, all_keys[:, 3 * number : 3 * number + 3], atol=1e-5)
            assert torch.allclose(values, all_values[:, 3 * number : 3 * number + 3], atol=1e-5)


def test_a_text_longer_than_the_window(press, frozen):
    tokens = len(press.lm.tokens(LONG))
    assert tokens > press.lm.window
    (memory,) = press.compress([LONG])
    reader = SoftReader(press.lm)
    with pytest.raises(InvalidPrompt, match="layout='contiguous'"):
        reader.generate([[memory, "Why?"]])
    assert len(reader.score([[memory, "Why?"]], [" So"], layout="contiguous")[0])
    with pytest.raises(UnsupportedModel, match="cut the text"):
        XCompressor.new(frozen("gpt2"), k=2).compress([LONG])
    icae = Icae.new(frozen("gpt2"), k=2, longest=16)  # embeddings carry no positions, so that nothing ends
    (embedded,) = icae.compress([LONG])
    assert embedded.k == 2 * embedded.source.parts
    assert torch.allclose(embedded.embeddings[-2:], icae.encode([icae.parts(icae.lm.tokens(LONG))[-1]])[0].embeddings, atol=1e-5)
    assert len(SoftReader(icae.lm).generate([[embedded, "Why?"]], most=3)) == 1


def test_no_query_can_reach_a_compressor(press):
    with pytest.raises(TypeError):
        press.compress(TEXTS, query="Why?")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"k": 0}, "k is 0"), ({"k": -3}, "k is -3"), ({"rank": 0}, "rank is 0"), ({"longest": 0}, "longest is 0"), ({"dropout": 1.0}, "dropout is 1"),
        ({"positions": "even"}, "uniform, continue, reference"), ({"targets": "q"}, "all-linear"), ({"longest": 65}, "reads 64 tokens"),
        ({"preset": "best"}, "default, paper"),
    ],
)  # fmt: skip
def test_settings_that_make_no_compressor_are_refused(frozen, changes, words):
    with pytest.raises(ValueError, match=words):
        XCompressor.new(frozen(), **changes)


def test_texts_that_are_none_are_refused(press):
    for texts in ("one text", [1], [None], iter(["one text"])):
        with pytest.raises(InvalidDocuments, match="a list of strings"):
            press.compress(texts)
    with pytest.raises(ValueError, match="batch_size is 0"):
        press.compress(TEXTS, batch_size=0)
    for rows in ([], [[1] * 33]):
        with pytest.raises(ValueError, match="at most 32"):
            regeneration_loss(press, rows)


def test_the_paper_s_preset(frozen):
    press = XCompressor.new(frozen(), k=4, preset="paper")
    assert {name.split(".lora_")[0].split(".")[-1] for name in press.adapter.weights} == {"q_proj", "v_proj"}
    assert press.settings == SoftSettings(4, 60, "reference", "attention", 64, 32, 0.05, "normal")
    (memory,) = press.compress([TEXTS[2]])
    tokens = memory.source.tokens
    assert (memory.positions, memory.next_position) == (tuple(range(tokens, tokens + 4)), 4)
    assert 0.5 < press.tokens.std() < 1.5


def test_dropout_applies_while_training_only(frozen):
    press = stirred(XCompressor.new(frozen(), k=2, dropout=0.5))
    rows = [press.lm.tokens(TEXTS[2])]
    assert regeneration_loss(press, rows) == regeneration_loss(press, rows)
    press.train()
    assert regeneration_loss(press, rows) != regeneration_loss(press, rows)
    press.train(False)
    assert regeneration_loss(press, rows) == regeneration_loss(press, rows)


def test_the_loss_is_the_mean_surprisal_of_text_and_end(press):
    rows = [press.lm.tokens(text) for text in TEXTS[1:3]]
    reader, memories = SoftReader(press.lm), press.compress(TEXTS[1:3])
    found = reader.score([[memory, [press.lm.bos]] for memory in memories], [[*row, press.lm.eos] for row in rows])
    expected = sum(float(row.sum()) for row in found) / sum(len(row) + 1 for row in rows)
    assert float(regeneration_loss(press, rows).detach()) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_without_a_bos_a_learned_embedding_asks_for_the_text(frozen, method):
    press = method.new(frozen(bos=False), k=2)
    assert press.lm.bos is None
    regeneration_loss(press, [press.lm.tokens(TEXTS[2])]).backward()
    assert press.trigger.grad.abs().sum() > 0


def test_constructing_changes_no_random_state_and_is_seeded(frozen):
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    one, two, three = (XCompressor.new(frozen(), k=2, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(torch.rand(3), expected)
    assert one.fingerprint == two.fingerprint != three.fingerprint


@pytest.mark.parametrize("method", METHODS)
def test_saved_and_loaded_it_makes_the_same_memories(frozen, causal_folder, tmp_path, method):
    press = stirred(method.new(frozen(bos=False), k=3, longest=32, rank=4))
    press.save_pretrained(tmp_path / "press")
    for lm in (frozen(bos=False), None):
        other = method.from_pretrained(tmp_path / "press", lm)
        assert other.settings == press.settings
        assert other.fingerprint == press.fingerprint
        if lm:
            assert all(map(same, other.compress(TEXTS), press.compress(TEXTS)))
    assert press.lm.name == causal_folder("llama", False) == other.lm.name
    assert {path.name for path in (tmp_path / "press").iterdir()} == {
        "soft.json",
        "adapter_model.safetensors",
        "memory.safetensors",
    }


def test_what_does_not_fit_is_not_loaded(press, frozen, tmp_path):
    folder = tmp_path / "press"
    press.save_pretrained(folder)
    with pytest.raises(WrongModel, match="method '500x'"):
        Icae.from_pretrained(folder, frozen())
    with pytest.raises(WrongModel, match="another model"):
        XCompressor.from_pretrained(folder, frozen("mistral"))
    with pytest.raises(ModelNotFound, match="no soft compressor"):
        XCompressor.from_pretrained(tmp_path / "nothing", frozen())
    for name, words in (("adapter_model.safetensors", "cannot read"), ("memory.safetensors", "cannot read")):
        broken = tmp_path / name
        shutil.copytree(folder, broken)
        (broken / name).write_bytes((folder / name).read_bytes()[:-5])
        with pytest.raises(ModelNotFound, match=words):
            XCompressor.from_pretrained(broken, frozen())
        (broken / name).unlink()
        with pytest.raises(ModelNotFound, match=words):
            XCompressor.from_pretrained(broken, frozen())
    facts = json.loads((folder / "soft.json").read_text())
    for change, words in (({"settings": facts["settings"] | {"rank": 5}}, "do not fit"), ({"format": "x"}, "format")):
        (folder / "soft.json").write_text(json.dumps(facts | change))
        with pytest.raises(ModelNotFound, match=words):
            XCompressor.from_pretrained(folder, frozen())
    for text in ("", "[]", json.dumps({"format": "linguapress-soft/1"})):
        (folder / "soft.json").write_text(text)
        with pytest.raises(ModelNotFound, match="save_pretrained has written"):
            XCompressor.from_pretrained(folder, frozen())


def test_one_model_carries_one_compressor(press):
    with pytest.raises(UnsupportedModel, match="load it anew"):
        Icae.new(press.lm)


def test_threads_do_not_disturb_each_other(press):
    reader = SoftReader(press.lm)
    (memory,) = press.compress(TEXTS[:1])
    prompt = [memory, "Why? Because"]
    answer, texts = reader.generate([prompt], most=6), TEXTS * 3
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(reader.generate, [prompt], most=6) for _ in range(8)]
        memories = [pool.submit(press.compress, [text]) for text in texts]
        assert all(found.result() == answer for found in answers)
        alone = [press.compress([text])[0] for text in texts]
        assert all(close(found.result()[0], one) for found, one in zip(memories, alone, strict=True))


def test_in_bfloat16_too(causal_folder):
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(causal_folder(), dtype=torch.bfloat16)
    lm = FrozenLM(model, transformers.AutoTokenizer.from_pretrained(causal_folder()))
    press = XCompressor.new(lm, k=3)
    regeneration_loss(press, [lm.tokens(TEXTS[2])]).backward()
    assert press.tokens.dtype == press.tokens.grad.dtype == torch.float32
    memories = press.compress(TEXTS[1:3])
    assert {t.dtype for t in memories[0].tensors().values()} == {torch.bfloat16}
    assert len(SoftReader(lm).generate([[*memories, "Why?"]], most=3)) == 1


@pytest.mark.parametrize("method", METHODS)
def test_anchored_memory_tokens_begin_as_tokens_of_the_text(frozen, method):
    """Memory tokens of nothing that are anchored at each token read as the text read a second time would."""
    lm = frozen()
    press = method.new(lm, k=3, rank=2, anchored=True, positions="continue")
    with torch.no_grad():
        press.tokens.zero_()
    ids = lm.tokens(TEXTS[0])[:3]
    twice = torch.cat([lm.embed(ids), lm.embed(ids)])[None]
    states, layers = lm.read(twice, torch.arange(6)[None], torch.ones(1, 6, dtype=torch.long))
    (memory,) = press.encode([Part(ids)])
    wanted = states[0, 3:] if method is Icae else layers[-1][1][0, :, 3:]
    assert torch.allclose(list(memory.tensors().values())[-1], wanted, atol=1e-5)
    assert press.compress([""])[0].k == 3
    assert press.compress(["a"])[0].k == 3
    together, alone = press.compress(TEXTS), [press.compress([text])[0] for text in TEXTS]
    assert all(map(close, together, alone))
