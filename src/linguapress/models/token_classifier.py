"""Keep probabilities from any Hugging Face token classifier (LLMLingua-2, arXiv 2403.12968)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from linguapress.models.embedded import EMBEDDED
from linguapress.models.encoder import Encoder, shared_encoder
from linguapress.models.runtimes import checked_runtime
from linguapress.notes import KeepNote, Notes
from linguapress.scores import TokenScores
from linguapress.text import Passage, Span
from linguapress.units import Units


@dataclass(frozen=True)
class TokenClassifier:
    """p(keep) of every token, read in its full context.

    Attributes:
        model: ``"mini"``, or folder or hub name of an ``AutoModelForTokenClassification`` with a fast tokenizer.
        device: ``"auto"`` or a torch device.
        keep_label: name or number of the label that means keep; None = found in ``id2label``.
        runtime: what runs the model, see :func:`~linguapress.models.runtimes.graph_of`.
    """

    model: str = EMBEDDED
    device: str = "auto"
    keep_label: str | int | None = None
    runtime: str = "auto"

    def __post_init__(self) -> None:
        """Raises: UnknownName: there is no such runtime, or it cannot run the model."""
        checked_runtime(self.runtime, self.model)

    @property
    def encoder(self) -> Encoder:
        """The encoder, shared by all who name the same model."""
        return shared_encoder(self.model, self.device, self.keep_label, self.runtime)

    def keep_probabilities(self, texts: Sequence[str], parts: Sequence[Sequence[Span]] | None = None) -> list[TokenScores]:
        """p(keep), 0..1, of the tokens of each text; see :meth:`~linguapress.models.encoder.Encoder.keep_probabilities`."""
        return self.encoder.keep_probabilities(texts, parts)

    def fingerprints(self) -> frozenset[bytes]:
        """The one of its encoder."""
        return frozenset({self.encoder.fingerprint})

    def notes(self, passages: Sequence[Passage], units: Sequence[Units]) -> list[Notes]:
        """The keep probabilities, to be kept with the text."""
        found = self.keep_probabilities([passage.source for passage in passages])
        return [(KeepNote.of(self.encoder.fingerprint, scores),) for scores in found]
