"""``linguapress train lm`` and ``linguapress train align``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linguapress.failures import FAILURE, agreed, one_line
from linguapress.training.terminal import bars, progress_bars

if TYPE_CHECKING:
    from linguapress.training.align_pairs import Pair
    from linguapress.training.distill.run import RunSettings, Tally
    from linguapress.training.distill.teacher import Teacher


def lm(  # noqa: PLR0913 - each parameter is an option of the command line
    data: Annotated[Path, typer.Option(help="Folder with train*.jsonl(.gz), valid and test; records have the field text.")],
    out: Annotated[Path, typer.Option(help="Folder for the model; an interrupted run in it goes on.")],
    minutes: Annotated[float, typer.Option(min=0, help="Minutes of training; the schedule ends with them.")] = 0.0,
    tokens: Annotated[int, typer.Option(min=0, help="Tokens to learn from, instead of --minutes.")] = 0,
    vocabulary: Annotated[int, typer.Option(help="Tokens of the byte-level BPE.")] = 16384,
    layers: Annotated[int, typer.Option(min=1)] = 6,
    width: Annotated[int, typer.Option(min=2, help="Width of hidden states.")] = 320,
    inner: Annotated[int, typer.Option(min=1, help="Width inside the feed-forward layers.")] = 864,
    heads: Annotated[int, typer.Option(min=1)] = 5,
    window: Annotated[int, typer.Option(min=8, help="Tokens that the model reads at once.")] = 1024,
    batch: Annotated[int, typer.Option(min=1, help="Windows of a step.")] = 8,
    micro: Annotated[int, typer.Option(min=1, help="Windows computed at once; a step is summed from its parts.")] = 8,
    learning_rate: Annotated[float, typer.Option(min=0)] = 4e-3,
    warm: Annotated[float, typer.Option(min=0, max=0.9, help="Share of the budget over which the rate rises.")] = 0.02,
    decay: Annotated[float, typer.Option(min=0, help="Weight decay.")] = 0.1,
    optimizer: Annotated[str, typer.Option(help="muon or adamw.")] = "muon",
    precision: Annotated[str, typer.Option(help="auto, bf16 or fp32.")] = "auto",
    model_dtype: Annotated[str, typer.Option(help="Precision of the written model: float16, bfloat16 or float32.")] = "float16",
    measure_every: Annotated[int, typer.Option(min=0, help="Steps between measurements on valid; 0 = none.")] = 500,
    licence: Annotated[str, typer.Option(help="Licence of the model, for its card.")] = "",
    copying: Annotated[float, typer.Option(min=0, max=1, help="Share of windows with texts said twice.")] = 0.0,
    asking: Annotated[float, typer.Option(min=0, max=1, help="Share of windows with questions and answers.")] = 0.0,
    questions: Annotated[list[Path] | None, typer.Option(help="Paragraphs with questions, in SQuAD's form; repeat it.")] = None,
    chunk: Annotated[int, typer.Option(min=1, help="Most tokens of a text said twice or asked about.")] = 96,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 = all.")] = 0,
    seed: Annotated[int, typer.Option()] = 0,
    device: Annotated[str, typer.Option()] = "auto",
) -> None:
    """A small causal language model from scratch, for --minutes or for --tokens: a stand-in for tests and comparisons.

    Measured on test articles in perplexity and bits per byte, next to a 5-gram model and gzip.
    """
    import torch

    from linguapress.training.lm import LmSettings, train

    if threads:
        torch.set_num_threads(threads)
    with one_line():
        settings = LmSettings(
            data, out, minutes, tokens, vocabulary, layers, width, inner, heads, window, batch, micro, learning_rate, warm, decay,
            optimizer=optimizer, precision=precision, model_dtype=model_dtype, measure_every=measure_every, seed=seed,
            device=device, licence=licence, copying=copying, asking=asking,
            questions=tuple(questions or ()), chunk=chunk,
        )  # fmt: skip
        with progress_bars() as progress:
            metrics = train(settings, bars(progress))
    found = {key: metrics[key] for key in ("parameters", "file_bytes", "tokens", "seconds", "test", "copying")}
    typer.echo(json.dumps(found, indent=1))


def align(  # noqa: PLR0913 - each parameter is an option of the command line
    out: Annotated[Path, typer.Option(help="Folder for the model; an interrupted run in it goes on.", file_okay=False)],
    pairs: Annotated[list[Path] | None, typer.Option(help="JSON lines with instruction, input and output; repeat it.")] = None,
    questions: Annotated[
        list[Path] | None, typer.Option(help="JSON lines of questions with passages, as train select reads them; repeat it.")
    ] = None,
    instructions: Annotated[Path | None, typer.Option(help="Instructions to be answered: JSON lines, or text, one a line.")] = None,
    teacher: Annotated[str, typer.Option(help="Who answers: openai:MODEL, or langchain:package.module:factory.")] = "",
    base_url: Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible service.", show_default=False)] = None,
    key_variable: Annotated[str, typer.Option(help="Environment variable with the service's key.")] = "OPENAI_API_KEY",
    temperature: Annotated[float | None, typer.Option(min=0, help="Of the teacher; default: the service's own.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests under way at once.")] = 8,
    per_minute: Annotated[float | None, typer.Option(min=0.01, help="Requests a minute; default: no limit.")] = None,
    timeout: Annotated[float, typer.Option(min=0.01, help="Seconds that one try may take.")] = 120.0,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask again what was refused before.")] = False,
    price_in: Annotated[float, typer.Option(min=0, help="Price of a million tokens in.")] = 0.0,
    price_out: Annotated[float, typer.Option(min=0, help="Price of a million tokens out.")] = 0.0,
    most_cost: Annotated[float | None, typer.Option(min=0, help="Do not start, nor go on, above this cost.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what asking would cost, do nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before the teacher is asked.")] = False,
    base: Annotated[str, typer.Option(help="Causal language model to start from: lm, a folder, or a hub name.")] = "lm",
    target: Annotated[str, typer.Option(help="Causal language model with the same tokenizer to measure the divergence from.")] = "",
    lora_rank: Annotated[int, typer.Option(min=0, help="Rank of adapters (extra train); 0 = all weights are tuned.")] = 0,
    lora_alpha: Annotated[float, typer.Option(min=0, help="Their scale, times the rank.")] = 16.0,
    epochs: Annotated[int, typer.Option(min=1)] = 3,
    batch: Annotated[int, typer.Option(min=1, help="Pairs of a step.")] = 16,
    micro: Annotated[int, typer.Option(min=1, help="Pairs computed at once; a step is summed from its parts.")] = 4,
    learning_rate: Annotated[float, typer.Option(min=0)] = 1e-4,
    warm: Annotated[float, typer.Option(min=0, max=0.9, help="Share of the steps over which the rate rises.")] = 0.05,
    decay: Annotated[float, typer.Option(min=0, help="Weight decay.")] = 0.0,
    window: Annotated[int, typer.Option(min=0, help="Tokens read at once; longer outputs are cut. 0 = the model's.")] = 0,
    dev_share: Annotated[float, typer.Option(min=0, max=1, help="Share of the pairs to measure on.")] = 0.1,
    measure_every: Annotated[int, typer.Option(min=0, help="Steps between measurements; 0 = after each epoch.")] = 0,
    patience: Annotated[int, typer.Option(min=0, help="Measurements without a better one before it ends; 0 = all epochs.")] = 2,
    precision: Annotated[str, typer.Option(help="auto, bf16 or fp32.")] = "auto",
    model_dtype: Annotated[str, typer.Option(help="Precision of the written model: float16, bfloat16 or float32.")] = "float16",
    licence: Annotated[str, typer.Option(help="Licence of the model, for its card.")] = "",
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 = all.")] = 0,
    seed: Annotated[int, typer.Option()] = 0,
    device: Annotated[str, typer.Option()] = "auto",
) -> None:
    """A small causal language model learns how the target LLM writes: LLMLingua's distribution alignment.

    From --pairs of instructions and the target's outputs, from --instructions that a --teacher answers (resumable, priced
    beforehand), or from --questions that the target asked of passages, which is what longllmlingua ranks by. Measured before and
    after on pairs that are held out.
    """
    import torch

    from linguapress.training.align import AlignSettings, train
    from linguapress.training.align_answers import expected
    from linguapress.training.align_pairs import read_instructions
    from linguapress.training.distill.estimate import Prices
    from linguapress.training.distill.run import RunSettings
    from linguapress.training.distill.teachers import teacher_of

    if threads:
        torch.set_num_threads(threads)
    if instructions is None and (teacher or dry_run):
        raise typer.BadParameter("a teacher answers instructions; name a file of them with --instructions")
    with one_line():
        data = list(pairs or ())
        if instructions is not None:
            asked = RunSettings(
                concurrency, per_minute, timeout=timeout, retry_failed=retry_failed, most_cost=most_cost,
                prices=Prices(price_in, price_out),
            )  # fmt: skip
            who, items = teacher_of(teacher, base_url, key_variable, temperature, timeout), read_instructions(instructions)
            left = expected(items, who.name, out, asked)
            typer.echo(left.told("instructions", bool(price_in or price_out)), err=not dry_run)
            if dry_run:
                return
            if left.requests and not (yes or agreed(FAILURE)):
                raise typer.Exit(1)
            data.append(_answered(items, who, out, asked))
        settings = AlignSettings(
            tuple(data), out, base, target, lora_rank, lora_alpha, epochs, batch, micro, learning_rate, warm, decay, window,
            dev_share, measure_every, patience, precision, model_dtype, seed, device, licence, tuple(questions or ()),
        )  # fmt: skip
        with progress_bars() as progress:
            metrics = train(settings, bars(progress))
    found = {key: metrics[key] for key in ("parameters", "trained", "steps", "chosen_step", "pairs", "held_out")}
    typer.echo(json.dumps(found, indent=1))


def _answered(items: Sequence[Pair], teacher: Teacher, out: Path, settings: RunSettings) -> Path:
    """The file of pairs that a teacher has answered."""
    from linguapress.training.align_answers import answer

    with progress_bars() as progress:
        show = bars(progress)

        def told(tally: Tally) -> None:
            show("asking", tally.answered + tally.failed, tally.total, {"cost": tally.cost, "failed": tally.failed})

        found = asyncio.run(answer(items, teacher, out, settings, told))
    typer.echo(f"{found.answered:,} answers, {found.unanswered:,} instructions without one: {found.pairs}", err=True)
    return found.pairs
