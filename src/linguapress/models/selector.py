"""A selector from the name of a model."""

from __future__ import annotations

from dataclasses import replace

from linguapress.models.blend import LEAST
from linguapress.models.embedded import EMBEDDED, SELECTOR
from linguapress.models.pair_relevance import PairRelevance
from linguapress.models.relevance import relevance_of
from linguapress.models.runtimes import checked_runtime
from linguapress.models.selected import SelectedRelevance, Selector
from linguapress.models.sentence_transformer import CrossEncoderRelevance, CrossEncoderSelector


def selector_of(
    model: str = SELECTOR, first: str = EMBEDDED, device: str = "auto", most: int = 40, runtime: str = "auto"
) -> SelectedRelevance:
    """What rates passages and sentences by reading them together with the question.

    Args:
        model: ``"select"`` (embedded), a folder that ``linguapress train select`` has written, ``"cross-encoder:NAME"`` (any
            sentence-transformers ``CrossEncoder`` with one output), or ``"open-provence:NAME"`` (a checkpoint of OpenProvence;
            naming it runs the code that comes with it).
        first: what takes the first look; see :func:`~linguapress.models.relevance.relevance_of`.
        device: ``"auto"`` or a torch device.
        most: passages, or sections of long ones, that are read together with the question, the most promising ones.
        runtime: what runs both, see :func:`~linguapress.models.runtimes.graph_of`.
    """
    checked_runtime(runtime, model)
    if most < 1:
        raise ValueError(f"most is a number of passages or sections, 1 or more, got {most!r}")
    prefix, _, name = model.partition(":")
    selector: Selector = PairRelevance(model, device, runtime)
    if prefix == "cross-encoder":
        selector = CrossEncoderSelector(CrossEncoderRelevance(name, device))
    found = SelectedRelevance(selector, relevance_of(first, device, runtime, max(most, LEAST)), most)  # what is read is embedded
    if prefix in ("cross-encoder", "open-provence"):  # sure of other probabilities, and without logits of an answer
        return replace(found, sure=0.0, evidence_weight=0.0, answer_weight=0.0)
    return found
