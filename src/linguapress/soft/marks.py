"""Marks in a prompt that stand for something else than text; signed, so that nobody else can write one.

Frameworks move strings, and a memory is none. A mark is made of lower-case ASCII without blanks, which JSON, HTML, templates and
text splitters leave as it is. Whatever looks like a mark and is not signed with the secret is text, and stays it.
"""

from __future__ import annotations

import re
from base64 import b32encode
from collections.abc import Iterator
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac
from secrets import token_bytes
from typing import Literal, NamedTuple

from linguapress.errors import InvalidPrompt

Kind = Literal["memory", "token"]
_SIGNED, _TAG, _TOLD = 16, 8, 4  # characters of a signature and a tag, 5 bits each, and how many of a tag tell that it is cut off
_TAGGED = rf"[a-z2-7]{{{_TAG}}}"
_WHOLE = re.compile(rf"\[\[(memory|token):{_TAGGED}([a-z0-9]{{32}}|[0-9]{{1,31}}):[a-z2-7]{{{_SIGNED}}}{_TAGGED}\]\]")
_BEGINNING = re.compile(r"\[\[(?:memory|token):")


class Mark(NamedTuple):
    """What a mark stands for: the text or memory of an id, or a control token of a number."""

    kind: Kind
    name: str


class Marks:
    """Writes marks and finds them again.

    A tag of the secret is at either end of each mark, so that what is left of one that was cut is known for it.
    """

    def __init__(self, secret: bytes | None = None) -> None:
        """Marks signed with a secret.

        Args:
            secret: at least 16 bytes, the same in all processes that read each other's marks; None = a random one, so that only
                this object reads its marks.

        Raises:
            ValueError: a secret that is too short.
        """
        if secret is not None and len(secret) < 16:
            raise ValueError(f"a secret of {len(secret)} bytes can be guessed; give at least 16, such as secrets.token_bytes(32)")
        self._secret = token_bytes(32) if secret is None else secret
        self._tag = self._signature("here")[:_TAG]
        self._rest = re.compile(rf"{self._tag}|{_BEGINNING.pattern}{self._tag[:_TOLD]}|{self._tag[-_TOLD:]}\]\]")

    def write(self, mark: Mark) -> str:
        """The mark as text."""
        return f"[[{mark.kind}:{self._tag}{mark.name}:{self._signature(f'{mark.kind}:{mark.name}')}{self._tag}]]"

    def split(self, prompt: str) -> list[str | Mark]:
        """The texts and the marks of a prompt in order; no text is empty.

        Raises:
            InvalidPrompt: something has cut a signed mark, so that the reader would miss what it stands for; unless all that is
                left of it are at most 12 characters of its beginning, 5 of its end, or some between its tags.
        """
        parts: list[str | Mark] = []
        done = 0
        for start, end, mark in self._found(prompt):
            parts += [prompt[done:start], mark]
            done = end
        return [part for part in (*parts, prompt[done:]) if part]

    def unsigned(self, text: str) -> int:
        """How many marks seem to begin in a text that has none: forged, cut early, or signed with another secret."""
        return len(_BEGINNING.findall(text))

    def _found(self, prompt: str) -> Iterator[tuple[int, int, Mark]]:
        """Signed marks, and where they begin and end."""
        done = 0
        for match in _WHOLE.finditer(prompt):
            self._check(prompt[done : match.start()])
            done = match.end()
            mark = Mark("memory" if match[1] == "memory" else "token", match[2])
            if compare_digest(match[0], self.write(mark)):
                yield match.start(), done, mark
        self._check(prompt[done:])

    def _check(self, text: str) -> None:
        """Refuses the rest of a mark."""
        if rest := self._rest.search(text):
            raise InvalidPrompt(f"the reference ...{rest[0]!r}... was cut or changed; leave references whole")

    def _signature(self, signed: str) -> str:
        return base32(hmac(self._secret, f"linguapress/1:{signed}".encode(), sha256))[:_SIGNED]


def base32(data: bytes) -> str:
    """Bytes as lower-case letters and digits, 5 bits each."""
    return b32encode(data).decode().lower().rstrip("=")
