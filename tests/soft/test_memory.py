"""Memories: what they say of themselves, and how they are written and read."""

import json

import pytest
import torch
from safetensors.torch import save

from linguapress.errors import InvalidMemory, WrongModel
from linguapress.soft import Maker, Memory, Source

MAKER = Maker("model", "tokenizer", "adapter")
SOURCE = Source("0" * 64, 12)


def key_values(k=3, layers=2, dtype=torch.float32):
    torch.manual_seed(0)
    pairs = tuple((torch.randn(2, k, 4).to(dtype), torch.randn(2, k, 4).to(dtype)) for _ in range(layers))
    return Memory(pairs, None, tuple(range(1, 1 + 2 * k, 2)), 12, SOURCE, MAKER)


def embeddings(k=3):
    return Memory((), torch.randn(k, 8), (), k, SOURCE, MAKER)


def same(one, other):
    facts = ("positions", "next_position", "source", "maker")
    tensors, others = one.tensors(), other.tensors()
    return (
        all(getattr(one, name) == getattr(other, name) for name in facts)
        and tensors.keys() == others.keys()
        and all(t.dtype == others[n].dtype and torch.equal(t, others[n]) for n, t in tensors.items())
    )


@pytest.mark.parametrize("memory", [key_values(), key_values(dtype=torch.bfloat16), key_values(1, 12), embeddings()])
def test_bytes_and_files_give_it_back_bit_for_bit(memory, tmp_path):
    assert same(Memory.from_bytes(memory.to_bytes()), memory)
    memory.save(tmp_path / "a.safetensors")
    assert same(Memory.load(tmp_path / "a.safetensors"), memory)
    assert memory.to_bytes() == Memory.from_bytes(memory.to_bytes()).to_bytes()


def test_it_knows_its_size():
    assert (key_values().k, key_values().nbytes, key_values().ratio) == (3, 2 * 2 * 2 * 3 * 4 * 4, 4.0)
    assert repr(key_values()) == "Memory(3 slots for 12 tokens, key-values of 2 layers, 384 bytes)"
    assert (embeddings().k, embeddings().nbytes) == (3, 3 * 8 * 4)
    assert key_values(dtype=torch.bfloat16).nbytes * 2 == key_values().nbytes


@pytest.mark.parametrize("cut", [0, 3, 8, 50, 300, -1])
def test_cut_off_bytes_are_refused(cut):
    data = key_values().to_bytes()
    with pytest.raises(InvalidMemory, match="compress the text again"):
        Memory.from_bytes(data[:cut])


def test_foreign_bytes_are_refused(tmp_path):
    (tmp_path / "page.html").write_text("<html>not found</html>")
    with pytest.raises(InvalidMemory):
        Memory.load(tmp_path / "page.html")
    for tensors in (save({"weight": torch.zeros(3)}), save({"key.0": torch.zeros(3)}, {"linguapress-memory/2": "{}"})):
        with pytest.raises(InvalidMemory, match="something else"):
            Memory.from_bytes(tensors)


@pytest.mark.parametrize(
    "header", ["{", "{}", "[]", '"x"', json.dumps({"positions": [1], "next_position": 3, "source": {}, "maker": {}})]
)
def test_a_damaged_header_is_refused(header):
    with pytest.raises(InvalidMemory):
        Memory.from_bytes(save({"key.0": torch.zeros(2, 1, 4)}, {"linguapress-memory/1": header}))


def test_only_the_model_that_made_it_reads_it():
    key_values().check("model", "tokenizer")
    for other in (("another", "tokenizer"), ("model", "another")):
        with pytest.raises(WrongModel, match="another"):
            key_values().check(*other)
    with pytest.raises(WrongModel, match="in float32 or bfloat16"):
        key_values().check("another", "tokenizer")


def test_tensors_that_do_not_belong_together_are_refused():
    pair, longer = (torch.zeros(2, 3, 4), torch.zeros(2, 3, 4)), (torch.zeros(2, 4, 4), torch.zeros(2, 4, 4))
    for layers, states, positions in (
        ((), None, ()),
        ((pair,), torch.zeros(3, 8), ()),
        ((pair, longer), None, ()),
        ((pair,), None, (1, 2)),
        (((pair[0][None], pair[1][None]),), None, (1, 2, 3)),
    ):
        with pytest.raises(InvalidMemory):
            Memory(layers, states, positions, 5, SOURCE, MAKER)


def test_a_memory_of_no_slots_is_refused():
    with pytest.raises(InvalidMemory, match="no slots"):
        key_values(k=0)
    with pytest.raises(InvalidMemory, match="no slots"):
        embeddings(k=0)
