"""Notes as bytes and back; numbers are little-endian, so that a record made on one machine is read on any other."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from linguapress.notes import KeepNote, Note, Notes, UnitNote

FINGERPRINT = 8  # bytes
_KEEP, _UNITS = 1, 2
_FRAME = struct.Struct(f"<BI{FINGERPRINT}s")  # kind, bytes that follow, model
_KEEP_HEAD = struct.Struct("<I")  # tokens
_UNITS_HEAD = struct.Struct("<fIH")  # legibility, units, width
_KINDS = ("<u1", "<u2", "<u4")
_RAW = -15  # deflate without zlib's own header and checksum


def packed(note: Note) -> bytes:
    """A note as bytes."""
    body = _keep_bytes(note) if isinstance(note, KeepNote) else _unit_bytes(note)
    return _FRAME.pack(_KEEP if isinstance(note, KeepNote) else _UNITS, len(body), note.model) + body


def unpacked(data: bytes, count: int) -> Notes:
    """The notes that ``data`` is made of.

    Raises:
        ValueError, struct.error, zlib.error: it is made of something else.
    """
    notes: list[Note] = []
    for _ in range(count):
        kind, size, model = _FRAME.unpack_from(data)
        body, data = data[_FRAME.size : _FRAME.size + size], data[_FRAME.size + size :]
        if len(body) != size or kind not in (_KEEP, _UNITS):
            raise ValueError(f"a note of kind {kind} and {size} bytes")
        notes.append(_keep_note(model, body) if kind == _KEEP else _unit_note(model, body))
    if data:
        raise ValueError(f"{len(data)} bytes too many")
    return tuple(notes)


def _keep_bytes(note: KeepNote) -> bytes:
    """Steps from token to token are nearly always the same few numbers, which deflate makes small."""
    columns = _column(np.diff(note.starts, prepend=0)) + note.odds.tobytes()
    return _KEEP_HEAD.pack(len(note.starts)) + _deflated(columns)


def _deflated(data: bytes) -> bytes:
    deflater = zlib.compressobj(9, wbits=_RAW)
    return deflater.compress(data) + deflater.flush()


def _keep_note(model: bytes, body: bytes) -> KeepNote:
    (count,) = _KEEP_HEAD.unpack_from(body)
    inflater = zlib.decompressobj(_RAW)
    columns = inflater.decompress(body[_KEEP_HEAD.size :], 5 * count + 2)  # no more than that, whatever the bytes ask for
    steps, odds = _taken(columns, count)
    if len(odds) != count or not inflater.eof:
        raise ValueError(f"{len(odds)} of {count} tokens")
    return KeepNote(model, np.cumsum(steps), np.frombuffer(odds, dtype=np.int8))


def _unit_bytes(note: UnitNote) -> bytes:
    count, width = note.states.shape
    numbers = _column(note.lengths) + _column(note.counts) + note.scales.astype("<f2").tobytes()
    return _UNITS_HEAD.pack(float(note.legibility), count, width) + numbers + note.states.tobytes()


def _unit_note(model: bytes, body: bytes) -> UnitNote:
    legibility, count, width = _UNITS_HEAD.unpack_from(body)
    lengths, rest = _taken(body[_UNITS_HEAD.size :], count)
    counts, rest = _taken(rest, count)
    if len(rest) != count * (2 + width):
        raise ValueError(f"{len(rest)} bytes for {count} units of width {width}")
    scales = np.frombuffer(rest[: 2 * count], dtype="<f2").astype(np.float16)
    states = np.frombuffer(rest[2 * count :], dtype=np.int8).reshape(count, width)
    if not (np.isfinite(scales).all() and 0 <= legibility <= 1):
        raise ValueError("numbers out of range")
    return UnitNote(lengths, counts, scales, states, np.float32(legibility), model)


def _column(values: NDArray[np.int64]) -> bytes:
    """Numbers of 0 or more, in as few bytes each as the largest needs."""
    kind = next(number for number, name in enumerate(_KINDS) if values.max(initial=0) <= np.iinfo(name).max)
    return bytes([kind]) + values.astype(_KINDS[kind]).tobytes()


def _taken(data: bytes, count: int) -> tuple[NDArray[np.int64], bytes]:
    """A column off the front, and the rest."""
    if not data or data[0] >= len(_KINDS):
        raise ValueError("a column of no known kind")
    size = 1 + count * np.dtype(_KINDS[data[0]]).itemsize
    if len(data) < size:
        raise ValueError(f"{len(data)} of {size} bytes of a column")
    return np.frombuffer(data[1:size], dtype=_KINDS[data[0]]).astype(np.int64), data[size:]
