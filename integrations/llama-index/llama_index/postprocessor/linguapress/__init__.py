"""Context compression for LlamaIndex: postprocessors, what they need at ingestion, and an LLM that reads memories."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from llama_index.postprocessor.linguapress.base import LinguaPostprocessor
from llama_index.postprocessor.linguapress.errors import CannotAnswer
from llama_index.postprocessor.linguapress.events import CompressionEvent
from llama_index.postprocessor.linguapress.preparer import LinguaPreparer

if TYPE_CHECKING:
    from llama_index.postprocessor.linguapress.llm import LinguaPressLLM
    from llama_index.postprocessor.linguapress.memories import MemoryPostprocessor, MemoryPreparer

__all__ = [
    "CannotAnswer",
    "CompressionEvent",
    "LinguaPostprocessor",
    "LinguaPreparer",
    "LinguaPressLLM",
    "MemoryPostprocessor",
    "MemoryPreparer",
]

_SOFT = {"LinguaPressLLM": "llm", "MemoryPostprocessor": "memories", "MemoryPreparer": "memories"}  # these import torch


def __getattr__(name: str) -> Any:
    if name not in _SOFT:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_SOFT[name]}"), name)
