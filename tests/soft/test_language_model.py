"""The frozen model: what is found out about it by trial, what names it, what importing costs."""

import doctest
import json
import subprocess
import sys

import pytest
import torch

import linguapress.soft
from linguapress.errors import ModelNotFound, UnsupportedModel
from linguapress.soft import FrozenLM, Part, SoftReader, XCompressor

from .conftest import KINDS, TEXTS

YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}
LLAMA3 = {
    "rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16,
}  # fmt: skip
LONG = {"rope_type": "longrope", "short_factor": [1.0] * 4, "long_factor": [2.0] * 4, "original_max_position_embeddings": 32}
ROPES = [
    {"rope_type": "default"}, {"rope_type": "linear", "factor": 4.0}, YARN, LLAMA3, {"rope_type": "dynamic", "factor": 4.0}, LONG,
]  # fmt: skip


def scaled(causal_folder, rope):
    """A tiny Llama with another rotation, weights by chance."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(causal_folder(), rope_parameters={"rope_theta": 10000.0, **rope})
    torch.manual_seed(0)
    return FrozenLM(transformers.LlamaForCausalLM(config), transformers.AutoTokenizer.from_pretrained(causal_folder()))


def test_rotations_are_found_layer_by_layer(frozen):
    found = {kind: frozen(kind) for kind in KINDS}
    assert {kind for kind, lm in found.items() if not lm.movable} == {"gpt2", "opt"}
    assert {kind for kind, lm in found.items() if not lm.placed} == {"bloom"}
    pairings = {kind: {r.pairing for r in lm.rotations} for kind, lm in found.items() if lm.movable and kind != "bloom"}
    assert {kind for kind, seen in pairings.items() if seen == {"neighbours"}} == {"gptj", "cohere"}
    assert all(len(seen) == 1 for seen in pairings.values())
    assert {kind: len(found[kind].rotations[0].frequencies) for kind in ("llama", "phi", "gpt_neox", "bloom")} == {
        "llama": 4, "phi": 2, "gpt_neox": 1, "bloom": 0,
    }  # fmt: skip
    assert {kind for kind, lm in found.items() if lm.reach == 64} == {"gpt2", "opt", "gptj"}


def test_layers_may_turn_at_different_speeds(frozen):
    import transformers

    lm = frozen("gemma3_text")
    config = transformers.Gemma3TextConfig(**{**lm.model.config.to_dict(), "layer_types": ["sliding_attention", "full_attention"]})
    assert config.rope_parameters["sliding_attention"] != config.rope_parameters["full_attention"]
    torch.manual_seed(0)
    tokenizer = transformers.AutoTokenizer.from_pretrained(lm.name)
    mixed = FrozenLM(transformers.Gemma3ForCausalLM(config), tokenizer)
    assert mixed.movable
    assert not torch.equal(mixed.rotations[0].frequencies, mixed.rotations[1].frequencies)


@pytest.mark.parametrize("rope", ROPES, ids=lambda rope: rope["rope_type"])
def test_scaled_rotations_move_too(causal_folder, rope):
    lm = scaled(causal_folder, rope)
    assert lm.movable
    press = XCompressor.new(lm, k=2, longest=12)
    ids = lm.tokens(TEXTS[0])[:8]
    (here,), (there,) = press.encode([Part(ids)]), press.encode([Part(ids, 11)])
    by = torch.tensor(there.positions) - torch.tensor(here.positions)
    for (keys, _), (expected, _), rotation in zip(here.layers, there.layers, lm.rotations, strict=True):
        assert torch.allclose(rotation.move(keys, by), expected, atol=1e-4)


def test_rotations_that_change_with_the_length_are_not_outrun(causal_folder):
    lm = scaled(causal_folder, LONG)
    assert lm.reach == 32
    press = XCompressor.new(lm, k=2, longest=12)
    with pytest.raises(UnsupportedModel, match="cut the text"):
        press.compress([TEXTS[0] * 2])


def test_a_model_is_told_by_its_numbers(frozen, causal_folder):
    import transformers

    lm = frozen()
    assert lm.fingerprint == frozen().fingerprint
    assert len({frozen(kind).fingerprint for kind in KINDS}) == len(KINDS)
    tokenizer = transformers.AutoTokenizer.from_pretrained(causal_folder())
    short = transformers.AutoModelForCausalLM.from_pretrained(causal_folder(), dtype=torch.bfloat16)
    assert FrozenLM(short, tokenizer).fingerprint == lm.fingerprint  # the same checkpoint on another device
    cast = transformers.AutoModelForCausalLM.from_pretrained(causal_folder(), dtype=torch.float32).to(torch.bfloat16)
    assert FrozenLM(cast, tokenizer).fingerprint != lm.fingerprint  # its keys are moved otherwise
    changed = transformers.AutoModelForCausalLM.from_pretrained(causal_folder())
    with torch.no_grad():
        changed.model.layers[1].mlp.up_proj.weight.mul_(1.1)
    assert FrozenLM(changed, tokenizer).fingerprint != lm.fingerprint
    assert scaled(causal_folder, YARN).fingerprint != scaled(causal_folder, LLAMA3).fingerprint


def test_what_is_no_causal_model_is_not_loaded(bert, tmp_path):
    with pytest.raises(ModelNotFound):
        FrozenLM.load(str(tmp_path), "cpu")
    with pytest.raises(ModelNotFound):
        FrozenLM.load(bert, "cpu", exact=True)


def test_texts_begin_as_the_tokenizer_begins_them(causal_folder):
    import transformers
    from tokenizers.processors import TemplateProcessing

    tokenizer = transformers.AutoTokenizer.from_pretrained(causal_folder())
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    lm = FrozenLM(transformers.AutoModelForCausalLM.from_pretrained(causal_folder()), tokenizer)
    assert lm.start == (0,)
    ids = tokenizer(TEXTS[0], return_tensors="pt").input_ids
    assert ids[0, 0] == 0
    out = lm.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=8, do_sample=False)[0, ids.shape[1] :]
    assert SoftReader(lm).generate([TEXTS[0]], most=8) == [lm.text(out.tolist())]


def test_special_tokens_in_a_text_are_text(lm):
    assert lm.eos not in lm.tokens("It says </s> and goes on.")


def test_importing_brings_neither_transformers_nor_peft():
    code = "import sys, json, linguapress.soft; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"transformers", "peft", "accelerate"} & set(json.loads(done.stdout))


def test_without_peft_the_error_says_what_to_install(lm, monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ImportError, match=r"linguapress\[soft\]"):
        XCompressor.new(lm)


def test_the_example_is_true():
    assert doctest.testmod(linguapress.soft).failed == 0
