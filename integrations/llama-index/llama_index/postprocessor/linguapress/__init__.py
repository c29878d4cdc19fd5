"""Context compression as a LlamaIndex node postprocessor."""

from llama_index.postprocessor.linguapress.base import LinguaPostprocessor
from llama_index.postprocessor.linguapress.events import CompressionEvent

__all__ = ["CompressionEvent", "LinguaPostprocessor"]
