"""Tokens, batches and losses of the alignment."""

import numpy as np
import pytest
import torch
from architectures import CAUSAL
from transformers import AutoModelForCausalLM

from linguapress.models.causal_loading import load_causal
from linguapress.training.align_loss import Predictor, divergence
from linguapress.training.align_pairs import Pair, parted, read_instructions
from linguapress.training.align_tokens import Batches, collate, digest, rows_of

CPU = torch.device("cpu")
PAIRS = [Pair("Tell me", "the bridge", "over the river"), Pair("Shout", "", "oven 🌉 über"), Pair("Why", "", "the " * 30)]


@pytest.fixture(scope="module")
def reader(causal_folder):
    return load_causal(causal_folder("llama"), "cpu", exact=True)


def text_of(reader, ids):
    return reader.tokenizer.decode([int(token) for token in ids], skip_special_tokens=False)


def test_a_pair_reads_as_the_template_says(reader):
    rows = rows_of(PAIRS, reader, 2)
    assert [text_of(reader, row.ids) for row in rows[:2]] == [
        "<s>Tell me\n\nthe bridge\n\nover the river</s>",
        "<s>Shout\n\noven 🌉 über</s>",
    ]
    for pair, row in zip(PAIRS, rows, strict=True):
        assert text_of(reader, row.ids[row.prompt : row.prompt + row.tokens]) == pair.output
        assert (row.size, row.ends, row.cut) == (len(pair.output.encode()), True, False)


def test_without_an_end_token_nothing_ends(reader):
    row = rows_of(PAIRS[:1], reader, None)[0]
    assert text_of(reader, row.ids) == "<s>Tell me\n\nthe bridge\n\nover the river"
    assert not row.ends


def test_a_long_output_is_cut_where_the_window_ends_and_a_long_prompt_is_missing(causal_folder):
    reader = load_causal(causal_folder("llama"), "cpu", 16, exact=True)
    whole, cut = rows_of([Pair("Why", "", "the river"), Pair("Why", "", "the " * 30)], reader, 2)
    assert (whole.cut, whole.ends, cut.cut, cut.ends) == (False, True, True, False)
    assert len(cut.ids) == 17  # the last is predicted, not read
    assert cut.size == len(text_of(reader, cut.ids[cut.prompt :]).encode())
    assert rows_of([Pair("the bridge " * 30, "", "a")], reader, 2) == []


def test_text_that_spells_out_an_end_token_is_text(reader):
    row = rows_of([Pair("Say", "", "</s> now")], reader, 2)[0]
    assert list(row.ids).count(2) == 1


def test_each_epoch_holds_every_pair_once_in_an_order_of_its_own(reader):
    rows = rows_of([Pair("Tell", "", f"the {number}") for number in range(10)], reader, 2)
    batches = Batches(rows, 4, 7)
    epochs = [[batches.of_step(step) for step in range(at, at + batches.steps)] for at in (0, batches.steps)]
    assert [len(step) for step in epochs[0]] == [4, 4, 2]
    found = [[digest([row]) for step in epoch for row in step] for epoch in epochs]
    assert sorted(found[0]) == sorted(found[1]) == sorted(digest([row]) for row in rows)
    assert found[0] != found[1]
    assert [digest(step) for step in epochs[1]] == [digest(batches.of_step(step)) for step in (3, 4, 5)]


def test_the_checksum_tells_pairs_apart(reader):
    rows = rows_of(PAIRS, reader, 2)
    moved = [row._replace(prompt=row.prompt + 1) for row in rows]
    assert len({digest(rows), digest(rows[::-1]), digest(rows[:2]), digest(moved)}) == 4


def test_equal_instructions_stay_on_one_side_whatever_else_there_is():
    pairs = [Pair(f"Tell {number % 20}", "", f"out {number}") for number in range(40)]
    learnt, held = parted(pairs, 0.3)
    assert {pair.prompt for pair in learnt}.isdisjoint({pair.prompt for pair in held})
    assert sorted(pair.output for pair in (*learnt, *held)) == sorted(pair.output for pair in pairs)
    more = [*pairs, *(Pair(f"Say {number}", "", "out") for number in range(40))]
    assert set(held) <= set(parted(more, 0.3)[1])
    assert [len(side) for side in parted(pairs[:2], 0.001)] == [1, 1]
    assert [len(side) for side in parted(pairs[:2], 0.999)] == [1, 1]


