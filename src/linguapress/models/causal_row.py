"""Where one text of a reader stands: what is in its context, and what of that is in the key-values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from linguapress.models.causal_cache import NONE, Feed, Ids
from linguapress.models.causal_windows import strides
from linguapress.scores import Floats

_NOTHING: Floats = np.zeros(0, dtype=np.float32)


class Row:
    """One text: its first ``at`` tokens are read and decided about, those up to ``end`` are being read.

    Attributes:
        tokens: of the text.
        context: head and kept tokens.
        positions: at which the tokens of the context are read.
        next: position of the next token.
        number: row of the key-values.
        slots: where the first tokens of the context stand in it; the last token is always read again, since it predicts the next.
        surprisals: of the tokens from ``at`` to ``end``.
    """

    number: int
    context: Ids
    positions: Ids
    next: int
    slots: Ids
    _seen: Ids

    def __init__(self, tokens: Ids, head: Ids, stale: bool) -> None:
        """A text of which nothing is read."""
        self.tokens, self.stale, self._head = tokens, stale, len(head)
        self.at = self.end = self._piece = 0
        self.surprisals = _NOTHING
        self._restart(head)

    def aim(self, end: int) -> None:
        """Sets up to which token to read, at most the last."""
        if end < self.at:
            raise ValueError(f"cannot read up to token {end}: the text stands at token {self.at}; ends never go back")
        self.end, self.surprisals = min(int(end), len(self.tokens)), _NOTHING
        self._piece, self._seen = 0, NONE

    def feed(self, window: int) -> Feed:
        """What is not in the key-values yet, and as much of the segment as the window takes."""
        self._make_room(window)
        piece = self.tokens[self.at : self.end][: window - len(self.context)]
        self.slots = self.slots[: len(self.context) - 1]
        self._piece, fed = len(piece), len(self.slots)
        positions = np.concatenate([self.positions[fed:], np.arange(self.next, self.next + len(piece) - 1)])
        return Feed(np.concatenate([self.context[fed:], piece[:-1]]), piece, positions, self.number, self.slots)

    def rest(self, window: int) -> list[Feed]:
        """What of the segment the window did not take, in strides."""
        head, room = self.context[: self._head], window - self._head
        body = np.concatenate([self.context[self._head :], self.tokens[self.at : self.end]])
        if self.at + self._piece == self.end:
            return []
        return [Feed.after(head, body[start:end], scored - start) for start, scored, end in strides(len(body), room) if start]

    def took(self, surprisals: Floats) -> None:
        """Notes what the model says about the segment."""
        self.surprisals = surprisals

    def forget(self) -> None:
        """The key-values are gone: the context will be read anew."""
        self._restart(self.context)

    def place(self, number: int, held: int, before: int) -> None:
        """Notes where the tokens read stand: row ``number``, behind ``before`` tokens that end at slot ``held``."""
        self.number, first = number, held - before
        self.slots = np.arange(first, first + len(self.context))
        self._seen = np.arange(first + len(self.context), first + len(self.context) + self._piece)

    def advance(self, kept: NDArray[np.bool_]) -> None:
        """Decides about the segment."""
        if len(kept) != self.end - self.at:
            raise ValueError(f"a mask of {len(kept)} for {self.end - self.at} tokens read; give one value for each")
        context = np.concatenate([self.context, self.tokens[self.at : self.end][kept]])
        if not self.stale:
            self.context, self.next = context, len(context)
            self.positions = np.arange(len(context))
        elif self._piece < len(kept):
            self._restart(context)
        else:
            self._go_on(context, kept)
        self.at, self._seen, self._piece = self.end, NONE, 0

    def _go_on(self, context: Ids, kept: NDArray[np.bool_]) -> None:
        """Keeps the key-values and positions of kept tokens as they are."""
        read = np.arange(self.next, self.next + len(kept))
        self.context, self.positions = context, np.concatenate([self.positions, read[kept]])
        self.next += len(kept)
        if len(self._seen):
            self.slots = np.concatenate([self.slots, self._seen[kept]])

    def _make_room(self, window: int) -> None:
        """Drops the oldest kept tokens where the segment does not fit behind them, and begins anew where positions run out."""
        segment, room = self.end - self.at, window - self._head
        kept = self.context[self._head :]
        if len(self.context) + segment > window:
            kept = kept[-(room // 2) :]
        if self._head + len(kept) < len(self.context) or self.next + segment > max(window, len(self.context) + segment):
            self._restart(np.concatenate([self.context[: self._head], kept]))

    def _restart(self, context: Ids) -> None:
        self.context, self.positions, self.next = context, np.arange(len(context)), len(context)
        self.number, self.slots, self._seen = 0, NONE, NONE
