"""Relevance from the name of a model."""

from __future__ import annotations

from linguapress.models.blend import LEAST, BlendedRelevance
from linguapress.models.embedded import EMBEDDED
from linguapress.models.embeddings import EmbeddingRelevance
from linguapress.models.lexical import LexicalRelevance
from linguapress.models.runtimes import checked_runtime, is_export
from linguapress.models.sentence_transformer import CrossEncoderRelevance, SentenceTransformerRelevance
from linguapress.scores import Relevance


def relevance_of(model: str = EMBEDDED, device: str = "auto", runtime: str = "auto", least: int = LEAST) -> Relevance:
    """What rates passages and sentences.

    Args:
        model: ``"mini"`` (embedded, blended with letters), ``"lexical"`` (letters alone), ``"cross-encoder:NAME"``, or the folder
            or hub name of a sentence-transformers embedding model (blended with letters).
        device: ``"auto"`` or a torch device.
        runtime: what runs the model, see :func:`~linguapress.models.runtimes.graph_of`. On ONNX Runtime, embeddings are means.
        least: passages, or sections of long ones, that ``"mini"`` embeds at least; of more, letters choose.
    """
    checked_runtime(runtime, model)
    if model == "lexical":
        return LexicalRelevance()
    if model.startswith("cross-encoder:"):
        return CrossEncoderRelevance(model.removeprefix("cross-encoder:"), device)
    if model == EMBEDDED:
        return BlendedRelevance(EmbeddingRelevance(model, device, runtime), least=least)
    if runtime.startswith("onnx") or is_export(model):  # it may match languages whose letters differ, so it reads everything
        return BlendedRelevance(EmbeddingRelevance(model, device, runtime), share=1.0)
    return BlendedRelevance(SentenceTransformerRelevance(model, device))
