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
_SIGNED, _TOLD = 16, 8  # characters of a signature, 5 bits each, and how many of them tell that it is cut off
_PAIR = re.compile(rf"(memory|token):([a-z0-9]{{1,32}}):([a-z2-7]{{{_TOLD},{_SIGNED}}})")
_OPEN, _CLOSE = "[[", "]]"
_BEGINNING = re.compile(re.escape(_OPEN) + "(?:memory|token):")


class Mark(NamedTuple):
    """What a mark stands for: the text or memory of an id, or a control token of a number."""

    kind: Kind
    name: str


class Marks:
    """Writes marks and finds them again."""

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

    def write(self, mark: Mark) -> str:
        """The mark as text."""
        return f"{_OPEN}{mark.kind}:{mark.name}:{self._signature(*mark)}{_CLOSE}"

    def split(self, prompt: str) -> list[str | Mark]:
        """The texts and the marks of a prompt in order; no text is empty.

        Raises:
            InvalidPrompt: something has cut or changed a signed mark, so that the reader would miss what it stands for.
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
        for match in _PAIR.finditer(prompt):
            kind, name, signature = match.groups()
            mark = Mark("memory" if kind == "memory" else "token", name)
            if not compare_digest(signature, self._signature(*mark)[: len(signature)]):
                continue
            start, end = match.start() - len(_OPEN), match.end() + len(_CLOSE)
            whole = len(signature) == _SIGNED and start >= 0 and prompt[start : match.start()] == _OPEN
            if not whole or prompt[match.end() : end] != _CLOSE:
                raise InvalidPrompt(f"the reference {match.group()[:20]!r}... was cut or changed; leave references whole")
            yield start, end, mark

    def _signature(self, kind: Kind, name: str) -> str:
        signed = hmac(self._secret, f"linguapress/1:{kind}:{name}".encode(), sha256)
        return base32(signed)[:_SIGNED]


def base32(data: bytes) -> str:
    """Bytes as lower-case letters and digits, 5 bits each."""
    return b32encode(data).decode().lower().rstrip("=")
