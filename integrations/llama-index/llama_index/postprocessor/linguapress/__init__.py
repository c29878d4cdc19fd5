"""Context compression as a LlamaIndex node postprocessor, and records for it at ingestion."""

from llama_index.postprocessor.linguapress.base import LinguaPostprocessor
from llama_index.postprocessor.linguapress.events import CompressionEvent
from llama_index.postprocessor.linguapress.preparer import LinguaPreparer

__all__ = ["CompressionEvent", "LinguaPostprocessor", "LinguaPreparer"]
