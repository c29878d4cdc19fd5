"""Causal language models in float32, and folders of them that transformers 4.44 and 5 both read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linguapress.evaluation.parity_tokens import Ids
from linguapress.models.causal_cache import NONE, Feed
from linguapress.models.causal_lm import CausalLM
from linguapress.scores import Floats, Offsets

if TYPE_CHECKING:
    from linguapress.models.causal_weights import CausalWeights

_START = "<|endoftext|>"
_TINY: Mapping[str, Mapping[str, Any]] = {
    "gpt2": {"n_embd": 48, "n_layer": 2, "n_head": 2, "n_positions": 2048},
    "llama": {
        "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96,
        "max_position_embeddings": 2048,
    },
}  # fmt: skip
TINY = tuple(_TINY)


class ExactLM(CausalLM):
    """A causal language model on the CPU in float32, whatever the processor multiplies fastest."""

    def __init__(self, folder: Path) -> None:
        """Notes the folder."""
        super().__init__(str(folder), "cpu", runtime="torch-float32")

    def cut(self, text: str) -> tuple[Ids, Offsets]:
        """Tokens of a text, without special ones, and their characters."""
        tokens, offsets = self.loaded.encode([text])
        return tokens[0], offsets[0]

    def encode(self, text: str) -> Ids:
        """Tokens of a text, without special ones."""
        return self.cut(text)[0]

    def count(self, text: str) -> int:
        """Number of tokens of a text."""
        return len(self.encode(text))


@dataclass(frozen=True, eq=False)
class Surprisal:
    """Surprisals behind a fixed beginning.

    Attributes:
        model: what reads.
        head: tokens before every context; empty = not even a starting token.
    """

    model: CausalWeights
    head: Ids = field(default_factory=lambda: NONE)

    def __call__(self, context: Ids, tokens: Ids) -> Floats:
        """Surprisals of tokens given a context, nats, shape [tokens]; NaN where nothing at all precedes."""
        before = np.concatenate([self.head, context])
        if len(before) or not len(tokens):
            return self._behind(before, tokens)
        return np.append(np.float32(np.nan), self._behind(tokens[:1], tokens[1:]))

    def _behind(self, before: Ids, tokens: Ids) -> Floats:
        return self.model.score([Feed.after(before, tokens, 0)])[0] if len(tokens) else np.zeros(0, dtype=np.float32)


def portable(source: Path, target: Path) -> Path:
    """Copies a byte-level model so that both versions read it: merges as strings, the plain names of classes and settings.

    Raises:
        ValueError: a merge holds a blank; the older format cannot tell its parts.
    """
    target.mkdir(parents=True)
    for file in source.glob("*.safetensors"):
        shutil.copy(file, target)
    written = json.loads((source / "tokenizer.json").read_text("utf-8"))
    merges = [pair if isinstance(pair, list) else pair.split(" ") for pair in written["model"]["merges"]]
    if any(" " in part for pair in merges for part in pair):
        raise ValueError(
            f"the tokenizer of {source} is not byte-level; give a model whose tokenizer is, such as GPT-2's or Llama 3's"
        )
    written["model"]["merges"] = [" ".join(pair) for pair in merges]
    _write(target / "tokenizer.json", written)
    config = json.loads((source / "config.json").read_text("utf-8"))
    rope = config.get("rope_parameters") or {}
    _write(target / "config.json", config | ({"rope_theta": rope["rope_theta"]} if "rope_theta" in rope else {}))
    told = json.loads((source / "tokenizer_config.json").read_text("utf-8"))
    kept = {name: told[name] for name in ("bos_token", "eos_token", "pad_token", "unk_token", "model_max_length") if told.get(name)}
    plain = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    _write(target / "tokenizer_config.json", kept | plain)
    return target


def _write(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, ensure_ascii=False), "utf-8")


def tiny(kind: str, texts: Sequence[str], folder: Path) -> Path:
    """Writes a random model of two layers whose byte-level tokenizer is trained on texts.

    Its weights are large, so that tokens differ in surprisal as much as they do under a trained model.

    Args:
        kind: one of :data:`TINY`.
        texts: what the tokenizer is trained on.
        folder: to write to.
    """
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=_byte_level(texts), bos_token=_START, eos_token=_START)
    size = {"vocab_size": len(tokenizer), "bos_token_id": 0, "eos_token_id": 0, "initializer_range": 0.3}
    if kind == "gpt2":
        model: Any = GPT2LMHeadModel(GPT2Config(**_TINY[kind], **size))
    else:
        model = LlamaForCausalLM(LlamaConfig(**_TINY[kind], **size))
    raw = folder.with_name(f"{folder.name}-raw")
    tokenizer.save_pretrained(raw)
    model.save_pretrained(raw)
    return portable(raw, folder)


def _byte_level(texts: Sequence[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=3000, initial_alphabet=alphabet, special_tokens=[_START], show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
