"""``linguapress distill``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linguapress.commands.terminal import quiet_libraries, status
from linguapress.counters import token_counter
from linguapress.errors import UnknownName
from linguapress.failures import USAGE, agreed, fail, reported

if TYPE_CHECKING:
    from linguapress.training.distill.pipeline import Outcome
    from linguapress.training.distill.run import Progress, Tally
    from linguapress.training.distill.teacher import Teacher

_INTERRUPTED = 130


def distill(  # noqa: PLR0913 - each parameter is an option of the command line
    sources: Annotated[list[Path], typer.Argument(help="Texts: JSON lines, plain text, Markdown, PDF, folders of these.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the data; a run in it that was interrupted goes on.", file_okay=False)],
    teacher: Annotated[str, typer.Option(help="openai:MODEL, or langchain:package.module:factory.")],
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible service.", show_default=False)] = None,
    key_variable: Annotated[str, typer.Option(help="Environment variable with the service's key.")] = "OPENAI_API_KEY",
    temperature: Annotated[float | None, typer.Option(min=0, help="Of the teacher; default: the service's own.")] = None,
    field: Annotated[str, typer.Option(help="Where the text stands in JSON records.")] = "text",
    chunk: Annotated[int, typer.Option(min=1, help="Tokens that the teacher is given at once.")] = 512,
    counter: Annotated[str | None, typer.Option(help="Who counts: a tiktoken or Hugging Face name, or a folder.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests under way at once.")] = 8,
    per_minute: Annotated[float | None, typer.Option(min=0.01, help="Requests a minute; default: no limit.")] = None,
    attempts: Annotated[int, typer.Option(min=1, help="Tries for one passage.")] = 6,
    timeout: Annotated[float, typer.Option(min=0.01, help="Seconds that one try may take.")] = 120.0,
    patience: Annotated[int, typer.Option(min=1, help="Passages in a row that may fail before the run stops.")] = 10,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask again what was refused before.")] = False,
    price_in: Annotated[float, typer.Option(min=0, help="Price of a million tokens in.")] = 0.0,
    price_out: Annotated[float, typer.Option(min=0, help="Price of a million tokens out.")] = 0.0,
    most_cost: Annotated[float | None, typer.Option(min=0, help="Do not start, nor go on, above this cost.")] = None,
    drop_variation: Annotated[float, typer.Option(min=0, max=1, help="Share of pairs to drop by variation rate.")] = 0.05,
    drop_gap: Annotated[float, typer.Option(min=0, max=1, help="Share of the rest to drop by alignment gap.")] = 0.10,
    dev_share: Annotated[float, typer.Option(min=0, max=1, help="Share of pairs to measure on.")] = 0.1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the estimate, ask nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before it starts.")] = False,
) -> None:
    """Have a language model compress your texts, as data to train a compressor on.

    The teacher only deletes words; what it kept becomes labels, bad pairs are dropped. The folder then goes to
    linguapress train keep --data.
    """
    quiet_libraries()
    with reported(), _resumable():
        from linguapress.training.distill.estimate import Prices
        from linguapress.training.distill.pipeline import distill as distilled
        from linguapress.training.distill.pipeline import estimate
        from linguapress.training.distill.quality import Quality
        from linguapress.training.distill.run import RunSettings
        from linguapress.training.distill.sources import read_sources

        count = token_counter(counter)
        asked = _teacher(teacher, base_url, key_variable, temperature, timeout)
        with status("reading the texts"):
            chunks = read_sources(sources, count, chunk, field, out)
        settings = RunSettings(
            concurrency, per_minute, attempts, timeout, patience=patience, retry_failed=retry_failed, most_cost=most_cost,
            prices=Prices(price_in, price_out), count=count,
        )  # fmt: skip
        expected = estimate(chunks, asked.name, out, settings)
        priced = bool(price_in or price_out)
        typer.echo(expected.told("passages", priced), err=not dry_run)
        if dry_run:
            return
        if expected.requests and not (yes or agreed(USAGE)):
            raise typer.Exit(1)
        with _shown(expected.requests, priced) as progress:
            quality = Quality(drop_variation, drop_gap)
            run = distilled(chunks, asked, out, settings, quality=quality, dev_share=dev_share, progress=progress)
            outcome = asyncio.run(run)
        typer.echo(_ended(outcome, out, priced))


@contextmanager
def _resumable() -> Iterator[None]:
    """An interruption as a hint at how to go on."""
    try:
        yield
    except (KeyboardInterrupt, asyncio.CancelledError):
        fail("interrupted; every answer is kept, the same command goes on from there", _INTERRUPTED)


def _teacher(spec: str, base_url: str | None, key_variable: str, temperature: float | None, timeout: float) -> Teacher:
    from linguapress.training.distill.teachers import teacher_of

    try:
        return teacher_of(spec, base_url, key_variable, temperature, timeout)
    except UnknownName:
        raise
    except ValueError as error:
        fail(str(error), USAGE)


@contextmanager
def _shown(total: int, priced: bool) -> Iterator[Progress]:
    """A progress bar on standard error with what was spent so far."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns: tuple[Any, ...] = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[spent]}"), console=Console(stderr=True)) as bar:
        task = bar.add_task("asking", total=total, spent="")

        def show(tally: Tally) -> None:
            failed = f", {tally.failed:,} failed" if tally.failed else ""
            bar.update(task, completed=tally.answered + tally.failed, total=tally.total, spent=_spent(tally, priced) + failed)

        yield show


def _spent(tally: Tally, priced: bool) -> str:
    tokens = f"{tally.usage.tokens_in:,} tokens in, {tally.usage.tokens_out:,} out"
    return f"{tokens}, cost {tally.cost:,.4f}" if priced else tokens


def _ended(outcome: Outcome, out: Path, priced: bool) -> str:
    sifted, parts = outcome.sifted, outcome.split
    total = max(1, len(sifted.kept) + len(sifted.by_variation) + len(sifted.by_gap) + len(sifted.empty))
    lines = [
        f"{len(parts.train):,} pairs to train on, {len(parts.dev):,} to measure on; {outcome.rate:.0%} of words kept on average",
        f"dropped: {len(sifted.by_variation) / total:.1%} by variation rate, {len(sifted.by_gap) / total:.1%} by alignment gap, "
        f"{len(sifted.empty) / total:.1%} empty; {outcome.unanswered:,} passages without an answer",
        f"asked {outcome.asked.tries:,} times: {_spent(outcome.asked, priced)}",
        *(f"failed {count:,} times: {reason}" for reason, count in outcome.asked.reasons.most_common(5)),
        f"report: {outcome.report}",
        f"next: linguapress train keep --data {out} --out MODEL",
    ]
    return "\n".join(lines)
