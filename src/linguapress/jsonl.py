"""JSON lines on disk, plain or gzipped."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Records of a JSON-lines file; names that end in ``.gz`` are unpacked on the way, a byte order mark is passed over."""
    with open_lines(path) as handle:
        for line in handle:
            if line.strip():
                yield json.loads(line)


def open_lines(path: Path) -> TextIO:
    """A text file in UTF-8, plain or gzipped, without its byte order mark."""
    return gzip.open(path, "rt", encoding="utf-8-sig") if path.suffix.lower() == ".gz" else path.open(encoding="utf-8-sig")


def append_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Adds records to a JSON-lines file; what is no number becomes null, for JSON has no NaN."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as handle:
        handle.writelines(json.dumps(without_nan(row), ensure_ascii=False) + "\n" for row in rows)


def without_nan(value: Any) -> Any:
    """A value of JSON with None where a number is NaN or infinite."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
