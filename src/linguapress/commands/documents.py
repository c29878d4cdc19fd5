"""Documents from files and from standard input."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import NamedTuple

import typer

from linguapress.commands.failures import USAGE, fail
from linguapress.segment import lines, passages

_STDIN = "-"


class Split(str, Enum):
    """What counts as one document."""

    none = "none"
    passages = "passages"
    lines = "lines"


class Document(NamedTuple):
    """A text, what to call it and where it stands.

    Attributes:
        name: file name, with a number where the file was split.
        text: its characters.
        file: file name.
        start: characters of the file before it; a byte order mark is none.
    """

    name: str
    text: str
    file: str
    start: int


def read_documents(paths: Sequence[str], split: Split) -> list[Document]:
    """Documents of all files in their order; standard input where there is no file, or where one is called ``-``."""
    if paths.count(_STDIN) > 1:
        fail("standard input (-) can be read only once", USAGE)
    return [part for path in paths or [_STDIN] for part in _parts(_read(path), split)]


def _read(path: str) -> Document:
    name = "standard input" if path == _STDIN else path
    try:
        content = _stdin() if path == _STDIN else Path(path).read_bytes()
    except OSError as error:
        fail(f"cannot read {name}: {error.strerror or error}")
    try:
        return Document(name, content.decode("utf-8-sig"), name, 0)
    except UnicodeDecodeError as error:
        fail(f"cannot read {name}: byte {error.start} is not UTF-8; convert it first, such as with iconv")


def _stdin() -> bytes:
    if sys.stdin is None:
        raise OSError("it is closed")
    if sys.stdin.isatty():
        typer.echo("reading from the terminal; end with Ctrl-D", err=True)
    return typer.get_binary_stream("stdin").read()


def _parts(document: Document, split: Split) -> list[Document]:
    """The document, or its passages or lines; blank ones say nothing and are left out."""
    if split is Split.none:
        return [document]
    cut = passages if split is Split.passages else lines
    texts = [(text, start) for start, end in cut(document.text) if (text := document.text[start:end].rstrip())]
    return [
        Document(f"{document.name}#{number}", text, document.file, start) for number, (text, start) in enumerate(texts, start=1)
    ]
