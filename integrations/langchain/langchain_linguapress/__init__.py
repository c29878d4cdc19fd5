"""Retrieved documents cut to a token budget, for LangChain."""

from langchain_linguapress.compressor import LinguaCompressor
from langchain_linguapress.documents import format_docs
from langchain_linguapress.preparer import LinguaPreparer
from langchain_linguapress.retriever import CompressionRetriever

__all__ = ["CompressionRetriever", "LinguaCompressor", "LinguaPreparer", "format_docs"]
