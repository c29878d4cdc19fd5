"""500xCompressor (arXiv 2408.03094): the key-values of memory tokens, in every layer, stand for a text.

We depart from it: memory positions are spread over the text (arXiv 2409.14364), memory tokens begin as the tokens of the text there
(arXiv 2510.08907), all linear layers are adapted, padding is masked, and the model goes on behind the text instead of at k.
``preset="paper"`` takes all of these back but the mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor

from linguapress.soft.compressor import SoftCompressor
from linguapress.soft.encoder import Encoded
from linguapress.soft.memory import Layers, Memory, Source
from linguapress.soft.places import Places


class XCompressor(SoftCompressor):
    """500xCompressor: from a text to key-values of k memory tokens."""

    method: ClassVar[str] = "500x"
    defaults: ClassVar[dict[str, Any]] = {"anchored": True}

    def _tensors(self, states: Tensor, layers: Layers) -> Sequence[Tensor]:
        return [tensor for pair in layers for tensor in pair]

    def _memory(self, encoded: Encoded, places: Places, tokens: int) -> Memory:
        keys_carry = places if self.lm.placed else Places((), len(encoded.states))
        return Memory(encoded.layers, None, *keys_carry, Source("", tokens), self._maker())
