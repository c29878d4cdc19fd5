"""A tiny random language model with a tokenizer of its own, and a compressor for it; nothing is loaded."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.stores import InMemoryByteStore

TEXTS = (
    "The dam on the river Lenn was finished in 1931.",
    "A café stands next to the power plant; it opens at noon.",
    "Trout live in the lake.",
)


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>", "<|turn|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=special, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", model_max_length=2048)


def make_press(seed: int = 0) -> Any:
    """A compressor whose adapter does something, on a Llama with random weights, two layers and a window of 2,048 tokens."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from linguapress.soft import FrozenLM, XCompressor

    tokenizer = _tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=2048, initializer_range=0.4, bos_token_id=0, eos_token_id=1,
        )  # fmt: skip
        lm = FrozenLM(LlamaForCausalLM(config).float(), tokenizer, "tiny")
        press = XCompressor.new(lm, k=3, longest=64, rank=4)
        for weight in press.adapter.weights.values():
            weight.data = torch.randn(weight.shape) * 0.2
    return press


@pytest.fixture(scope="session")
def _press() -> Any:
    return make_press()


@pytest.fixture
def press(_press) -> Any:
    yield _press
    _press.lm.fast_tokenizer.chat_template = None


@pytest.fixture(params=["langchain", "folder"])
def store(request, tmp_path) -> Any:
    """LangChain's own byte store, and the folder."""
    from linguapress.soft import FolderStore

    return InMemoryByteStore() if request.param == "langchain" else FolderStore(tmp_path)


@pytest.fixture
def shelf(press, store) -> Any:
    from linguapress.soft import MemoryShelf

    return MemoryShelf(press, store, b"the shelf of these tests")


@pytest.fixture
def documents() -> list[Document]:
    return [Document(text, id=str(n), metadata={"source": f"{n}.txt", "tags": {"a": [1]}}) for n, text in enumerate(TEXTS)]
