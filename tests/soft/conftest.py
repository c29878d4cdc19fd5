"""Fixtures: frozen tiny models, and compressors whose adapters do something."""

import pytest
from architectures import CAUSAL
from samples import BRIDGE, OVEN

KINDS = [kind for kind in CAUSAL if kind != "mamba"]
TEXTS = [BRIDGE[:70], OVEN[:30], "Green.", BRIDGE[40:100]]


def stirred(press):
    """The compressor with random numbers in its adapter, which is nothing at first."""
    import torch

    generator = torch.Generator().manual_seed(7)
    for weight in press.adapter.weights.values():
        weight.data = torch.randn(weight.shape, generator=generator) * 0.2
    return press


@pytest.fixture
def frozen(causal_folder):
    """From architecture to a tiny frozen model, loaded anew, in float32."""
    from linguapress.soft import FrozenLM

    return lambda kind="llama", bos=True: FrozenLM.load(causal_folder(kind, bos), "cpu", exact=True)


@pytest.fixture
def lm(frozen):
    """A tiny frozen Llama."""
    return frozen()


@pytest.fixture
def press(lm):
    """500xCompressor on ``lm`` with 3 memory tokens for a part of up to 32 tokens."""
    from linguapress.soft import XCompressor

    return stirred(XCompressor.new(lm, k=3, longest=32, rank=4))
