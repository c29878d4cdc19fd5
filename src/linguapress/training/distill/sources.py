"""Texts to distil, from files, cut into chunks that a teacher compresses well.

LLMLingua-2 (arXiv 2403.12968, section 3.1) gives its teacher at most 512 tokens that end with a sentence: of longer texts a
teacher keeps far too little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from linguapress.counters import TokenCounter
from linguapress.errors import DistillationError, InvalidRecord, MissingExtra
from linguapress.records import plain_text, records
from linguapress.segment import Splitter, sentences, tile, words
from linguapress.text import Span

_LINES = (".jsonl", ".jsonl.gz", ".ndjson")
_PROSE = (".txt", ".text", ".md", ".markdown")
_PDF = ".pdf"
_KINDS = (*_LINES, *_PROSE, _PDF)


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a teacher is given at once.

    Attributes:
        source: domain or file it comes from, for counts by source.
        text: its characters, without blanks at the ends.
    """

    source: str
    text: str


def read_sources(
    paths: Sequence[Path], count: TokenCounter, limit: int = 512, field: str = "text", out: Path | None = None
) -> list[Chunk]:
    """Chunks of all files, in their order.

    Args:
        paths: JSON lines (plain or gzipped), plain text, Markdown, PDF (extra ``distill``), or folders of these, of which hidden
            files and folders are left out.
        count: the tokens of a text.
        limit: tokens that a chunk may hold.
        field: where the text stands in a JSON record; a field ``source`` names its domain, else the file does.
        out: folder for what is distilled; inside one of ``paths`` it is left out.

    Raises:
        DistillationError: a file is of no kind that is read, or cannot be read as what its name says; nothing in any of them is
            text; or ``out`` is one of the folders.
    """
    files = [file for path in paths for file in _files(path, out)]
    found = [Chunk(name, text[a:b]) for file in files for name, text in _texts(file, field) for a, b in chunks(text, count, limit)]
    if not found:
        names = ", ".join(str(path) for path in paths) or "no file"
        raise DistillationError(f"{names}: there is no text to distil; give files or folders that hold some")
    return found


def chunks(text: str, count: TokenCounter, limit: int) -> list[Span]:
    """Ranges of at most ``limit`` tokens without blanks at their ends, cut at sentences; at words, where one is longer."""
    if limit < 1:
        raise DistillationError(f"a chunk must be allowed at least 1 token, got {limit}")
    packed = _pack(text, Span(0, len(text)), (sentences, words, _halves), count, limit)
    return [stripped for span in packed if (stripped := _stripped(text, span)).end > stripped.start]


def _pack(text: str, span: Span, splitters: Sequence[Splitter], count: TokenCounter, limit: int) -> Iterator[Span]:
    """Neighbouring units joined as long as they fit; a unit that does not fit alone is split by the next splitter."""
    units = [Span(span.start + a, span.start + b) for a, b in splitters[0](text[span.start : span.end])]
    sizes = [count(text[a:b]) for a, b in units]
    at = 0
    while at < len(units):
        end, total = at, 0
        while end < len(units) and (end == at or total + sizes[end] <= limit):
            total, end = total + sizes[end], end + 1
        while end > at + 1 and count(text[units[at].start : units[end - 1].end]) > limit:
            end -= 1
        whole = Span(units[at].start, units[end - 1].end)
        if sizes[at] <= limit or whole.end - whole.start == 1:
            yield whole
        else:
            yield from _pack(text, whole, splitters[1:] or splitters, count, limit)
        at = end


def _halves(text: str) -> list[Span]:
    return tile((len(text) // 2,), len(text))


def _stripped(text: str, span: Span) -> Span:
    part = text[span.start : span.end]
    start = span.start + len(part) - len(part.lstrip())
    return Span(start, max(start, span.start + len(part.rstrip())))


def _files(path: Path, out: Path | None) -> list[Path]:
    if path.is_dir():
        apart = _inside(path, out)
        return sorted(
            file for file in path.rglob("*") if file.is_file() and _is(file, _KINDS) and _to_read(file.relative_to(path), apart)
        )
    if not path.exists():
        raise DistillationError(f"{path} does not exist; give files or folders of text, Markdown, JSON lines or PDF")
    if path.suffix and not _is(path, _KINDS):
        raise DistillationError(f"{path} is of no kind that is read ({', '.join(_KINDS)}); convert it, or name plain text .txt")
    return [path]


def _is(file: Path, kinds: tuple[str, ...]) -> bool:
    return file.name.lower().endswith(kinds)


def _inside(folder: Path, out: Path | None) -> Path | None:
    """The way from the folder to ``out``; None where that lies elsewhere."""
    root, own = folder.resolve(), out.resolve() if out is not None else None
    if own == root:
        raise DistillationError(f"{out} is the folder of the texts; choose another --out, such as {folder / 'distilled'}")
    return own.relative_to(root) if own is not None and root in own.parents else None


def _to_read(file: Path, apart: Path | None) -> bool:
    """Whether neither the file nor a folder on the way to it is hidden, or set apart."""
    return apart not in file.parents and not any(part.startswith(".") for part in file.parts)


def _texts(file: Path, field: str) -> Iterator[tuple[str, str]]:
    read: Callable[[Path, str], Iterator[tuple[str, str]]]
    read = _records if _is(file, _LINES) else _pdf if _is(file, (_PDF,)) else _prose
    try:
        yield from read(file, field)
    except InvalidRecord as error:
        raise DistillationError(str(error)) from error


def _records(file: Path, field: str) -> Iterator[tuple[str, str]]:
    name = file.name.split(".")[0]
    for number, row in records(file):
        text = row.get(field) if isinstance(row, dict) else None
        if not isinstance(text, str):
            raise DistillationError(f"{file}, line {number}: no text in the field {field!r}; name it with --field")
        yield str(row.get("source") or name), text


def _prose(file: Path, _: str) -> Iterator[tuple[str, str]]:
    yield file.stem, plain_text(file)


def _pdf(file: Path, _: str) -> Iterator[tuple[str, str]]:
    try:
        from pypdf import PdfReader
    except ImportError as error:
        raise MissingExtra("pypdf", "distill") from error
    try:
        text = "\n".join(page.extract_text() for page in PdfReader(file).pages)
    except Exception as error:  # a broken file makes the library stumble anywhere
        raise DistillationError(f"{file} cannot be read as PDF: {type(error).__name__}: {error}") from error
    yield file.stem, text
