"""A small retrieval-augmented setting over bundled Wikipedia passages: retrieve, compress, look at what is left."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from linguapress.budget import Budget
from linguapress.commands.terminal import quiet_libraries, status
from linguapress.compression import Compression
from linguapress.compressor import Compressor
from linguapress.failures import reported
from linguapress.presets import load
from linguapress.render import shown, stages, summary, to_plain, to_text
from linguapress.scores import Relevance
from linguapress.segment import whole
from linguapress.text import Passage
from linguapress.units import Units

_RETRIEVED = 5
_HONESTLY = """
ms is compression alone. The passages had been read before, as in a system that embeds them for retrieval with the same model;
a passage that had not costs its reading on top, here {reading:,.0f} ms. Retrieval took {retrieval:,.0f} ms a question.
"yes" means that the wording of the answer stands unbroken in the compressed text; "no" may still leave its main words."""


@dataclass(frozen=True, slots=True)
class Source:
    """A passage to retrieve.

    Attributes:
        title: of the Wikipedia article.
        text: one paragraph of it.
    """

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the passages.

    Attributes:
        question: the question.
        answers: wordings of the answer; empty when nobody knows.
    """

    question: str
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question.

    Attributes:
        asked: the question.
        found: passages retrieved, best first.
        result: the passages, compressed.
        retrieved_ms: time of rating all passages.
        compressed_ms: time of compressing those retrieved.
    """

    asked: Question
    found: tuple[Source, ...]
    result: Compression
    retrieved_ms: float
    compressed_ms: float


def sources() -> list[Source]:
    """The bundled passages (CC BY-SA 4.0)."""
    return [Source(**row) for row in _rows("passages.jsonl")]


def questions() -> list[Question]:
    """The bundled questions."""
    return [Question(row["question"], tuple(row["answers"])) for row in _rows("questions.jsonl")]


def _rows(name: str) -> list[dict[str, Any]]:
    text = resources.files("linguapress").joinpath("assets", "demo", name).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def retrieve(relevance: Relevance, question: str, library: Sequence[Source], count: int = _RETRIEVED) -> list[Source]:
    """The ``count`` passages that have most to do with the question, best first."""
    passages = [Passage.whole(index, source.text) for index, source in enumerate(library)]
    rating = relevance.rate(question, passages, [Units(whole(source.text)) for source in library])
    scores = rating.passages if rating.passages is not None else np.zeros(len(library))
    return [library[index] for index in np.argsort(-scores, kind="stable")[:count]]


def answer(press: Compressor, relevance: Relevance, asked: Question, library: Sequence[Source], tokens: int) -> Outcome:
    """Retrieves and compresses, and measures both."""
    start = time.perf_counter()
    found = retrieve(relevance, asked.question, library)
    middle = time.perf_counter()
    result = press.compress([source.text for source in found], asked.question, budget=Budget(tokens=tokens))
    end = time.perf_counter()
    return Outcome(asked, tuple(found), result, (middle - start) * 1000, (end - middle) * 1000)


def still_there(outcome: Outcome) -> str:
    """Whether a wording of the answer stands unbroken in the result: yes, no, or - where the answer is not known."""
    text = _folded(outcome.result.text)
    return "-" if not outcome.asked.answers else "yes" if any(_folded(item) in text for item in outcome.asked.answers) else "no"


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def run(question: str | None, tokens: int) -> None:
    """Plays the demo on standard output; plain text where that is no terminal."""
    quiet_libraries()
    with reported():
        _play(_console(), [Question(question)] if question else questions(), tokens)


def _console() -> Console:
    if sys.stdout is None:
        raise OSError("standard output is closed")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    width = None if sys.stdout.isatty() else 120
    return Console(highlight=False, markup=False, emoji=False, width=width)


def _play(console: Console, asked: Sequence[Question], tokens: int) -> None:
    from linguapress.models.relevance import relevance_of

    library, press, relevance = sources(), load(), relevance_of()
    start = time.perf_counter()
    with status("loading the model and reading the passages"):
        press.compress(["Nothing. To see here.", "Or there."], "Where?", budget=Budget(tokens=4))
        loaded = time.perf_counter()
        retrieve(relevance, asked[0].question, library)
    reading = (time.perf_counter() - loaded) * 1000 / len(library)
    _say(console, f"{len(library)} Wikipedia passages (CC BY-SA 4.0), {_RETRIEVED} retrieved for each question.")
    _say(console, f"Loading the model took {loaded - start:.1f} s, reading the passages once {reading:,.0f} ms each.")
    outcomes = []
    for item in asked:
        outcomes.append(answer(press, relevance, item, library, tokens))
        _show(console, outcomes[-1])
    _say(console, "")
    console.print(_table(outcomes))
    _say(console, _HONESTLY.format(reading=reading, retrieval=np.median([outcome.retrieved_ms for outcome in outcomes])))


def _show(console: Console, outcome: Outcome) -> None:
    result, titles = outcome.result, [shown(source.title) for source in outcome.found]
    _say(console, "")
    console.rule(Text(shown(outcome.asked.question)), align="left")
    _say(console, f"{summary(result)}; {stages(result) or 'everything fits'}\n")
    parts = replace(result, dropped=())
    if console.color_system and not console.no_color:
        console.print(to_text(parts, titles))
    else:
        _say(console, to_plain(parts, titles).rstrip("\n"))
    if result.dropped:
        _say(console, f"\nDropped whole: {', '.join(titles[passage.index] for passage in result.dropped)}")
    for warning in result.warnings:
        _say(console, f"\nWarning: {shown(warning)}")


def _say(console: Console, text: str) -> None:
    console.print(text, soft_wrap=True)


def _table(outcomes: Sequence[Outcome]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("question")
    for name in ("before", "after", "ratio", "ms", "answer still there"):
        table.add_column(name, justify="right", no_wrap=True)
    for outcome in outcomes:
        result = outcome.result
        row = (f"{result.tokens_before:,}", f"{result.tokens_after:,}", f"{result.ratio:.1f}x", f"{outcome.compressed_ms:,.0f}")
        table.add_row(shown(outcome.asked.question), *row, still_there(outcome))
    return table
