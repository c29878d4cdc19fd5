"""``linguapress compress``."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from inspect import Parameter
from typing import Annotated, Any

import typer

from linguapress.budget import Budget
from linguapress.commands.documents import Document, Split, json_lines, read_documents
from linguapress.commands.methods import loaded, parameters, settings_of
from linguapress.commands.terminal import quiet_libraries, status, write
from linguapress.compression import Compression
from linguapress.compressor import Compressor
from linguapress.counters import TokenCounter, token_counter
from linguapress.errors import InvalidBudget
from linguapress.failures import USAGE, fail, reported, say, warn
from linguapress.guard import Guard
from linguapress.page import to_page
from linguapress.render import summary, to_ansi, to_markdown, to_plain

_RATE, _FIELD = 0.5, "text"
_OPTIONS = {"model": "--model", "device": "--device", "order": "--order", "guard": "--keep or --no-guard"}


class Format(str, Enum):
    """What is written to standard output."""

    text = "text"
    ansi = "ansi"
    html = "html"
    markdown = "markdown"
    json = "json"


def compress(  # noqa: PLR0913 - each parameter is an option of the command line
    files: Annotated[list[str] | None, typer.Argument(help="UTF-8 files, each a document; - or none = standard input.")] = None,
    *,
    query: Annotated[str | None, typer.Option("--query", "-q", help="What the reader will be asked.")] = None,
    tokens: Annotated[int | None, typer.Option("--tokens", "-t", help="Tokens that may remain.")] = None,
    rate: Annotated[
        float | None, typer.Option("--rate", "-r", help=f"Share of tokens to keep, 0..1; default {_RATE}, or as needed.")
    ] = None,
    method: Annotated[str, typer.Option("--method", "-m", help="One of: linguapress methods.")] = "lingua",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Setting, see linguapress methods; repeatable.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model of the method: name or folder.")] = None,
    device: Annotated[str | None, typer.Option(help="Where the model runs: auto, cpu, cuda, ...")] = None,
    counter: Annotated[str | None, typer.Option(help="Who counts: a tiktoken or Hugging Face name, or a folder.")] = None,
    order: Annotated[str | None, typer.Option(help="Order of passages: original, relevance or ends.")] = None,
    keep: Annotated[list[str] | None, typer.Option(help="Regular expression of what must survive; repeatable.")] = None,
    no_guard: Annotated[bool, typer.Option("--no-guard", help="Protect nothing but what --keep names.")] = False,
    separator: Annotated[str | None, typer.Option(help=r"Between passages; \n, \t are understood. Default: as split.")] = None,
    split: Annotated[
        Split | None,
        typer.Option(
            help="Documents are files (none), or cut at blank lines (passages; a heading stays with what follows), or lines, or "
            "JSON lines. Default: jsonl for files that end in .jsonl, .ndjson, .jsonl.gz or .ndjson.gz, else none."
        ),
    ] = None,
    field: Annotated[str | None, typer.Option(help=f"Where the text of a JSON line stands; default {_FIELD}.")] = None,
    output: Annotated[Format, typer.Option("--format", "-f", help="The result (text), or kept and dropped.")] = Format.text,
) -> None:
    """Shorten documents to a budget.

    The result goes to standard output, measurements and warnings to standard error.

    With --format json, each passage has its file, spans ([start, end) of what is kept, in its document) and source_spans (the same,
    in its file), in Unicode code points of the decoded text, without a byte order mark. With --split jsonl, it has its file, line
    (from 1), spans in the field's text, and the other fields as metadata.
    """
    quiet_libraries()
    with reported():
        options = {"model": model, "device": device, "order": order, "guard": _guard(keep or (), no_guard)}
        press = loaded(method, _settings(method, options, settings or ()))
        budget = _budget(press, tokens, rate, token_counter(counter), _separator(separator, split))
        documents = _documents(files or (), split, field)
        if not any(document.text.strip() for document in documents):
            warn("the input is empty")
        start = time.perf_counter()
        with status(f"compressing {sum(len(document.text) for document in documents):,} characters"):
            found = press.compress([document.text for document in documents], query, budget=budget)
        elapsed = time.perf_counter() - start
        write(_rendered(found, documents, output))
        for warning in found.warnings:
            warn(warning)
        typer.echo(f"{summary(found)}, {elapsed * 1000:,.0f} ms with loading", err=True)


def _settings(method: str, options: Mapping[str, object], assignments: Iterable[str]) -> dict[str, Any]:
    """Those of the options that were given, if the method takes them, and what is assigned by name."""
    given = {name: value for name, value in options.items() if value is not None}
    known = parameters(method)
    for name in given:
        if name not in known:
            fail(f"method {method!r} takes no {_OPTIONS[name]}", USAGE)
    assigned = settings_of([method], assignments)[method]
    for name in given.keys() & assigned.keys():
        fail(f"--set {name} repeats {_OPTIONS[name]}; give one of them", USAGE)
    needed = [name for name, item in known.items() if item.default is Parameter.empty and name not in given | assigned]
    if needed:
        fail(f"method {method!r} needs {', '.join(_OPTIONS.get(name, name) for name in needed)}", USAGE)
    return given | assigned


def _documents(files: Sequence[str], split: Split | None, field: str | None) -> list[Document]:
    named, place = [] if split else json_lines(files), _FIELD if field is None else field
    if field is not None and split is not Split.jsonl and not named:
        fail("--field goes with --split jsonl", USAGE)
    if named:
        more = f" and {len(named) - 1:,} more" if len(named) > 1 else ""
        say(f"reading {named[0]}{more} as JSON lines, documents in the field {place!r}; --split none takes a file as one text")
    return read_documents(files, split, place)


def _guard(keep: Iterable[str], no_guard: bool) -> Guard | None:
    """The guard that the options describe, None when there are none."""
    patterns = tuple(keep)
    if not patterns and not no_guard:
        return None
    try:
        return replace(Guard.off() if no_guard else Guard(), keep=patterns)
    except ValueError as error:
        fail(str(error), USAGE)


def _budget(press: Compressor, tokens: int | None, rate: float | None, counter: TokenCounter, separator: str) -> Budget:
    """The budget that the options describe: without any, as much as needed where the method can tell, else a share."""
    if tokens is not None and rate is not None:
        fail("give either --tokens or --rate, not both", USAGE)
    budget = Budget(tokens, rate, counter, separator)
    if budget.open:
        try:
            press.unbudgeted()
        except InvalidBudget:
            return replace(budget, rate=_RATE)
    return budget


def _separator(given: str | None, split: Split | None) -> str:
    if given is None:
        return "\n" if split is Split.lines else "\n\n"
    return given.replace(r"\n", "\n").replace(r"\t", "\t")


def _rendered(found: Compression, documents: Sequence[Document], output: Format) -> str:
    names = [document.name for document in documents]
    if output is Format.text:
        return found.text
    if output is Format.json:
        told = {**found.to_dict(), "passages": _placed(found, documents), "documents": names}
        return json.dumps(told, ensure_ascii=False)
    if output is Format.ansi:
        return (to_plain if os.environ.get("NO_COLOR") else to_ansi)(found, names)
    return (to_page if output is Format.html else to_markdown)(found, names)


def _placed(found: Compression, documents: Sequence[Document]) -> list[dict[str, Any]]:
    """Passages as in ``Compression.to_dict``, with the file of each, and its place there."""
    return [
        {**passage, "file": source.file, **_place(passage["spans"], source)}
        for passage in found.to_dict()["passages"]
        for source in [documents[passage["index"]]]
    ]


def _place(spans: Iterable[Sequence[int]], source: Document) -> dict[str, Any]:
    if source.record is not None:
        return source.record._asdict()
    return {"source_spans": [[source.start + start, source.start + end] for start, end in spans]}
