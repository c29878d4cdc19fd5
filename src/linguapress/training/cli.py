"""``linguapress train``."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from linguapress.errors import DistillationError

if TYPE_CHECKING:
    from linguapress.training.align_pairs import Pair
    from linguapress.training.distill.estimate import Estimate
    from linguapress.training.distill.run import RunSettings, Tally
    from linguapress.training.distill.teacher import Teacher

app = typer.Typer(help="Train the models that linguapress ships.", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Train the models that linguapress ships."""


@app.command()
def keep(
    data: Annotated[list[str], typer.Option(help="Folder with train.jsonl and dev.jsonl, or DIR=WEIGHT; repeat it.")],
    out: Annotated[Path, typer.Option(help="Folder for the model; an interrupted run in it goes on.")],
    hold: Annotated[list[Path] | None, typer.Option(help="JSON lines whose embeddings are held as well; repeat it.")] = None,
    base: Annotated[
        str, typer.Option(help="Encoder to start from: mini, folder, hub name, or the one of the extra train.")
    ] = "all-MiniLM-L6-v2",
    epochs: Annotated[int, typer.Option(min=1)] = 6,
    batch: Annotated[int, typer.Option(min=1, help="Texts that a process reads at once.")] = 12,
    accumulate: Annotated[int, typer.Option(min=1, help="Batches of a process that make a step.")] = 1,
    learning_rate: Annotated[float, typer.Option(min=0)] = 2e-4,
    layer_decay: Annotated[float, typer.Option(min=0, max=1, help="Learning rate of a layer as a share of the one above.")] = 1.0,
    smoothing: Annotated[float, typer.Option(min=0, max=0.5, help="Label smoothing.")] = 0.03,
    window: Annotated[int, typer.Option(min=16, help="Tokens; longer texts are trained in windows.")] = 320,
    hold_weight: Annotated[float, typer.Option(min=0, help="Weight of holding the embeddings; 0 = let them move.")] = 2.0,
    patience: Annotated[int, typer.Option(min=0, help="Epochs without a better dev F1 before it ends; 0 = run all epochs.")] = 0,
    freeze_words: Annotated[bool, typer.Option("--freeze-words", help="Leave the word embeddings as they are.")] = False,
    words_of: Annotated[str, typer.Option(help="Take over the word embeddings of this model before training.")] = "",
    teacher: Annotated[str, typer.Option(help="Keep model whose soft probabilities are learnt as well.")] = "",
    teacher_weight: Annotated[float, typer.Option(min=0, help="Weight of the divergence from the teacher.")] = 1.0,
    unlabelled: Annotated[
        list[Path] | None, typer.Option(help="More texts for the teacher: JSON lines, or .txt with a text a line; repeat it.")
    ] = None,
    extra: Annotated[float, typer.Option(min=0, help="Unlabelled texts in a step for each labelled one.")] = 0.25,
    average: Annotated[float, typer.Option(min=0, max=1, help="Decay of the average of the weights; 0 = none.")] = 0.995,
    precision: Annotated[str, typer.Option(help="auto, bf16 or fp32.")] = "auto",
    model_dtype: Annotated[str, typer.Option(help="Precision of the written model: float16, bfloat16 or float32.")] = "float16",
    licence: Annotated[str, typer.Option(help="Licence of the model, for its card.")] = "",
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 = all.")] = 0,
    seed: Annotated[int, typer.Option()] = 0,
    device: Annotated[str, typer.Option()] = "auto",
) -> None:
    """A keep / drop token classifier on any encoder, from teachers' compressions.

    Options left alone, it is the model that linguapress ships: embeddings are held in place. `accelerate launch -m linguapress
    train keep ...` shares each step between several processes.
    """
    import torch

    from linguapress.training.keep import DataSet, KeepSettings, train

    first = os.environ.get("RANK", "0") == "0"  # of the processes that share the work one speaks
    if threads:
        torch.set_num_threads(threads)
    with _one_line():
        settings = KeepSettings(
            base=base, data=tuple(DataSet.parse(item) for item in data), out=out, hold=tuple(hold or ()), hold_weight=hold_weight,
            epochs=epochs, batch=batch, rate=learning_rate, window=window, smoothing=smoothing, layer_decay=layer_decay,
            average=average, seed=seed, device=device, accumulate=accumulate, precision=precision, freeze_words=freeze_words,
            words_of=words_of, patience=patience, teacher=teacher, teacher_weight=teacher_weight,
            unlabelled=tuple(unlabelled or ()), extra=extra, model_dtype=model_dtype, licence=licence,
        )  # fmt: skip
        with _progress() as progress:
            progress.disable = not first
            bar = progress.add_task("keep")

            def show(step: int, total: int, losses: dict[str, float]) -> None:
                label = " ".join(f"{name} {value:.3f}" for name, value in losses.items())
                progress.update(bar, completed=step, total=total, description=label)

            metrics = train(settings, show)
    if first:
        typer.echo(json.dumps({"dev": metrics["dev"]["all"], **metrics["baselines"]}, indent=1))


