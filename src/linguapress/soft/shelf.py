"""Memories of a collection of texts: made once, at ingestion, and found again whenever one of the texts is in a prompt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NoReturn

from linguapress.errors import InvalidMemory, WrongModel
from linguapress.soft.byte_store import ByteStore
from linguapress.soft.compressor import SoftCompressor
from linguapress.soft.marks import base32
from linguapress.soft.memory import Maker, Memory
from linguapress.soft.text_shelf import TextShelf, bodies_of, id_of_sha, name_of, text_id

_SHA = re.compile("[0-9a-f]{64}")
_BATCHES = 16  # compressed before they are written: what an interruption can cost


class MemoryShelf(TextShelf):
    """Keeps texts and their memories in a byte store; safe to share between threads, and the store between processes.

    A memory is kept under a key of text, model, tokenizer, adapter and k, so that another model or adapter finds none. One that is
    damaged, or is not of this very text and model, is as good as none: it is made anew at ingestion, and its text is read instead
    at query time.

    Attributes:
        press: makes memories; its model reads them.
        maker: fingerprints of both, when the shelf was made.
        k: memory tokens for a text, or for each part of a long one.
    """

    def __init__(self, press: SoftCompressor, store: ByteStore, secret: bytes | None = None, k: int | None = None) -> None:
        """A shelf of memories of one compressor; see :class:`TextShelf` for store and secret.

        Args:
            press: makes the memories.
            store: keeps them.
            secret: signs references.
            k: the first so many memory tokens alone, for a compressor that was trained with several numbers; None = all.

        Raises:
            TypeError: a store without ``mget`` and ``mset``.
            ValueError: a secret that is too short, or more memory tokens than there are.
        """
        if k is not None and not 1 <= k <= press.settings.k:
            raise ValueError(f"k is {k}; this compressor has 1 to {press.settings.k} memory tokens")
        super().__init__(store, secret)
        self.press, self.k = press, k or press.settings.k
        self.maker = Maker(press.lm.fingerprint, press.lm.tokenizer_fingerprint, press.fingerprint)

    def __repr__(self) -> str:
        """Where it keeps things and for whom, the same in every process; never its secret."""
        return f"MemoryShelf({name_of(self.store)}, {self.maker}, k={self.k})"

    def __copy__(self) -> MemoryShelf:
        """The shelf itself, since nobody needs its model twice."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> MemoryShelf:
        """The shelf itself."""
        return self

    def __reduce__(self) -> NoReturn:
        """Refuses to be pickled.

        Raises:
            TypeError: always.
        """
        raise TypeError("a MemoryShelf stays in its process, with its model; make one in each, on one store and with one secret")

    def keep(self, texts: Sequence[str], batch_size: int = 8) -> list[str | None]:
        """Compresses the texts of which the store has no memory, and keeps texts and memories.

        Args:
            texts: of any length, without the blanks around them; what is written is kept if the call is interrupted.
            batch_size: texts, or parts of long ones, read at once.

        Returns:
            The key of the memory of each text; None for a blank one.

        Raises:
            InvalidDocuments: texts that are not a sequence of strings.
            UnsupportedModel: a text behind the last position that the model knows.
            WrongModel: the compressor has been trained on since the shelf was made.
        """
        bodies = list(bodies_of(texts).values())
        for at in range(0, len(bodies), step := max(1, batch_size) * _BATCHES):
            self._keep_some(bodies[at : at + step], batch_size)
        return [self.key(text_id(body)) if (body := text.strip()) else None for text in texts]

    def memories(self, ids: Sequence[str]) -> list[Memory | None]:
        """Memories of the texts of ids; None where there is no whole one that was made of this text by this compressor."""
        found = self.store.mget([self.key(name) for name in ids])
        return [self._memory(name, data) for name, data in zip(ids, found, strict=True)]

    def key(self, name: str) -> str:
        """What the memory of the text of an id is kept under."""
        facts = (name, self.maker.model, self.maker.tokenizer, self.maker.adapter, str(self.k))
        return f"memory-{base32(blake2b('|'.join(facts).encode(), digest_size=20).digest())}"

    def _keep_some(self, bodies: Sequence[str], batch_size: int) -> None:
        named = bodies_of(bodies)
        self._keep_texts(named)
        lost = [name for name, memory in zip(named, self.memories(list(named)), strict=True) if memory is None]
        made = self.press.compress([named[name] for name in lost], batch_size, self.k) if lost else []
        if any(memory.maker != self.maker for memory in made):
            raise WrongModel(f"the compressor is no longer {self.maker.adapter}, that of the shelf; make a new shelf with it")
        if made:
            self.store.mset([(self.key(name), memory.to_bytes()) for name, memory in zip(lost, made, strict=True)])

    def _memory(self, name: str, data: bytes | None) -> Memory | None:
        try:
            memory = None if data is None else Memory.from_bytes(data)
        except InvalidMemory:
            return None
        return memory if memory is not None and self._fits(memory, name) else None

    def _fits(self, memory: Memory, name: str) -> bool:
        """Whether a memory is this compressor's, and stands for the text of an id."""
        same = memory.maker == self.maker and memory.k == self.k * memory.source.parts
        sha = str(memory.source.sha256)
        return same and bool(_SHA.fullmatch(sha)) and id_of_sha(sha) == name
