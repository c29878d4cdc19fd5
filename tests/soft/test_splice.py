"""The engine: texts and memories in any order give what a loop by hand gives."""

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, DynamicCache

from linguapress.errors import InvalidPrompt, UnsupportedModel, WrongModel
from linguapress.soft import Part, Sampling, SoftReader, XCompressor

from .conftest import KINDS, TEXTS, stirred

QUESTIONS = ["Why is it so? Because", "What", "Which colour has the bridge?", ""]


def prompts_of(press):
    one, two, three, four = press.compress(TEXTS)
    return [[one, "Why? Because"], ["First", two, "then", three, "Which?"], ["Only text here"], [three, four, [5, 6, 7]]]


@pytest.mark.parametrize("kind", KINDS)
def test_without_memory_it_is_plain_generation(frozen, causal_folder, kind):
    lm, tokenizer = frozen(kind), AutoTokenizer.from_pretrained(causal_folder(kind))
    plain = []
    for text in TEXTS:
        inputs = tokenizer(text, return_tensors="pt")
        ids = lm.model.generate(inputs.input_ids, attention_mask=inputs.attention_mask, max_new_tokens=9, do_sample=False)
        plain.append(tokenizer.decode(ids[0, inputs.input_ids.shape[1] :], skip_special_tokens=True))
    reader = SoftReader(lm)
    assert reader.generate(TEXTS, most=9) == plain
    assert ["".join(reader.stream([text[:5], text[5:]], most=9)) for text in TEXTS] == plain


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_is_scored_as_the_full_logits_say(frozen, kind):
    lm = frozen(kind)
    ids = torch.tensor([lm.tokens(TEXTS[0] + " and more")])
    with torch.no_grad():
        logits = lm.model(ids).logits[0, :-1].log_softmax(-1)
    expected = -logits.gather(1, ids[0, 1:, None])[:, 0].numpy()
    (found,) = SoftReader(lm).score([TEXTS[0]], [" and more"])
    assert 0 < len(found) < len(expected)
    np.testing.assert_allclose(found, expected[-len(found) :], atol=1e-4)


def by_hand(lm, memory, ids, most):
    """Greedy tokens behind a memory and some tokens, one forward pass a token, nothing but transformers."""
    cache, at, found = DynamicCache(), memory.next_position, []
    for number, (keys, values) in enumerate(memory.layers):
        cache.update(keys[None], values[None], number)
    for _ in range(most):
        places = {"position_ids": torch.arange(at, at + len(ids))[None]} if lm.placed else {}
        mask = torch.ones(1, cache.get_seq_length() + len(ids), dtype=torch.long)
        with torch.no_grad():
            out = lm.model(torch.tensor([ids]), past_key_values=cache, attention_mask=mask, **places)
        at, ids = at + len(ids), [int(out.logits[0, -1].argmax())]
        if ids[0] in lm.ends:
            break
        found += ids
    return lm.text(found)


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_memory_it_is_the_loop_by_hand(frozen, kind):
    lm = frozen(kind)
    press = stirred(XCompressor.new(lm, k=3, longest=32, rank=4))
    memories = press.compress(TEXTS[:3])
    expected = [by_hand(lm, memory, lm.tokens("Why? Because"), 9) for memory in memories]
    reader, prompts = SoftReader(lm), [[memory, "Why? Because"] for memory in memories]
    assert reader.generate(prompts, most=9) == expected
    assert len({float(row.sum()) for row in reader.score(prompts, [" it"] * 3)}) == 3  # the memories are read


def test_in_the_paper_s_positions_it_is_generate_of_transformers(lm):
    press = stirred(XCompressor.new(lm, k=3, preset="paper", longest=32))
    (memory,) = press.compress(TEXTS[:1])
    ids = torch.tensor([lm.tokens("Why? Because")])
    cache, mask = DynamicCache([(k[None], v[None]) for k, v in memory.layers]), torch.ones(1, 3 + ids.shape[1], dtype=torch.long)
    out = lm.model.generate(ids, past_key_values=cache, attention_mask=mask, max_new_tokens=9, do_sample=False)
    assert SoftReader(lm).generate([[memory, "Why? Because"]], most=9) == [lm.text(out[0, ids.shape[1] :].tolist())]


