"""The text of tokens that come one by one."""

from __future__ import annotations

from collections.abc import Iterable

from linguapress.soft.language_model import FrozenLM


class Decoding:
    """Tells the text of each token as soon as it is certain; a few tokens before it are decoded with it, not all."""

    def __init__(self, lm: FrozenLM) -> None:
        """Nothing yet, of the tokens of ``lm``."""
        self._lm = lm
        self._told: list[int] = []  # the last ones that have been told
        self._open: list[int] = []

    def add(self, token: int) -> str:
        """The text that is certain now, and was not before: nothing within a character whose tokens are not all there."""
        self._open.append(token)
        text = self._text()
        if not text or text.endswith("\ufffd"):
            return ""
        self._told, self._open = self._open, []
        return text

    def rest(self) -> str:
        """The text of what was held back, now that nothing more comes."""
        return self._text()

    def _text(self) -> str:
        """The text of open tokens, behind those before them; alone where both would make one broken character."""
        before, both = self._lm.text(self._told), self._lm.text([*self._told, *self._open])
        return both[len(before) :] if both.startswith(before) else self._lm.text(self._open)


def decoded(lm: FrozenLM, ids: Iterable[int]) -> str:
    """The text of :class:`Decoding` for all tokens of an answer."""
    decoding = Decoding(lm)
    return "".join([*map(decoding.add, ids), decoding.rest()])
