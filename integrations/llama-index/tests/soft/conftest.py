"""A tiny random language model with a tokenizer of its own, and a compressor for it; nothing is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.schema import NodeRelationship, NodeWithScore, RelatedNodeInfo, TextNode

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
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", model_max_length=4096)


def make_press(seed: int = 0) -> Any:
    """A compressor whose adapter does something, on a Llama with random weights, two layers and a window of 4,096 tokens."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from linguapress.soft import FrozenLM, XCompressor

    tokenizer = _tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=4096, initializer_range=0.4, bos_token_id=0, eos_token_id=1,
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
def press(_press: Any) -> Iterator[Any]:
    yield _press
    _press.lm.fast_tokenizer.chat_template = None


@pytest.fixture
def shelf(press: Any, tmp_path: Any) -> Any:
    from linguapress.soft import FolderStore, MemoryShelf

    return MemoryShelf(press, FolderStore(tmp_path / "shelf"), b"the shelf of these tests")


@pytest.fixture
def nodes() -> list[NodeWithScore]:
    found = []
    for number, text in enumerate(TEXTS):
        node = TextNode(
            id_=f"node-{number}", text=text, metadata={"file": f"{number}.txt", "secret": "s"},
            excluded_llm_metadata_keys=["secret"],
            relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"doc-{number}")},
        )  # fmt: skip
        found.append(NodeWithScore(node=node, score=0.9 - number / 10))
    return found
