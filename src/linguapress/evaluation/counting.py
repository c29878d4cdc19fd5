"""Whose tokens are counted, beside those of the budget."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from linguapress.counters import TokenCounter, token_counter

GPT2 = "gpt2"


def counters(names: Sequence[str], data: Path) -> dict[str, TokenCounter]:
    """Counters by name; ``gpt2`` is built from the vocabulary in the data folder, others as :func:`token_counter` says.

    Raises:
        UnknownName: a tokenizer that cannot be loaded.
        MissingExtra: one of tiktoken, which is not installed.
    """
    folder = data / "tokenizers"
    built = {GPT2: _gpt2(str(folder))} if GPT2 in names and folder.exists() else {}
    return {name: token_counter(built.get(name, name)) for name in names}


@lru_cache(maxsize=1)
def _gpt2(folder: str) -> Any:
    from tokenizers import ByteLevelBPETokenizer

    made: Any = ByteLevelBPETokenizer.from_file(f"{folder}/gpt2_encoder.json", f"{folder}/gpt2_vocab.bpe")
    return made._tokenizer