@pytest.mark.parametrize("kind", ["llama", "mistral", "gemma3_text", "phi", "gptj", "cohere"])
def test_chunks_moved_into_place_are_as_if_encoded_there(frozen, kind):
    lm = frozen(kind)
    press = stirred(XCompressor.new(lm, k=3, longest=32, rank=4))
    first, second = (lm.tokens(text)[:9] for text in TEXTS[:2])
    start, end = lm.tokens("Read this:"), "Why?"
    at = len(start)
    direct = press.encode([Part(first, at), Part(second, at + len(first))])
    for memory, where in zip(direct, (at, at + len(first)), strict=True):
        assert memory.positions[0] == where + 1
    moved = press.encode([Part(first), Part(second)])
    reader, target = SoftReader(lm), [" Because it is so"]
    found = reader.score([[start, *moved, end]], target)[0]

    total = [
        torch.cat([a, b], 1)[None]
        for one, two in zip(*(m.layers for m in direct), strict=True)
        for a, b in zip(one, two, strict=True)
    ]
    cache = DynamicCache()
    with torch.no_grad():
        lm.model(torch.tensor([start]), past_key_values=cache)
        for number in range(len(direct[0].layers)):
            cache.update(total[2 * number], total[2 * number + 1], number)
        ids = lm.tokens(end + target[0])
        here = at + len(first) + len(second)
        out = lm.model(torch.tensor([ids]), past_key_values=cache, position_ids=torch.arange(here, here + len(ids))[None],
                       attention_mask=torch.ones(1, at + 6 + len(ids), dtype=torch.long)).logits[0].log_softmax(-1)  # fmt: skip
    expected = -out[:-1].gather(1, torch.tensor(ids)[1:, None])[:, 0].numpy()
    np.testing.assert_allclose(found, expected[-len(found) :], atol=1e-4)


@pytest.mark.parametrize("kind", ["llama", "mistral", "gemma2", "gemma3_text", "gptj", "bloom"])
def test_a_batch_gives_what_each_prompt_gives_alone(frozen, kind):
    press = stirred(XCompressor.new(frozen(kind), k=3, longest=32, rank=4))
    reader, prompts = SoftReader(press.lm), prompts_of(press)
    layouts = ("spread", "contiguous") if kind == "bloom" else ("spread", "contiguous", "parallel")
    for layout in layouts:
        for options in ({}, {"sampling": Sampling(0.8, 0.9, seed=3)}):
            together = reader.generate(prompts, most=7, layout=layout, **options)
            assert together == [reader.generate([prompt], most=7, layout=layout, **options)[0] for prompt in prompts]
            assert together == reader.generate(prompts, most=7, layout=layout, batch_size=2, **options)
        targets = [" yes", " no, it is not", "", [4, 5]]
        for one, (prompt, target) in zip(
            reader.score(prompts, targets, layout=layout), zip(prompts, targets, strict=True), strict=True
        ):
            np.testing.assert_allclose(one, reader.score([prompt], [target], layout=layout)[0], atol=1e-4)


def test_layouts_differ_for_several_memories(press):
    one, two, *_ = press.compress(TEXTS)
    reader = SoftReader(press.lm)
    found = [
        reader.score([[one, two, "Why?"]], ["Because"], layout=layout)[0].sum() for layout in ("spread", "contiguous", "parallel")
    ]
    assert len({round(float(value), 4) for value in found}) == 3
    swapped = reader.score([[two, one, "Why?"]], ["Because"], layout="parallel")[0].sum()
    np.testing.assert_allclose(swapped, found[2], atol=1e-4)  # side by side, order says nothing


def test_sampling_is_seeded_and_reaches_other_tokens(lm):
    reader = SoftReader(lm)
    drawn = {reader.generate(["Why"], sampling=Sampling(2.0, seed=seed), most=8)[0] for seed in range(5)}
    assert len(drawn) > 1
    assert reader.generate(["Why"], sampling=Sampling(2.0, seed=1)) == reader.generate(["Why"], sampling=Sampling(2.0, seed=1))
    assert reader.generate(TEXTS, sampling=Sampling(top_p=1e-6), most=8) == reader.generate(TEXTS, most=8)
    with pytest.raises(ValueError, match="temperature is 0"):
        Sampling(0)
    with pytest.raises(ValueError, match="top_p is 2"):
        Sampling(top_p=2)


