"""Keep probabilities from any Hugging Face token classifier (LLMLingua-2, arXiv 2403.12968)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from linguapress.errors import ModelNotFound
from linguapress.models.embedded import EMBEDDED
from linguapress.models.encoder import Encoder, shared_encoder
from linguapress.scores import TokenScores


@dataclass(frozen=True)
class TokenClassifier:
    """p(keep) of every token, read in its full context.

    Attributes:
        model: ``"mini"``, or folder or hub name of an ``AutoModelForTokenClassification`` with a fast tokenizer.
        device: ``"auto"`` or a torch device.
        keep_label: name or number of the label that means keep; None = found in ``id2label``.
    """

    model: str = EMBEDDED
    device: str = "auto"
    keep_label: str | int | None = None

    @property
    def encoder(self) -> Encoder:
        """The encoder, shared by all who name the same model."""
        return shared_encoder(self.model, self.device, self.keep_label)

    def keep_probabilities(self, texts: Sequence[str]) -> list[TokenScores]:
        """p(keep), 0..1, of the tokens of each text."""
        readings = self.encoder.read(texts)
        if self.encoder.loaded.keep is None:
            raise ModelNotFound(f"{self.model!r} is no token classifier; give a model with a keep label")
        return [TokenScores(reading.offsets, reading.keep) for reading in readings]
