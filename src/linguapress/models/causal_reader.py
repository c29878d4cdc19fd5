"""Texts read side by side, each given what was kept of it so far (LLMLingua, Algorithm 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from linguapress.models.causal_cache import KeyValues
from linguapress.models.causal_row import Row
from linguapress.scores import Floats, Offsets

if TYPE_CHECKING:
    from linguapress.models.causal_cache import Ids
    from linguapress.models.causal_weights import CausalWeights

_TOKENS = 128  # of a text in one pass, about: kept ones and a segment
_UNEVEN = 2  # texts in one pass of a CPU where prefixes differ in length: masks and padding cost it more than company saves


class CausalReader:
    """Reads the next segment of every text given its prefix and what was kept of the segments before.

    Kept tokens form one sequence with contiguous positions: their key-values are computed anew, together with the next segment,
    without what was dropped between them (section 4.2 and the L/R term of equation 9). With ``stale`` the key-values stay as
    they were computed while reading, with the positions that the tokens had then; only the last kept token is read again.

    Where context and segment are longer than the window, the oldest kept tokens are dropped for good, down to half of what the
    window holds beside the prefix, and the rest is read anew; a segment that does not fit even so is read in strides.

    One thread at a time may use a reader.
    """

    def __init__(
        self,
        model: CausalWeights,
        texts: Sequence[Ids],
        offsets: Sequence[Offsets],
        heads: Sequence[Ids],
        batch_tokens: int,
        stale: bool,
    ) -> None:
        """A reader at the beginning of all texts.

        Args:
            model: what reads.
            texts: tokens of each text.
            offsets: their characters.
            heads: what stands before each text, the starting token among it.
            batch_tokens: texts are read in groups of this number / 128; on a CPU in pairs where prefixes differ in length.
            stale: reuse key-values; see the class.
        """
        self._offsets = list(offsets)
        self._rows = [Row(tokens, head, stale and model.caches) for tokens, head in zip(texts, heads, strict=True)]
        order = sorted(self._rows, key=lambda row: len(row.tokens))
        size = max(1, batch_tokens // _TOKENS)
        if model.device.type == "cpu" and len({len(head) for head in heads}) > 1:
            size = min(size, _UNEVEN)
        self._groups = [_Group(model, order[at : at + size]) for at in range(0, len(order), size)]

    @property
    def offsets(self) -> list[Offsets]:
        """Characters of the tokens of each text, shape [tokens, 2] each."""
        return self._offsets

    def read(self, ends: Sequence[int]) -> list[Floats]:
        """Surprisals of the tokens of each text from where it stands up to token number ``ends[i]``, shape [tokens read] each.

        What has no tokens left, or an end where it stands, costs nothing. Reading again before :meth:`advance` reads the same.

        Raises:
            BrokenModel: the model answers with NaN.
            ValueError: ends are not one for each text, or one lies before where the text stands.
        """
        for row, end in zip(self._rows, ends, strict=True):
            row.aim(end)
        for group in self._groups:
            group.read()
        return [row.surprisals for row in self._rows]

    def advance(self, kept: Sequence[NDArray[np.bool_]]) -> None:
        """Moves past what was read; of that, the marked tokens stay in the context. One mask a text, shape [tokens read].

        Raises:
            ValueError: masks are not one for each text, or one has not the shape of what was read.
        """
        for row, mask in zip(self._rows, kept, strict=True):
            row.advance(np.asarray(mask, dtype=bool))


class _Group:
    """Rows that are read in one forward pass, and their key-values."""

    def __init__(self, model: CausalWeights, rows: Sequence[Row]) -> None:
        self.model, self.rows = model, rows
        self.past: KeyValues | None = None

    def read(self) -> None:
        """Reads what each row aims at; rows that stand still lose their key-values, which come back when they read on."""
        active = [row for row in self.rows if row.end > row.at]
        if self.past is None and active and self.model.caches:
            self._share(active)
        feeds = [row.feed(self.model.window) for row in active]
        if not active:
            return
        keep = self.model.caches and any(row.end < len(row.tokens) for row in active)
        found, self.past = self.model.forward(feeds, self.past, keep=keep)
        held = max(len(feed.slots) for feed in feeds)
        for row in self.rows:
            if row not in active or not keep:
                row.forget()
        for number, (row, values) in enumerate(zip(active, found, strict=True)):
            rest = self.model.score(row.rest(self.model.window))
            row.took(np.concatenate([values, *rest]))
            if keep:
                row.place(number, held, len(feeds[number].slots))

    def _share(self, rows: Sequence[Row]) -> None:
        """Reads heads that several rows have in common once."""
        counts = Counter(row.context.tobytes() for row in rows if len(row.context) > 1)
        heads = {row.context.tobytes(): row.context for row in rows if counts[row.context.tobytes()] > 1}
        if heads:
            self.past = self.model.remember(list(heads.values()))
            numbers = {head: number for number, head in enumerate(heads)}
            for row in rows:
                if row.context.tobytes() in numbers:
                    row.number, row.slots = numbers[row.context.tobytes()], np.arange(len(row.context) - 1)
