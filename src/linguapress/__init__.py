"""Context compression for RAG: fewer tokens, the same characters, a budget that holds."""

from linguapress.budget import Budget
from linguapress.chain import Chain
from linguapress.compression import Compression
from linguapress.compressor import Compressor, UnitCompressor
from linguapress.counters import TokenCounter, token_counter
from linguapress.draft import Draft, Stage
from linguapress.errors import BrokenModel, InvalidBudget, InvalidDocuments, InvalidRecord, MissingExtra, ModelNotFound, UnknownName
from linguapress.guard import Guard
from linguapress.methods.json_keys import KeyRule, compress_json
from linguapress.methods.prompts import Prompt, PromptCompression, compress_prompt, compress_prompts
from linguapress.methods.segmented import Segmented, compress_segments
from linguapress.prepared import Prepared
from linguapress.presets import list_methods, load
from linguapress.recovery import Quote, quotes, recover
from linguapress.scores import Rating
from linguapress.segments import Segment, Tagged, parse_tags
from linguapress.select import keep_best
from linguapress.text import Passage, Span
from linguapress.units import Units
from linguapress.word_labels import word_labels

__version__ = "0.1.0"

__all__ = [
    "BrokenModel", "Budget", "Chain", "Compression", "Compressor", "Draft", "Guard", "InvalidBudget", "InvalidDocuments",
    "InvalidRecord", "KeyRule", "MissingExtra", "ModelNotFound", "Passage", "Prepared", "Prompt", "PromptCompression", "Quote",
    "Rating", "Segment", "Segmented", "Span", "Stage", "Tagged", "TokenCounter", "UnitCompressor", "Units", "UnknownName",
    "__version__", "compress_json", "compress_prompt", "compress_prompts", "compress_segments", "keep_best", "list_methods",
    "load", "parse_tags", "quotes", "recover", "token_counter", "word_labels",
]  # fmt: skip
