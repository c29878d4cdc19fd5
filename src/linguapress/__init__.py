"""Context compression for RAG: fewer tokens, the same characters, a budget that holds."""

from linguapress.budget import Budget
from linguapress.compression import Compression
from linguapress.compressor import Chain, Compressor, UnitCompressor
from linguapress.counters import TokenCounter, token_counter
from linguapress.draft import Draft, Stage
from linguapress.errors import InvalidBudget, InvalidDocuments, MissingExtra, ModelNotFound, UnknownName
from linguapress.guard import Guard
from linguapress.presets import list_methods, load
from linguapress.scores import Rating
from linguapress.select import keep_best
from linguapress.text import Passage, Span
from linguapress.units import Units

__version__ = "0.1.0"

__all__ = [
    "Budget", "Chain", "Compression", "Compressor", "Draft", "Guard", "InvalidBudget", "InvalidDocuments", "MissingExtra",
    "ModelNotFound", "Passage", "Rating", "Span", "Stage", "TokenCounter", "UnitCompressor", "Units", "UnknownName",
    "__version__", "keep_best", "list_methods", "load", "token_counter",
]  # fmt: skip
