"""The small causal language model: Llama's shape, and how it is written."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from linguapress.models.weights import quietly
from linguapress.training.lm_settings import LmSettings
from linguapress.training.lm_tokens import END_ID, fast_tokenizer


def new_model(settings: LmSettings, vocabulary: int) -> Any:
    """A random model in float32: RMSNorm, rotary positions, SwiGLU, one matrix for the embeddings and the head."""
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=settings.width, intermediate_size=settings.inner, num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads, num_key_value_heads=settings.heads, max_position_embeddings=settings.window,
        tie_word_embeddings=True, bos_token_id=END_ID, eos_token_id=END_ID, pad_token_id=None, attn_implementation="sdpa",
    )  # fmt: skip
    torch.manual_seed(settings.seed)
    return LlamaForCausalLM(config).float()


def write_model(model: Any, tokenizer: Tokenizer, settings: LmSettings) -> None:
    """Writes what AutoModelForCausalLM and AutoTokenizer load."""
    copied = copy.deepcopy(model).to(getattr(torch, settings.model_dtype))
    with quietly():
        copied.save_pretrained(settings.out)
    fast_tokenizer(tokenizer, settings.window).save_pretrained(settings.out)


def read_model(out: Path, device: torch.device) -> Any:
    """What :func:`write_model` wrote, in float32."""
    with quietly():
        return AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32).eval().to(device)


def size_of(out: Path) -> int:
    """Bytes of the weights as written."""
    return (out / "model.safetensors").stat().st_size