def test_instructions_from_lines_and_from_records(tmp_path):
    plain, records = tmp_path / "a.txt", tmp_path / "a.jsonl"
    plain.write_text("\ufeffTell me\n\n  Shout \r\nTell me\n", "utf-8")
    records.write_text('{"instruction": "Tell", "input": "it", "output": ""}\n{"instruction": "Shout", "input": null}\n')
    assert read_instructions(plain) == [Pair("Tell me"), Pair("Shout")]
    assert read_instructions(records) == [Pair("Tell", "it"), Pair("Shout")]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"\n \n", "holds no instruction"),
        ("a.txt", b"\xff\xfe", "not UTF-8"),
        ("a.jsonl", b'{"input": "a"}', "line 1 of .* has no field instruction"),
        ("a.jsonl", b'{"instruction": " "}', "blank instruction"),
        ("a.jsonl", b"\xff\n", "is not UTF-8 .invalid start byte.; convert it"),
    ],
)
def test_instructions_that_cannot_be_read(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=message):
        read_instructions(tmp_path / name)


@pytest.mark.parametrize("kind", CAUSAL)
def test_loss_and_gradients_of_any_architecture_are_those_of_transformers(causal_folder, reader, monkeypatch, kind):
    """In chunks of two tokens, with padding; the prompt is not learnt."""
    monkeypatch.setattr("linguapress.training.align_loss._CHUNK", 2)
    model = AutoModelForCausalLM.from_pretrained(causal_folder(kind)).eval()
    rows = rows_of(PAIRS[:2], reader, 2)
    batch = collate(rows, CPU, with_ends=True)
    loss = Predictor(kind, model).nll(batch)
    loss.backward()
    found = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}
    model.zero_grad()
    expected = 0.0
    for row in rows:
        ids = torch.from_numpy(row.ids)[None]
        labels = ids.clone()
        labels[:, : row.prompt] = -100
        one = model(input_ids=ids, labels=labels).loss * (len(row.ids) - row.prompt)
        one.backward()
        expected += one.item()
    assert loss.item() == pytest.approx(expected, rel=1e-4)
    wanted = {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}
    assert found.keys() == wanted.keys()
    largest = max(grad.abs().max() for grad in wanted.values())
    assert all((found[name] - grad).abs().max() < 1e-3 * largest for name, grad in wanted.items())


def test_ends_are_learnt_but_not_measured(reader):
    rows = rows_of(PAIRS, reader, 2)
    learnt, scored = (collate(rows, CPU, with_ends=ends) for ends in (True, False))
    assert len(learnt.targets) - len(scored.targets) == 3
    assert 2 not in scored.targets
    assert len(scored.targets) == sum(row.tokens for row in rows)


def test_divergence_is_nothing_from_oneself_and_knows_its_direction(causal_folder, reader):
    one, other = (Predictor(kind, AutoModelForCausalLM.from_pretrained(causal_folder(kind)).eval()) for kind in ("llama", "phi"))
    batch = collate(rows_of(PAIRS, reader, 2), CPU, with_ends=False)
    assert divergence(one, one, batch) == pytest.approx(0, abs=1e-5)
    forth, back = divergence(one, other, batch), divergence(other, one, batch)
    assert min(forth, back) > 0
    assert not np.isclose(forth, back, rtol=1e-3)


def test_a_padded_vocabulary_has_no_part_in_the_divergence(causal_folder, reader):
    models = [AutoModelForCausalLM.from_pretrained(causal_folder("llama")).eval() for _ in range(2)]
    models[1].resize_token_embeddings(models[0].config.vocab_size + 64)
    batch = collate(rows_of(PAIRS, reader, 2), CPU, with_ends=False)
    assert divergence(*(Predictor("llama", model) for model in models), batch) == pytest.approx(0, abs=1e-4)
