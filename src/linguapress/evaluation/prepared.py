"""``linguapress bench-prepared``: what records save, what they weigh, and that they change nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated, Any, NamedTuple

import typer

from linguapress.budget import Budget
from linguapress.compression import Compression
from linguapress.compressor import Compressor
from linguapress.evaluation.machine import machine_with_torch
from linguapress.evaluation.outputs import write
from linguapress.evaluation.tasks import Example, examples
from linguapress.models.embedded import EMBEDDED
from linguapress.models.encoder import shared_encoder
from linguapress.prepared import Prepared
from linguapress.presets import load

app = typer.Typer(help="Compare compression with and without prepared records.")
_TOKENS = (150, 300, 500, 1000)
_WORDS = 150


@app.command()
def run(
    data: Annotated[Path, typer.Argument(help="Folder that holds the data sets.", exists=True, file_okay=False)],
    counter: Annotated[list[str] | None, typer.Option(help="The reader's tokenizers; repeat it.")] = None,
    limit: Annotated[int, typer.Option(help="Number of questions; 0 = all.")] = 0,
    timed: Annotated[int, typer.Option(help="Number of questions that are timed.")] = 20,
    rounds: Annotated[int, typer.Option(help="Times that each is timed with records; the quickest counts.")] = 5,
    threads: Annotated[int, typer.Option(help="Threads of torch; 0 = its own choice.")] = 0,
    out: Annotated[Path, typer.Option(help="Results: NAME.json and NAME.md.")] = Path("prepared"),
) -> None:
    """Milliseconds with and without records, side by side on cold texts; bytes; equality on every question and budget."""
    import torch

    if threads:
        torch.set_num_threads(threads)
    press = load("lingua", effort="low")
    asked = examples("nq", data, 0, "dev")[: limit or None]
    records = [press.prepare(example.documents) for example in asked]
    cases = [Case.of(press, example) for example in asked[:timed]]
    names = counter or ["cl100k_base", "embedded"]
    found: dict[str, Any] = {
        "machine": machine_with_torch(),
        "questions": len(asked),
        "timed": len(cases),
        "sizes": sizes(press, asked, records),
        "unequal": unequal(press, asked, records, names[0]),
        "speed": [speed(press, cases, tokens, name, rounds) for name in names for tokens in _TOKENS],
    }
    write(out, found, markdown(found))
    typer.echo(markdown(found))


def sizes(press: Compressor, asked: Sequence[Example], records: Sequence[Sequence[Prepared]]) -> dict[str, float]:
    """Bytes of the records against 3 a word and 400 a sentence; words are what blanks part."""
    keep = load("llmlingua2")
    texts = {
        text: record
        for example, row in zip(asked, records, strict=True)
        for text, record in zip(example.documents, row, strict=True)
    }
    words = sum(len(text.split()) for text in texts)
    units = sum(len(press.units(text).spans) for text in texts)
    odds = sum(record.nbytes for record in keep.prepare(list(texts)))
    total = sum(record.nbytes for record in texts.values())
    shares = [record.nbytes / (3 * len(text.split()) + 400 * len(press.units(text).spans) + 64) for text, record in texts.items()]
    return {
        "texts": len(texts), "words": words, "sentences": units, "bytes": total, "bytes_per_word": odds / words,
        "bytes_per_sentence": (total - odds) / units, "largest_share_of_bound": max(shares),
    }  # fmt: skip


def unequal(press: Compressor, asked: Sequence[Example], records: Sequence[Sequence[Prepared]], counter: str) -> list[str]:
    """Questions and budgets at which records, sent through text as in a vector store, change anything of the result."""
    wrong = []
    for example, row in zip(asked, records, strict=True):
        again = [Prepared.from_text(record.to_text()) for record in row]
        for tokens in _TOKENS:
            budget = Budget(tokens=tokens, count=counter)
            plain = press.compress(example.documents, example.question, budget=budget)
            quick = press.compress(example.documents, example.question, budget=budget, prepared=again)
            if _told(plain) != _told(quick):
                wrong.append(f"{example.id} at {tokens}")
    return wrong


class Times(NamedTuple):
    """Milliseconds on the clock, and of the processor, which other programs on the machine disturb less."""

    clock: float
    processor: float


@dataclass(frozen=True, slots=True)
class Case:
    """A question over passages of equal length, and their records."""

    question: str
    documents: list[str]
    records: list[Prepared]

    @classmethod
    def of(cls, press: Compressor, example: Example) -> Case:
        """Passages of 150 words: each goes on with the next one's."""
        rows = zip(example.documents, (*example.documents[1:], example.documents[0]), strict=True)
        documents = [" ".join(f"{first} {second}".split(" ")[:_WORDS]) for first, second in rows]
        return cls(example.question, documents, press.prepare(documents))

    def times(self, press: Compressor, budget: Budget, rounds: int, *, records: bool) -> Times:
        """The quickest of some rounds in which the model remembers nothing."""
        brought = self.records if records else None
        return _quickest(rounds, lambda: press.compress(self.documents, self.question, budget=budget, prepared=brought))


