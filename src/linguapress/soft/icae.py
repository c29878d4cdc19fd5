"""ICAE (arXiv 2307.06945): the last states of memory tokens stand for a text, and are read as input embeddings.

The decoder is asked for the text by a learned embedding behind the memory (section 2.2 of the paper). Long texts are read in parts,
each for itself (version 2 of the published method).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor

from linguapress.errors import UnsupportedModel
from linguapress.soft.compressor import SoftCompressor
from linguapress.soft.encoder import Encoded
from linguapress.soft.memory import Layers, Memory, Source
from linguapress.soft.places import Places


class Icae(SoftCompressor):
    """ICAE: from a text to embeddings of k memory tokens."""

    method: ClassVar[str] = "icae"
    defaults: ClassVar[dict[str, Any]] = {"positions": "continue"}  # spread positions made it collapse in our pilot
    places_parts: ClassVar[bool] = False

    def _tensors(self, states: Tensor, layers: Layers) -> Sequence[Tensor]:
        if states.shape[-1] != self.lm.width:
            raise UnsupportedModel(
                f"states of {self.lm.name!r} are no input embeddings: their width is another; use 500xCompressor"
            )
        return [states]

    def _memory(self, encoded: Encoded, places: Places, tokens: int) -> Memory:
        return Memory((), encoded.states, (), len(encoded.states), Source("", tokens), self._maker())

    def _needs_trigger(self) -> bool:
        return True
