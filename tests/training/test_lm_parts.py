"""The parts of the training of a language model: tokens, windows, loss, Muon, schedule, measures."""

import json
import math

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from linguapress.training import lm_loss
from linguapress.training.clock import Clock, slope
from linguapress.training.lm_loss import head_loss, target_nll
from linguapress.training.lm_measure import figures, model_nats
from linguapress.training.lm_tokens import END_ID, Windows, prepared, stream, train_bpe
from linguapress.training.muon import Muon, orthogonal


def test_the_same_texts_give_the_same_bpe():
    texts = [f"{word} and {word[::-1]} 12 né" for word in ("river", "castle", "engine", "harbour")]
    assert train_bpe(texts, 300).to_str() == train_bpe(texts, 300).to_str()


def test_tokens_are_prepared_once_and_anew_for_other_texts(tmp_path):
    file = tmp_path / "train.jsonl"
    file.write_text(json.dumps({"text": "one two one"}) + "\n" + json.dumps({"text": "two"}) + "\n")
    calls = []
    tokenizer, tokens = prepared(tmp_path, tmp_path / "out", 260, calls.append)
    assert (tokens == END_ID).tolist()[:: len(tokens) - 1] == [True, True]
    assert (tokens == END_ID).sum() == 3
    assert tokenizer.decode(tokens.tolist(), skip_special_tokens=True) == "one two onetwo"
    again = prepared(tmp_path, tmp_path / "out", 260, calls.append)[1]
    assert np.array_equal(again, tokens)
    assert calls == [2]
    file.write_text(file.read_text().replace("one", "six"))  # of equal size
    other, tokens = prepared(tmp_path, tmp_path / "out", 260, calls.append)
    assert other.decode(tokens.tolist(), skip_special_tokens=True) == "six two sixtwo"
    file.write_text(json.dumps({"text": "three"}) + "\n")
    assert len(prepared(tmp_path, tmp_path / "out", 260, calls.append)[1]) < len(tokens)


def test_a_round_reads_no_place_twice_and_the_next_one_cuts_elsewhere():
    windows = Windows(np.arange(1000), 16, 4, seed=0)
    rounds = [np.concatenate([windows.of_step(at + n * windows.steps) for at in range(windows.steps)]) for n in range(2)]
    assert all((np.diff(found) == 1).all() for found in rounds)
    assert all(len(np.unique(found[:, :-1])) == found[:, :-1].size for found in rounds)
    assert rounds[0].min() % 16 != rounds[1].min() % 16
    assert np.array_equal(Windows(np.arange(1000), 16, 4, seed=0).of_step(20), windows.of_step(20))


def test_the_loss_in_chunks_is_cross_entropy(monkeypatch):
    monkeypatch.setattr(lm_loss, "_CHUNK", 3)
    torch.manual_seed(0)
    hidden, weight = torch.randn(7, 5, requires_grad=True), torch.randn(11, 5, requires_grad=True)
    targets = torch.randint(0, 11, (7,))
    found = head_loss(hidden, weight, targets)
    (0.5 * found).backward()
    slopes = hidden.grad, weight.grad
    hidden.grad = weight.grad = None
    expected = torch.nn.functional.cross_entropy(hidden @ weight.T, targets, reduction="sum")
    (0.5 * expected).backward()
    assert torch.allclose(found, expected)
    assert torch.allclose(slopes[0], hidden.grad, atol=1e-6)
    assert torch.allclose(slopes[1], weight.grad, atol=1e-6)
    assert target_nll(hidden, weight, targets).sum().item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("shape", [(2, 16, 24), (1, 24, 16)])
def test_muon_makes_singular_values_equal_and_keeps_directions(shape):
    torch.manual_seed(0)
    matrices = torch.randn(shape)
    found = orthogonal(matrices).float()
    values = torch.linalg.svdvals(found)
    assert values.min() > 0.6
    assert values.max() < 1.3
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    assert ((left.mT @ found @ right.mT).diagonal(dim1=-2, dim2=-1) > 0.6).all()


def test_muon_descends():
    torch.manual_seed(0)
    weight, target = torch.zeros(8, 12, requires_grad=True), torch.randn(8, 12)
    optimizer = Muon([weight], lr=0.3, weight_decay=0.0)
    losses = []
    for step in range(40):
        for group in optimizer.param_groups:
            group["lr"] = 0.3 * (1 - step / 40)
        loss = ((weight - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_by_tokens_the_rate_rises_then_falls_to_zero():
    clock = Clock(total=10, limit=0.0)
    rates = []
    while not clock.over:
        rates.append(slope(clock, 0.2))
        with clock.ticking():
            pass
    assert rates[:3] == pytest.approx([0.5, 1.0, 1.0])
    assert np.diff(rates[2:]) == pytest.approx(-0.125)
    assert (len(rates), rates[-1]) == (10, pytest.approx(0.125))


def test_by_time_the_schedule_ends_with_it_at_whatever_pace():
    moment = [0.0]
    clock = Clock(total=0, limit=100.0, now=lambda: moment[0])
    rates = []
    while not clock.over:
        rates.append(slope(clock, 0.1))
        with clock.ticking():
            moment[0] += 1.0 if clock.seconds < 50 else 2.0  # another program wants the machine
        moment[0] += 7.0  # measured: not counted
    assert 95 < clock.seconds <= 100
    assert len(rates) == clock.step < 80
    assert max(rates) > 0.95
    assert rates[-1] < 0.06
    resumed = Clock(total=0, limit=100.0, step=clock.step, seconds=clock.seconds)
    assert resumed.over


@pytest.fixture(scope="module")
def chain():
    """A model that is a Markov chain of four tokens, its surprisals known: layers that add nothing, one-hot embeddings."""
    chances = torch.tensor([[0.1, 0.4, 0.4, 0.1], [0.7, 0.1, 0.1, 0.1], [0.25] * 4, [0.05, 0.05, 0.05, 0.85]])
    config = LlamaConfig(
        vocab_size=4, hidden_size=4, intermediate_size=4, num_hidden_layers=1, num_attention_heads=1, num_key_value_heads=1,
        max_position_embeddings=16, tie_word_embeddings=False, bos_token_id=0, eos_token_id=0, rms_norm_eps=0.0,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        model.model.layers[0].self_attn.o_proj.weight.zero_()
        model.model.layers[0].mlp.down_proj.weight.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(4))
        model.lm_head.weight.copy_(chances.log().T / 2)  # the norm turns one-hot vectors into vectors of length 2
    return model, chances.double().numpy()


@pytest.mark.parametrize("window", [4, 5, 8, 64])
def test_bits_of_a_known_chain_are_right_in_windows_of_any_size(chain, window):
    model, chances = chain
    documents = [np.random.default_rng(seed).integers(1, 4, size).astype(np.uint16) for seed, size in enumerate((1, 4, 5, 9, 33))]
    nats = -sum(np.log(chances[before, token]) for found in documents for before, token in zip([0, *found], found, strict=False))
    assert model_nats(model, documents, window) == pytest.approx(nats, rel=1e-5)


def test_bits_per_byte_and_perplexity():
    """Ten fair choices among four tokens of two bytes each: two bits a token, one bit a byte."""
    assert figures(10 * math.log(4), 10, 20) == pytest.approx({"perplexity": 4.0, "bits_per_byte": 1.0})


def test_a_stream_has_ends_between_documents():
    assert stream([np.array([5, 6], np.uint16), np.array([7], np.uint16)]).tolist() == [0, 5, 6, 0, 7, 0]