def speed(press: Compressor, cases: Sequence[Case], tokens: int, counter: str, rounds: int) -> dict[str, Any]:
    """Median milliseconds a question."""
    budget = Budget(tokens=tokens, count=counter)
    found = {
        "without": [case.times(press, budget, 1, records=False) for case in cases],
        "with": [case.times(press, budget, rounds, records=True) for case in cases],
        "query": [_quickest(rounds, partial(shared_encoder(EMBEDDED).read, [case.question])) for case in cases],
    }
    middle = {name: Times(*map(median, zip(*rows, strict=True)))._asdict() for name, rows in found.items()}
    return {"counter": counter, "tokens": tokens} | middle


def _quickest(rounds: int, work: Callable[[], object]) -> Times:
    """The quickest of some rounds, each from an empty memory."""
    found = []
    for _ in range(rounds):
        shared_encoder(EMBEDDED).forget()
        start, spent = time.perf_counter(), time.process_time()
        work()
        found.append(Times(1000 * (time.perf_counter() - start), 1000 * (time.process_time() - spent)))
    return Times(*map(min, zip(*found, strict=True)))


def _told(out: Compression) -> tuple[Any, ...]:
    return out.text, out.passages, out.dropped, out.tokens_after, out.warnings


def markdown(found: dict[str, Any]) -> str:
    """The page that is stored beside the numbers."""
    size = found["sizes"]
    rows = [
        f"| {row['counter']} | {row['tokens']} | {_shown(row['without'])} | {_shown(row['with'])} | {_shown(row['query'])} |"
        for row in found["speed"]
    ]
    return "\n".join([
        f"## Prepared records: NaturalQuestions dev, {found['questions']} questions, `lingua` with `effort=\"low\"`", "",
        f"Results that differ at {len(_TOKENS)} budgets each: {len(found['unequal'])} {' '.join(found['unequal'])}".rstrip(), "",
        f"{size['bytes_per_word']:.2f} bytes a word (with headers) and {size['bytes_per_sentence']:.0f} bytes a sentence over "
        f"{size['texts']:,} passages of {size['words']:,} words; no record exceeds {100 * size['largest_share_of_bound']:.1f} % of "
        "3 bytes a word, 400 a sentence and 64 of header.", "",
        f"Milliseconds on the clock (of the processor), 20 cold passages of {_WORDS} words, {found['timed']} questions, median", "",
        "| counter | tokens | without records | with records | of which reading the question |", "| --- | --- | --- | --- | --- |",
        *rows, "", json.dumps(found["machine"]), "",
    ])  # fmt: skip


def _shown(times: dict[str, float]) -> str:
    return f"{times['clock']:.1f} ({times['processor']:.1f})"
