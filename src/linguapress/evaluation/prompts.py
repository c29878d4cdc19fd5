"""``linguapress bench-prompts``: few-shot prompts at equal ratios; what was promised, and what is left."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from linguapress.counters import token_counter
from linguapress.evaluation.machine import machine_with_torch
from linguapress.evaluation.outputs import write
from linguapress.evaluation.prompts_data import TASKS, FewShot, few_shots
from linguapress.evaluation.prompts_measure import Frame, Measured, Trial, run, trials
from linguapress.evaluation.prompts_page import broken, markdown, summary
from linguapress.evaluation.refusal import refusing
from linguapress.evaluation.tables import Row
from linguapress.jsonl import append_jsonl
from linguapress.models.embedded import CAUSAL

app = typer.Typer(help="Compare methods on few-shot prompts.")
_METHODS = ("llmlingua", "longllmlingua", "selective_context", "llmlingua2", "random_words")
_RATIOS = (2.0, 5.0, 10.0, 20.0)


@app.command()
def bench_prompts(  # noqa: PLR0913 - each is an option
    data: Annotated[Path, typer.Argument(help="Folder that holds the data sets.", exists=True, file_okay=False)],
    task: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(TASKS)}; repeat it. Default: all.")] = None,
    method: Annotated[
        list[str] | None, typer.Option(help=f"Presets and baselines; repeat it. Default: {', '.join(_METHODS)}.")
    ] = None,
    ratio: Annotated[
        list[float] | None, typer.Option(help="Tokens before / tokens kept; repeat it. Default: 2, 5, 10, 20.")
    ] = None,
    lm: Annotated[
        str, typer.Option(help="Causal language model of the perplexity methods: lm (embedded), a folder or a hub name.")
    ] = CAUSAL,
    instruction_rate: Annotated[float, typer.Option(min=0, max=1, help="Share of the instruction to keep; 1 = untouched.")] = 1.0,
    question_rate: Annotated[float, typer.Option(min=0, max=1, help="Share of the question to keep; 1 = untouched.")] = 1.0,
    counter: Annotated[str, typer.Option(help="The reader's tokenizer.")] = "cl100k_base",
    limit: Annotated[int, typer.Option(min=0, help="Prompts of each data set; 0 = all.")] = 100,
    show: Annotated[int, typer.Option(min=0, help="Prints that many shortened prompts, of every method and ratio in turn.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for prompts.jsonl, prompts.json and prompts.md.")] = Path("bench-prompts"),
) -> None:
    """Promises kept, demonstrations and final answers left, milliseconds. Ends with status 1 when a promise was broken."""
    tasks, frame = list(dict.fromkeys(task or TASKS)), Frame(instruction_rate, question_rate)
    if unknown := [name for name in tasks if name not in TASKS]:
        raise typer.BadParameter(f"task is one of {', '.join(TASKS)}; got {unknown[0]!r}")
    with refusing():
        token_counter(counter)
        tried = trials(list(dict.fromkeys(method or _METHODS)), list(dict.fromkeys(ratio or _RATIOS)), counter, lm)
    shots = [shot for name in tasks for shot in few_shots(name, data, limit)]
    out.mkdir(parents=True, exist_ok=True)
    (out / "prompts.jsonl").unlink(missing_ok=True)
    rows, wanted = [], set(_chosen(show, len(shots), len(tried)))
    for number, found in enumerate(_progressing(shots, tried, frame)):
        rows.append(found.row)
        append_jsonl(out / "prompts.jsonl", [found.row])
        if divmod(number, len(tried)) in wanted:
            typer.echo(_shown(found))
    about = {
        "prompts": len(shots), "counter": counter, "lm": Path(lm).name, "instruction_rate": instruction_rate,
        "question_rate": question_rate, "machine": machine_with_torch(),
    }  # fmt: skip
    _conclude(out, rows, about)


def _conclude(out: Path, rows: Sequence[Row], about: Row) -> None:
    """Writes prompts.json and prompts.md, shows the tables, and fails when a promise was broken."""
    means = summary(rows)
    rates = f"instruction {about['instruction_rate']:g}, question {about['question_rate']:g}"
    page = markdown(means, f"{about['prompts']} few-shot prompts, {about['counter']}, {rates}")
    write(out / "prompts", {"about": about, "means": means}, f"{page}\n{json.dumps(about['machine'])}\n")
    typer.echo(page)
    if wrong := broken(means):
        typer.echo("\n".join(wrong), err=True)
        raise typer.Exit(1)


def _progressing(shots: Sequence[FewShot], tried: Sequence[Trial], frame: Frame) -> Iterator[Measured]:
    with Progress(transient=True) as progress:
        bar = progress.add_task("few-shot prompts", total=len(shots))
        yield from run(shots, tried, frame, lambda: progress.advance(bar))


def _chosen(wanted: int, shots: int, tried: int) -> Iterator[tuple[int, int]]:
    """Pairs of prompt and trial, no two alike; prompt after prompt, each by another trial, until all have been."""
    for number in range(min(wanted, shots * tried)):
        turn, shot = divmod(number, shots)
        yield shot, (shot + turn) % tried


def _shown(found: Measured) -> str:
    row = found.row
    head = f"{row['id']}, {row['method']} {row['ratio']}: {row['tokens_before']} -> {row['tokens_after']} of {row['limit']} tokens"
    return "\n".join((f"=== {head}", *(f"--- {warning}" for warning in row["warnings"]), found.out.text, ""))