def test_a_memory_is_read_again_and_again_unchanged(press):
    (memory,) = press.compress(TEXTS[:1])
    before, reader = memory.to_bytes(), SoftReader(press.lm)
    first = reader.generate([[memory, question] for question in QUESTIONS[:3]], most=6)
    assert reader.generate([[memory, question] for question in QUESTIONS[:3]], most=6) == first
    assert memory.to_bytes() == before


@pytest.mark.parametrize("kind", ["gpt2", "opt"])
def test_learned_positions_cannot_be_moved(frozen, kind):
    lm = frozen(kind)
    press = stirred(XCompressor.new(lm, k=3, longest=16, rank=4))
    one, two, *_ = press.compress(TEXTS[1:3])
    reader = SoftReader(lm)
    assert not lm.movable
    assert reader.generate([[one, "Why?"]], most=3)
    assert reader.generate([[one, two, "Why?"]], most=3, layout="parallel")
    with pytest.raises(UnsupportedModel, match="layout='parallel'"):
        reader.generate([[one, two, "Why?"]])


def test_a_model_that_counts_slots_has_nothing_parallel(frozen):
    press = XCompressor.new(frozen("bloom"), k=2)
    one, two, *_ = press.compress(TEXTS)
    with pytest.raises(UnsupportedModel, match="counts slots"):
        SoftReader(press.lm).generate([[one, two, "Why?"]], layout="parallel")


@pytest.mark.parametrize(
    ("prompts", "words"),
    [
        ("text", "a list"), ([[]], "ends in a text"), ([""], "ends in a text"), ([[3.5]], "float is no segment"),
        ([[["a"]]], "list is no segment"), ([["word " * 90]], "reads 64"),
        ([[torch.tensor([1, 2])]], "as a list"), ([[[1, 600]]], "knows tokens"), ([[[-1]]], "knows tokens"),
    ],
)  # fmt: skip
def test_what_is_no_prompt_is_refused(lm, prompts, words):
    with pytest.raises(InvalidPrompt, match=words):
        SoftReader(lm).generate(prompts)


def test_memories_alone_are_no_prompt(press):
    memories, reader = press.compress(TEXTS), SoftReader(press.lm)
    with pytest.raises(InvalidPrompt, match="put it in a list"):
        reader.generate(memories)
    with pytest.raises(InvalidPrompt, match="ends in a text"):
        reader.generate([memories[:2]])
    with pytest.raises(InvalidPrompt, match="layout 'row'"):
        reader.generate([[memories[0], "Why?"]], layout="row")
    with pytest.raises(InvalidPrompt, match="1 prompts and 2 targets"):
        reader.score([[memories[0], "Why?"]], ["a", "b"])
    with pytest.raises(ValueError, match="batch_size is 0"):
        reader.generate(["Why?"], batch_size=0)
    assert reader.generate([]) == []


def test_the_memory_of_another_model_is_refused(press, frozen):
    (memory,) = press.compress(TEXTS[:1])
    for other in (frozen("qwen2"), frozen("llama", bos=False)):
        if other.fingerprint != press.lm.fingerprint:
            with pytest.raises(WrongModel, match="the model"):
                SoftReader(other).generate([[memory, "Why?"]])
    changed = frozen()
    changed.tokenizer_fingerprint = "another"
    with pytest.raises(WrongModel, match="the tokenizer"):
        SoftReader(changed).generate([[memory, "Why?"]])
    assert SoftReader(frozen()).generate([[memory, "Why?"]]) == SoftReader(press.lm).generate([[memory, "Why?"]])


def test_generation_stops_at_the_window(lm, monkeypatch):
    ids, read, reached = lm.tokens(TEXTS[0] * 3)[: lm.window - 4], lm.run, []
    assert len(ids) == lm.window - 4

    def recorded(inputs, positions, *more):
        reached.append(int(positions.max()))
        return read(inputs, positions, *more)

    monkeypatch.setattr(lm, "run", recorded)
    SoftReader(lm).generate([[ids]], most=100)
    assert max(reached) == lm.window - 1
    assert len(reached) <= 6
