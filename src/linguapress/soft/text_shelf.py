"""Texts kept in a byte store, and references that stand for them in a prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from linguapress.errors import InvalidDocuments
from linguapress.segment import encodable
from linguapress.soft.byte_store import ByteStore
from linguapress.soft.marks import Mark, Marks, base32

_ID = 32  # characters, 5 bits each
_FLEETING = re.compile(r" at 0x[0-9a-fA-F]+|\bb['\"]")  # an address in memory, or bytes that are kept


class TextShelf:
    """Swaps texts for references, for readers that hold a :class:`~linguapress.soft.MemoryShelf` of the same store and secret.

    A reference stands for a text, not for a memory of one model: who reads it takes the memory of its own model, or else the text.
    Needs no model.

    Attributes:
        store: keeps every text that a reference was handed out for, so that any process finds it, also after a restart.
        marks: the references, signed.
    """

    def __init__(self, store: ByteStore, secret: bytes | None = None) -> None:
        """A shelf on a store.

        Args:
            store: of bytes; a :class:`~linguapress.soft.FolderStore`, or any ``BaseStore[str, bytes]`` of LangChain.
            secret: at least 16 bytes, the same for all who swap and read; None = random, for one shelf that does both.

        Raises:
            TypeError: a store without ``mget`` and ``mset``.
            ValueError: a secret that is too short.
        """
        if not isinstance(store, ByteStore):
            raise TypeError(f"a {type(store).__name__} keeps no bytes; give a FolderStore, or a BaseStore[str, bytes] of LangChain")
        self.store, self.marks = store, Marks(secret)

    def __repr__(self) -> str:
        """Where it keeps things, the same in every process; never its secret."""
        return f"{type(self).__name__}({name_of(self.store)})"

    def refer(self, texts: Sequence[str]) -> list[str]:
        """The texts with a reference in place of each; blanks around a text stay around it, since prompts may trim them.

        Args:
            texts: kept in the store, if they are not there yet. A blank one stays as it is.

        Raises:
            InvalidDocuments: texts that are not a sequence of strings.
        """
        self._keep_texts(bodies_of(texts))
        bodies = [text.strip() for text in texts]
        swapped = (self.marks.write(Mark("memory", text_id(body))) if body else "" for body in bodies)
        return [_framed(text, body, mark) for text, body, mark in zip(texts, bodies, swapped, strict=True)]

    def refers(self, text: str) -> bool:
        """Whether a text is one reference of this shelf, and nothing else."""
        parts = self.marks.split(text.strip())
        return len(parts) == 1 and isinstance(parts[0], Mark) and parts[0].kind == "memory"

    def texts(self, ids: Sequence[str]) -> list[str | None]:
        """The texts of ids, None where the store has lost or damaged one."""
        return [_text(name, data) for name, data in zip(ids, self.store.mget([_text_key(name) for name in ids]), strict=True)]

    def _keep_texts(self, bodies: Mapping[str, str]) -> None:
        ids = list(bodies)
        lost = [name for name, text in zip(ids, self.texts(ids), strict=True) if text is None] if ids else []
        if lost:
            self.store.mset([(_text_key(name), encodable(bodies[name]).encode()) for name in lost])


def name_of(store: ByteStore) -> str:
    """Its type and a checksum of what it says of itself, which may hold a password; its type alone where that does not last."""
    told, kind = repr(store), type(store).__name__
    return kind if _FLEETING.search(told) else f"{kind} {sha256(encodable(told).encode()).hexdigest()[:8]}"


def text_id(text: str) -> str:
    """What names a text, and shows that it is the very same: 160 bits of its SHA-256."""
    return _short(sha256(encodable(text).encode()).digest())


def id_of_sha(sha: str) -> str:
    """:func:`text_id` of the text with a SHA-256, hexadecimal."""
    return _short(bytes.fromhex(sha))


def bodies_of(texts: Sequence[str]) -> dict[str, str]:
    """Texts without the blanks around them, by id; blank ones left out, equal ones once.

    Raises:
        InvalidDocuments: texts that are not a sequence of strings.
    """
    if isinstance(texts, str | Iterator) or not all(isinstance(text, str) for text in texts):
        raise InvalidDocuments(f"texts are a list of strings, not {texts!r:.40}; put a single text in a list")
    return {text_id(body): body for text in texts if (body := text.strip())}


def _short(digest: bytes) -> str:
    return base32(digest)[:_ID]


def _text_key(name: str) -> str:
    return f"text-{name}"


def _text(name: str, data: bytes | None) -> str | None:
    """The text of bytes, None if they are another's."""
    text = None if data is None else data.decode("utf-8", "replace")
    return text if text is not None and text_id(text) == name else None


def _framed(text: str, body: str, mark: str) -> str:
    start = len(text) - len(text.lstrip())
    return text[:start] + mark + text[start + len(body) :]
