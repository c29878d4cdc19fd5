"""A random Llama for :mod:`linguapress.evaluation.memories`: none of that size and window can be shipped.

Times and bytes do not depend on what the weights say.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from linguapress.models.embedded import CAUSAL, model_folder

WINDOW = 1 << 14
_TOKENIZER, _SETTINGS = "tokenizer.json", "tokenizer_config.json"


def random_llama(folder: Path, **changes: Any) -> Path:
    """Writes a Llama of 88 million weights that reads 16,384 tokens; a folder that stands there already stays.

    Args:
        folder: to write to; it gets the tokenizer of the embedded causal model.
        changes: settings of ``LlamaConfig`` that are to be others.
    """
    if not folder.exists():
        half = folder.with_name(f"{folder.name}-half-made")
        shutil.rmtree(half, ignore_errors=True)
        _write(half, {**_shape(), **changes})
        half.rename(folder)
    return folder


def _shape() -> dict[str, Any]:
    """12 layers as wide as those of GPT-2 small, with four heads of key-values for twelve heads."""
    return {
        "vocab_size": 16384, "hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12, "num_attention_heads": 12,
        "num_key_value_heads": 4, "max_position_embeddings": WINDOW, "tie_word_embeddings": True, "bos_token_id": 0,
        "eos_token_id": 0,
    }  # fmt: skip


def _write(folder: Path, shape: dict[str, Any]) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from linguapress.models.weights import quietly

    with torch.random.fork_rng(devices=[]), quietly():
        torch.manual_seed(0)
        LlamaForCausalLM(LlamaConfig(**shape)).to(torch.bfloat16).save_pretrained(folder)
    source = Path(model_folder(CAUSAL))
    shutil.copy(source / _TOKENIZER, folder)
    told = json.loads((source / _SETTINGS).read_text("utf-8")) | {"model_max_length": shape["max_position_embeddings"]}
    (folder / _SETTINGS).write_text(json.dumps(told), "utf-8")
