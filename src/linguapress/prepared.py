"""Score once, select per query: what models make of a document whatever the query, in a few bytes that travel with the document."""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from linguapress.errors import InvalidRecord
from linguapress.notes import KeepNote, Note, Notes, UnitNote
from linguapress.packing import packed, unpacked
from linguapress.units import Units

VERSION = 2
_DIGEST = 8  # bytes
_HEAD = struct.Struct(f"<2sBI{_DIGEST}sB")  # mark, version, checksum of what follows it, digest of the text, number of notes
_CHECKED = 7  # where what the checksum covers begins
_MARK = b"LP"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What models make of one document: keep probabilities of its tokens, mean states of its sentences.

    It holds nothing of the document's text, and fits that text and those models only. About 2 bytes a word, 390 a sentence.

    Attributes:
        data: the record as bytes; equal bytes, equal records.
        notes: what it says; empty in a record of another version of this package.

    Raises:
        InvalidRecord: the bytes are no record, or not a whole one.
    """

    data: bytes = field(repr=False)
    notes: Notes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Reads the bytes."""
        if not isinstance(self.data, bytes) or self.data[:2] != _MARK or len(self.data) < _HEAD.size:
            raise InvalidRecord(f"{self.data[:12]!r}... is no prepared record; make one with press.prepare(documents)")
        object.__setattr__(self, "notes", self._read() if self.version == VERSION else ())

    def _read(self) -> Notes:
        if zlib.crc32(self.data[_CHECKED:]) != _HEAD.unpack_from(self.data)[2]:
            raise InvalidRecord(f"a prepared record of {self.nbytes} bytes is damaged; prepare its document again")
        try:
            return unpacked(self.data[_HEAD.size :], self.data[_HEAD.size - 1])
        except (ValueError, struct.error, zlib.error) as error:
            raise InvalidRecord(
                f"a prepared record of {self.nbytes} bytes makes no sense: {error}; prepare its document again"
            ) from error

    @classmethod
    def of(cls, text: str, notes: Sequence[Note]) -> Prepared:
        """The record of a text; the same note is kept only once."""
        rows = list(dict.fromkeys(packed(note) for note in notes))
        body = _digest(text) + bytes([len(rows)]) + b"".join(rows)
        return cls(_MARK + struct.pack("<BI", VERSION, zlib.crc32(body)) + body)

    @classmethod
    def from_bytes(cls, data: bytes) -> Prepared:
        """The record that :meth:`to_bytes` gave.

        Raises:
            InvalidRecord: the bytes are no record, or not a whole one.
        """
        return cls(bytes(data))

    @classmethod
    def from_text(cls, text: str) -> Prepared:
        """The record that :meth:`to_text` gave.

        Raises:
            InvalidRecord: the string is no record, or not a whole one.
        """
        try:
            return cls(base64.b64decode(text, validate=True))
        except (binascii.Error, TypeError, ValueError) as error:
            if isinstance(error, InvalidRecord):
                raise
            raise InvalidRecord(f"{str(text)[:12]!r}... is no prepared record in base64; prepare its document again") from error

    def to_bytes(self) -> bytes:
        """The record for a file or a binary column."""
        return self.data

    def to_text(self) -> str:
        """The record as ASCII (base64), for metadata that must be JSON."""
        return base64.b64encode(self.data).decode("ascii")

    @property
    def nbytes(self) -> int:
        """Bytes of the record."""
        return len(self.data)

    @property
    def version(self) -> int:
        """Version of the format."""
        return self.data[2]

    @property
    def models(self) -> frozenset[bytes]:
        """Fingerprints of the models that wrote it."""
        return frozenset(note.model for note in self.notes)

    def fits(self, text: str) -> bool:
        """Whether it was made of this text."""
        return self.data[_CHECKED : _CHECKED + _DIGEST] == _digest(text)

    def keep_note(self, models: frozenset[bytes]) -> KeepNote | None:
        """Keep probabilities by one of the models."""
        return next((note for note in self.notes if isinstance(note, KeepNote) and note.model in models), None)

    def unit_note(self, model: bytes, units: Units) -> UnitNote | None:
        """A model's note on these very units."""
        unit_notes = (note for note in self.notes if isinstance(note, UnitNote) and note.model == model)
        return next((note for note in unit_notes if note.covers(units)), None)


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST).digest()
