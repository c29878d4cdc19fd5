"""Random causal language models of well-known shapes, in folders that transformers 4.44 and 5 both read.

Speed does not depend on what the weights say, and none of this size can be shipped.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from linguapress.errors import UnknownName
from linguapress.evaluation.parity_models import portable
from linguapress.models.embedded import model_folder

_TOKENIZER = ("tokenizer.json", "tokenizer_config.json")


def _gpt2_124m() -> Any:
    """GPT-2 small: 12 layers of width 768, a vocabulary of 50,257, a window of 1,024."""
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(GPT2Config(bos_token_id=0, eos_token_id=0))


def _llama_1b() -> Any:
    """Llama 3.2 1B: 16 layers of width 2,048, a vocabulary of 128,256; bfloat16, a window of 65,536."""
    return llama(
        vocab_size=128_256, hidden_size=2048, intermediate_size=8192, num_hidden_layers=16, num_attention_heads=32,
        num_key_value_heads=8, max_position_embeddings=1 << 16,
    )  # fmt: skip


def llama(**shape: Any) -> Any:
    """A random Llama in bfloat16.

    Args:
        shape: settings of ``LlamaConfig``.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(LlamaConfig(tie_word_embeddings=True, bos_token_id=0, eos_token_id=0, **shape)).to(torch.bfloat16)


SHAPES: Mapping[str, Callable[[], Any]] = MappingProxyType({"gpt2-124m": _gpt2_124m, "llama-1b": _llama_1b})


def portable_once(model: str, work: Path) -> Path:
    """A copy of an embedded model or a folder that both versions read, in the work folder; what stands there already stays."""
    source = Path(model_folder(model))
    return once(work / source.resolve().name, lambda folder: portable(source, folder))


def random_once(shape: str, work: Path, tokenizer: Path) -> Path:
    """A random model, in the work folder; what stands there already stays.

    Args:
        shape: one of :data:`SHAPES`.
        work: where to write it.
        tokenizer: folder whose tokenizer it gets; the rows of the vocabulary beyond that are never asked for.

    Raises:
        UnknownName: no such shape.
    """
    if shape not in SHAPES:
        raise UnknownName(f"unknown shape {shape!r}; choose one of {', '.join(SHAPES)}")
    return once(work / shape, lambda folder: _random(shape, folder, tokenizer))


def _random(shape: str, folder: Path, tokenizer: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as raw:
        write_random(Path(raw), SHAPES[shape], tokenizer)
        portable(Path(raw), folder)


def write_random(folder: Path, make: Callable[[], Any], tokenizer: Path) -> None:
    """Writes the model that ``make`` draws, always the same one, and the tokenizer of another folder."""
    import torch

    from linguapress.models.weights import quietly

    with torch.random.fork_rng(devices=[]), quietly():
        torch.manual_seed(0)
        make().save_pretrained(folder)
    for name in _TOKENIZER:
        shutil.copy(tokenizer / name, folder)


def once(target: Path, make: Callable[[Path], object]) -> Path:
    """Makes a folder unless it is there; one that is only half made never is."""
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            make(Path(scratch, "model"))
            Path(scratch, "model").rename(target)
    return target
