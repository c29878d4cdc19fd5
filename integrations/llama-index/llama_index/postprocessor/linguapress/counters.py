"""Token counters: LlamaIndex's global tokenizer, or whatever linguapress takes."""

from __future__ import annotations

from threading import Lock
from typing import Any

from llama_index.core.utils import get_tokenizer

from linguapress import TokenCounter, token_counter

_LOCK = Lock()  # the framework sets an environment variable while it loads its tokenizer


def counter_of(named: Any) -> TokenCounter:
    """The counter that ``named`` stands for; None = the tokenizer that LlamaIndex uses at this moment."""
    if named is not None:
        return token_counter(named)
    with _LOCK:
        tokenizer = get_tokenizer()
    return lambda text: len(tokenizer(text))
