"""Retrieved documents cut to a token budget, or read from memories, for LangChain."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from langchain_linguapress.compressor import LinguaCompressor
from langchain_linguapress.documents import format_docs
from langchain_linguapress.preparer import LinguaPreparer
from langchain_linguapress.retriever import CompressionRetriever

if TYPE_CHECKING:
    from langchain_linguapress.chat import ChatLinguaPress
    from langchain_linguapress.memories import MemoryCompressor, MemoryPreparer

__all__ = [
    "ChatLinguaPress",
    "CompressionRetriever",
    "LinguaCompressor",
    "LinguaPreparer",
    "MemoryCompressor",
    "MemoryPreparer",
    "format_docs",
]

_SOFT = {"ChatLinguaPress": "chat", "MemoryCompressor": "memories", "MemoryPreparer": "memories"}  # these import torch


def __getattr__(name: str) -> Any:
    if name not in _SOFT:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_SOFT[name]}"), name)
