"""Records that the caller brings: those that fit go along with their passages, the others are ignored and told about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from linguapress.draft import Draft
from linguapress.errors import InvalidRecord
from linguapress.notes import fingerprints
from linguapress.prepared import VERSION, Prepared
from linguapress.text import Passage

_PORTION = 1 << 17  # characters; what an encoder remembers of as many is enough for all that reads them


def recalled(draft: Draft, prepared: Sequence[Prepared | None] | None, models: Sequence[Any]) -> Draft:
    """The draft, its passages carrying the records that fit them.

    Args:
        draft: whole passages.
        prepared: a record or None for each passage; None = none at all.
        models: what the compressor measures with.

    Raises:
        InvalidRecord: there are more or fewer of them than passages, or something else is among them.
    """
    if prepared is None:
        return draft
    _check(prepared, len(draft.passages))
    known = fingerprints(models) if any(prepared) else frozenset()
    faults = [_fault(record, passage.source, known) for record, passage in zip(prepared, draft.passages, strict=True)]
    rows = zip(draft.passages, prepared, faults, strict=True)
    passages = tuple(passage if fault else Passage.whole(passage.index, passage.source, record) for passage, record, fault in rows)
    told = {fault: faults.count(fault) for fault in faults if fault}
    warnings = (
        f"{count} of {len(faults)} prepared records were made {fault} and ignored; prepare again" for fault, count in told.items()
    )
    return replace(draft, passages=passages).warning(*warnings)


def forgotten(draft: Draft) -> Draft:
    """The draft without records, which a result does not need."""
    if not any(passage.prepared for passage in draft.passages):
        return draft
    return replace(draft, passages=tuple(replace(passage, prepared=None) for passage in draft.passages))


def portions(documents: Sequence[str]) -> Iterator[list[str]]:
    """The documents in runs of bounded length."""
    part: list[str] = []
    size = 0
    for document in documents:
        part.append(document)
        size += len(document)
        if size >= _PORTION:
            yield part
            part, size = [], 0
    yield part


def _check(prepared: Sequence[Prepared | None], count: int) -> None:
    if not isinstance(prepared, Sequence):
        raise InvalidRecord(f"prepared must be a list of records, got {type(prepared).__name__}; give what press.prepare gave")
    for record in prepared:
        if not isinstance(record, Prepared | None):
            raise InvalidRecord(
                f"prepared holds a {type(record).__name__}; give what press.prepare gave, Prepared.from_bytes, or None"
            )
    if len(prepared) != count:
        raise InvalidRecord(f"{len(prepared)} prepared records for {count} documents; give one for each, or None for some")


def _fault(record: Prepared | None, text: str, models: frozenset[bytes]) -> str:
    """Why a record cannot be used, nothing where it can or none is needed."""
    if record is None:
        return ""
    if record.version != VERSION:
        return "by another version"
    if not record.fits(text):
        return "of another text"
    return "" if models <= record.models else "by another model"
