"""Documents from files and from standard input."""

from __future__ import annotations

import gzip
import json
import math
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import regex
import typer

from linguapress.failures import USAGE, fail
from linguapress.segment import lines, passages
from linguapress.text import Span

_STDIN = "-"
_JSON_LINES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_HEADING = regex.compile(r" {0,3}#{1,6}[ \t][^\n]*\n\s*|[^\n]*\S[^\n]*\n {0,3}(?:={2,}|-{2,})[ \t]*\n\s*")


class Split(str, Enum):
    """What counts as one document."""

    none = "none"
    passages = "passages"
    lines = "lines"
    jsonl = "jsonl"


class Record(NamedTuple):
    """What stands around a text in JSON lines.

    Attributes:
        line: which line of the file it is, from 1.
        metadata: the other fields of the line.
    """

    line: int
    metadata: dict[str, Any]


class Document(NamedTuple):
    """A text, what to call it and where it stands.

    Attributes:
        name: file name, with a number where the file was split: that of the line, of JSON lines.
        text: its characters.
        file: file name.
        start: characters of the file before it, or before its JSON line; a byte order mark is none.
        record: its JSON line, where the file was split into these.
    """

    name: str
    text: str
    file: str
    start: int
    record: Record | None = None


def json_lines(paths: Iterable[str]) -> list[str]:
    """The files whose names say that they hold JSON lines."""
    return [path for path in paths if path.lower().endswith(_JSON_LINES)]


def read_documents(paths: Sequence[str], split: Split | None, field: str = "text") -> list[Document]:
    """Documents of all files in their order; standard input where there is no file, or where one is called ``-``.

    Args:
        paths: names of files; those that end in ``.gz`` are unpacked.
        split: what is a document; None = the lines of JSON lines, and other files.
        field: which field of a JSON line holds its text.
    """
    if paths.count(_STDIN) > 1:
        fail("standard input (-) can be read only once", USAGE)
    named = json_lines(paths)
    rows = [(path, split or (Split.jsonl if path in named else Split.none)) for path in paths or [_STDIN]]
    return [part for path, own in rows for part in _parts(_read(path), own, field)]


def _read(path: str) -> Document:
    name = "standard input" if path == _STDIN else path
    try:
        content = _stdin() if path == _STDIN else _unpacked(path)
    except OSError as error:
        fail(f"cannot read {name}: {error.strerror or error}")
    try:
        return Document(name, content.decode("utf-8-sig"), name, 0)
    except UnicodeDecodeError as error:
        fail(f"cannot read {name}: byte {error.start} is not UTF-8; convert it first, such as with iconv")


def _unpacked(path: str) -> bytes:
    content = Path(path).read_bytes()
    if not path.lower().endswith(".gz"):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, zlib.error) as error:
        raise OSError(f"it is no whole gzip file ({error})") from error


def _stdin() -> bytes:
    if sys.stdin is None:
        raise OSError("it is closed")
    if sys.stdin.isatty():
        typer.echo("reading from the terminal; end with Ctrl-D", err=True)
    return typer.get_binary_stream("stdin").read()


def _parts(document: Document, split: Split, field: str) -> list[Document]:
    """The document, or its passages or lines; blank ones say nothing and are left out."""
    if split is Split.none:
        return [document]
    if split is Split.jsonl:
        return _records(document, field)
    cut = _sections(document.text) if split is Split.passages else lines(document.text)
    texts = [(text, start) for start, end in cut if (text := document.text[start:end].rstrip())]
    return [
        Document(f"{document.name}#{number}", text, document.file, start) for number, (text, start) in enumerate(texts, start=1)
    ]


def _sections(text: str) -> Iterator[Span]:
    """Passages, each with the Markdown headings above it."""
    start = 0
    for span in passages(text):
        if not _HEADING.fullmatch(text, *span):
            yield Span(start, span.end)
            start = span.end
    if start < len(text):
        yield Span(start, len(text))


def _records(document: Document, field: str) -> list[Document]:
    """The texts of JSON lines; blank lines, and byte order marks of files that were put together, are skipped."""
    found = []
    for number, (start, end) in enumerate(lines(document.text), start=1):
        if text := document.text[start:end].strip("\ufeff \t\r\n"):
            fields = _fields(text, f"{document.file}, line {number}")
            content = fields.pop(field, None)
            if not isinstance(content, str):
                others = ", ".join(fields) or "none"
                fail(f"{document.file}, line {number} has no text in a field {field!r}; other fields: {others}; see --field")
            found.append(Document(f"{document.name}#{number}", content, document.file, start, Record(number, fields)))
    return found


def _fields(text: str, place: str) -> dict[str, Any]:
    try:
        fields = json.loads(text, parse_constant=_number, parse_float=_number)
    except (ValueError, RecursionError) as error:
        fail(f"{place} is no JSON: {error}")
    if not isinstance(fields, dict):
        fail(f'{place} is no JSON object, such as {{"text": ...}}')
    return fields


def _number(written: str) -> float:
    """A number, if JSON can say it again."""
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(f"{written} is no number of JSON")
    return number