@app.command()
def keep_report(
    model: Annotated[str, typer.Option(help="Keep model: mini, a folder, or a hub name.")],
    data: Annotated[list[Path], typer.Option(help="Folder with dev.jsonl; repeat it.")],
    rate: Annotated[float | None, typer.Option(min=0, max=1, help="Share of all words to keep; default: the teacher's.")] = None,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 = all.")] = 0,
    device: Annotated[str, typer.Option()] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Figures as JSON.")] = False,
) -> None:
    """Measures any keep model on dev data: F1 and AUC by source, and what one threshold keeps of each source."""
    import torch

    from linguapress.training.corpus import DataSet, named
    from linguapress.training.keep_card import report
    from linguapress.training.keep_measure import measure, scorer

    if threads:
        torch.set_num_threads(threads)
    with _one_line():
        sets = {name: item.read("dev") for name, item in named([DataSet(folder) for folder in data]).items()}
        every = [example for examples in sets.values() for example in examples]
        metrics = measure(sets, scorer(model, every, device), rate)
    typer.echo(json.dumps(metrics, indent=1) if as_json else report(metrics))


@app.command()
def select(
    data: Annotated[Path, typer.Option(help="Folder with the data sets.", exists=True, file_okay=False)],
    out: Annotated[Path, typer.Option(help="Folder for the selector; an interrupted run in it goes on.")],
    base: Annotated[str, typer.Option(help="Encoder to start from: mini (word embeddings are shared), folder, name.")] = "mini",
    steps: Annotated[int, typer.Option(min=1)] = 3600,
    groups: Annotated[int, typer.Option(min=1, help="Questions a step.")] = 3,
    width: Annotated[int, typer.Option(min=2, help="Passages for each question.")] = 12,
    learning_rate: Annotated[float, typer.Option(min=0)] = 1e-4,
    hardness: Annotated[float, typer.Option(min=0, help="How soon the chance of a negative falls with its place.")] = 0.12,
    spare: Annotated[float, typer.Option(min=1, help="Negatives drawn for each one learnt from: the hardest.")] = 1.0,
    dropout: Annotated[float, typer.Option(min=0, max=0.9)] = 0.0,
    average: Annotated[float, typer.Option(min=0, max=1, help="Decay of the average of the weights.")] = 0.999,
    start: Annotated[str, typer.Option(help="Selector to go on from: select, or a folder; default: new heads on the base.")] = "",
    mix: Annotated[list[str] | None, typer.Option(help="SOURCE=SHARE of the questions; repeat it. Default: see the card.")] = None,
    articles: Annotated[int, typer.Option(min=0, help="Wikipedia articles to search for negatives.")] = 2200,
    measure_every: Annotated[int, typer.Option(min=0, help="Steps between measurements on dev questions.")] = 600,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 = all.")] = 0,
    seed: Annotated[int, typer.Option()] = 0,
    device: Annotated[str, typer.Option()] = "auto",
) -> None:
    """A selector that reads question and passage together: ranks passages, finds the needed sentences."""
    import torch

    from linguapress.models.devices import device_of
    from linguapress.training.select import SelectSettings, train

    if threads:
        torch.set_num_threads(threads)
    settings = SelectSettings(
        data, out, base, steps, groups, width, learning_rate, articles=articles, hardness=hardness, spare=spare, start=start,
        dropout=dropout, average=average, measure_every=measure_every, mix=_mix(mix), seed=seed, device=str(device_of(device)),
    )  # fmt: skip
    with _progress() as progress:
        metrics = train(settings, _bars(progress))
    best = max(metrics["selection"]["thresholds"].items(), key=lambda item: float(item[1]["f1"]))
    typer.echo(json.dumps({"ranking": metrics["ranking"], "threshold": best[0], **best[1]}, indent=1))


def _mix(shares: Sequence[str] | None) -> dict[str, float]:
    """Shares of the sources as they were given, or the usual ones."""
    from linguapress.training.groups import MIX

    try:
        found = {name: float(share) for name, share in (item.split("=") for item in shares or ())} or dict(MIX)
    except ValueError as error:
        raise typer.BadParameter(f"cannot read {shares}; write --mix nq=0.5 --mix labelled=0.5") from error
    if unknown := found.keys() - MIX.keys():
        raise typer.BadParameter(f"unknown source {min(unknown)!r}; choose among {', '.join(MIX)}")
    return found


