"""Texts on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from linguapress.jsonl import read_jsonl


def read_texts(files: Iterable[Path]) -> Iterator[str]:
    """Texts of JSON lines, gzipped or not: records with the field ``text``.

    Raises:
        ValueError: a record without it.
    """
    for file in files:
        for number, record in enumerate(read_jsonl(file), 1):
            text = record.get("text") if isinstance(record, dict) else None
            if not isinstance(text, str):
                raise ValueError(f"record {number} of {file} has no field text that is a string; give JSON lines with texts")
            yield text