@app.command()
def lm(
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
    with _one_line():
        settings = LmSettings(
            data, out, minutes, tokens, vocabulary, layers, width, inner, heads, window, batch, micro, learning_rate, warm, decay,
            optimizer=optimizer, precision=precision, model_dtype=model_dtype, measure_every=measure_every, seed=seed,
            device=device, licence=licence,
        )  # fmt: skip
        with _progress() as progress:
            metrics = train(settings, _bars(progress))
    found = {key: metrics[key] for key in ("parameters", "file_bytes", "tokens", "seconds", "test")}
    typer.echo(json.dumps(found, indent=1))


@app.command()
def align(
    out: Annotated[Path, typer.Option(help="Folder for the model; an interrupted run in it goes on.", file_okay=False)],
    pairs: Annotated[list[Path] | None, typer.Option(help="JSON lines with instruction, input and output; repeat it.")] = None,
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

    From --pairs of instructions and the target's outputs, or from --instructions that a --teacher answers: resumable, priced
    beforehand. Measured before and after on pairs that are held out.
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
    with _one_line():
        data = list(pairs or ())
        if instructions is not None:
            asked = RunSettings(
                concurrency, per_minute, timeout=timeout, retry_failed=retry_failed, most_cost=most_cost,
                prices=Prices(price_in, price_out),
            )  # fmt: skip
            who, items = teacher_of(teacher, base_url, key_variable, temperature, timeout), read_instructions(instructions)
            left = expected(items, who.name, out, asked)
            typer.echo(_left(left), err=not dry_run)
            if dry_run:
                return
            if left.requests and not (yes or _agreed()):
                raise typer.Exit(1)
            data.append(_answered(items, who, out, asked))
        settings = AlignSettings(
            tuple(data), out, base, target, lora_rank, lora_alpha, epochs, batch, micro, learning_rate, warm, decay, window,
            dev_share, measure_every, patience, precision, model_dtype, seed, device, licence,
        )  # fmt: skip
        with _progress() as progress:
            metrics = train(settings, _bars(progress))
    found = {key: metrics[key] for key in ("parameters", "trained", "steps", "chosen_step", "pairs", "held_out")}
    typer.echo(json.dumps(found, indent=1))


def _left(expected: Estimate) -> str:
    """What is left to ask of a teacher, in one line."""
    usage = expected.usage
    return (
        f"{expected.requests:,} instructions to ask, {expected.answered:,} answered before; "
        f"about {usage.tokens_in:,} tokens in, {usage.tokens_out:,} out, cost about {expected.cost:,.4f}"
    )


def _agreed() -> bool:
    """The user's word, where there is one to ask.

    Raises:
        ValueError: nobody is there; a script must say ``--yes``.
    """
    if not sys.stdin.isatty():
        raise ValueError("nobody is here to agree to the estimate; add --yes to start")
    return typer.confirm("Start?", err=True)


def _answered(items: Sequence[Pair], teacher: Teacher, out: Path, settings: RunSettings) -> Path:
    """The file of pairs that a teacher has answered."""
    from linguapress.training.align_answers import answer

    with _progress() as progress:
        show = _bars(progress)

        def told(tally: Tally) -> None:
            show("asking", tally.answered + tally.failed, tally.total, {"cost": tally.cost, "failed": tally.failed})

        found = asyncio.run(answer(items, teacher, out, settings, told))
    typer.echo(f"{found.answered:,} answers, {found.unanswered:,} instructions without one: {found.pairs}", err=True)
    return found.pairs


@app.command()
def shrink(
    model: Annotated[str, typer.Option(help="Folder of a keep model, a selector or an encoder.")],
    out: Annotated[Path, typer.Option(help="New folder for the copy.")],
) -> None:
    """Copies a model with its weights as rows of int8: half the room on disk; linguapress reads it like any other.

    Transformers alone does not; keep the original to go on with it elsewhere.
    """
    from linguapress.models.stored import copy_rows, weights_file

    with _one_line():
        file = weights_file(copy_rows(model, out))
    typer.echo(f"{file}: {file.stat().st_size:,} bytes", err=True)


@contextmanager
def _one_line() -> Iterator[None]:
    """Turns what the user can mend into one line on standard error; ``LINGUAPRESS_TRACEBACK=1`` lets it through."""
    try:
        yield
    except (OSError, ValueError, ImportError, DistillationError) as error:
        if os.environ.get("LINGUAPRESS_TRACEBACK"):
            raise
        typer.echo(f"error: {' '.join(str(error).split())}", err=True)
        raise typer.Exit(1) from error


def _progress() -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())


def _bars(progress: Progress) -> Callable[[str, int, int, dict[str, float]], None]:
    """Shows each task of a training as a bar of its own."""
    bars: dict[str, TaskID] = {}

    def show(task: str, step: int, total: int, figures: dict[str, float]) -> None:
        if task not in bars:
            bars[task] = progress.add_task(task)
        label = " ".join((task, *(f"{name} {value:.3g}" for name, value in figures.items())))
        progress.update(bars[task], completed=step, total=total or None, description=label)

    return show
