"""``linguapress train soft pretrain`` and ``linguapress train soft finetune``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linguapress.failures import one_line
from linguapress.training.terminal import bars, progress_bars

if TYPE_CHECKING:
    from linguapress.training.soft_settings import SoftTraining

app = typer.Typer(help="Train a soft compressor: texts become a few memory tokens of one language model.", no_args_is_help=True)

Data = Annotated[list[Path], typer.Option(help="JSON lines, gzipped or not; repeat it.", exists=True, dir_okay=False)]
Out = Annotated[Path, typer.Option(help="Folder for the compressor; an interrupted run in it goes on.", file_okay=False)]
Lm = Annotated[str, typer.Option(help="Causal language model that will read the memories: lm, a folder, or a hub name.")]
Minutes = Annotated[float, typer.Option(min=0, help="Minutes of training; the schedule ends with them.")]
Steps = Annotated[int, typer.Option(min=0, help="Optimizer steps, instead of --minutes.")]
Batch = Annotated[int, typer.Option(min=1, help="Items of a step.")]
Micro = Annotated[int, typer.Option(min=0, help="Items computed at once; a step is summed from its parts. 0 = all.")]
Optimizer = Annotated[str, typer.Option(help="muon or adamw (as in the paper), for the matrices of the adapter.")]
Rate = Annotated[float, typer.Option(min=0, help="A model of a few million parameters wants 5e-3, the paper's has 1e-4.")]
Warm = Annotated[float, typer.Option(min=0, max=0.9, help="Share of the budget over which the rate rises.")]
Schedule = Annotated[str, typer.Option(help="linear (to zero) or constant (as in the paper).")]
Distil = Annotated[float, typer.Option(min=0, help="Weight of the divergence from the model that reads the text itself.")]
Nested = Annotated[bool, typer.Option("--nested", help="Learn 1, 2, 4 ... k memory tokens at once.")]
MeasureEvery = Annotated[int, typer.Option(min=0, help="Steps between measurements on held-out data; 0 = only at the end.")]
Held = Annotated[int, typer.Option(min=2, help="Items that are measured on.")]
Precision = Annotated[str, typer.Option(help="Of the language model: auto, bf16 or fp32.")]
Licence = Annotated[str, typer.Option(help="Licence of the compressor, for its card.")]
Threads = Annotated[int, typer.Option(min=0, help="CPU threads; 0 = all.")]


@app.command()
def pretrain(  # noqa: PLR0913 - each parameter is an option of the command line
    data: Data,
    out: Out,
    lm: Lm = "lm",
    method: Annotated[str, typer.Option(help="500x (key-values) or icae (embeddings).")] = "500x",
    preset: Annotated[str, typer.Option(help="default, or paper: as the published code of 500xCompressor.")] = "default",
    k: Annotated[int, typer.Option(min=1, help="Memory tokens for a text.")] = 16,
    longest: Annotated[int, typer.Option(min=1, help="Most tokens of a text.")] = 500,
    shortest: Annotated[int, typer.Option(min=0, help="Fewest tokens of a text; 0 = all are of --longest.")] = 0,
    growing: Annotated[float, typer.Option(min=0, max=1, help="Share of the run over which texts grow to --longest.")] = 0.0,
    rank: Annotated[int, typer.Option(min=0, help="Rank of the adapter; 0 = as the preset says.")] = 0,
    anchored: Annotated[
        bool | None,
        typer.Option("--anchored/--no-anchored", help="Memory tokens begin as tokens of the text; default: the preset's."),
    ] = None,
    minutes: Minutes = 0.0,
    steps: Steps = 0,
    batch: Batch = 16,
    micro: Micro = 0,
    optimizer: Optimizer = "muon",
    learning_rate: Rate = 1e-3,
    warm: Warm = 0.03,
    schedule: Schedule = "linear",
    continuation: Annotated[float, typer.Option(min=0, help="Weight of the loss of going on with the text.")] = 0.0,
    following: Annotated[int, typer.Option(min=2, help="Tokens behind the text that are gone on with.")] = 32,
    distil: Distil = 0.0,
    nested: Nested = False,
    measure_every: MeasureEvery = 0,
    held: Held = 64,
    precision: Precision = "auto",
    licence: Licence = "",
    threads: Threads = 0,
    seed: Annotated[int, typer.Option()] = 0,
    device: Annotated[str, typer.Option()] = "auto",
) -> None:
    """The model says texts again, given nothing but their memories (500xCompressor, section 3.2)."""
    from linguapress.training.soft_settings import SoftTraining

    with one_line():
        settings = SoftTraining(
            "pretrain", tuple(data), out, lm, None, method, preset, k, longest, shortest, growing, rank, anchored, minutes, steps,
            batch, micro or batch, optimizer, learning_rate, warm, schedule, continuation, following,
            distil=distil, nested=nested, measure_every=measure_every, held=held, precision=precision, seed=seed, device=device,
            licence=licence,
        )  # fmt: skip
        _train(settings, threads)


@app.command()
def finetune(  # noqa: PLR0913 - each parameter is an option of the command line
    data: Data,
    out: Out,
    start: Annotated[Path, typer.Option(help="Folder of the pretrained compressor.", exists=True, file_okay=False)],
    lm: Lm = "lm",
    longest: Annotated[int, typer.Option(min=1, help="Most tokens of a chunk; at most as many as it was pretrained for.")] = 500,
    minutes: Minutes = 0.0,
    steps: Steps = 0,
    batch: Batch = 16,
    micro: Micro = 0,
    optimizer: Optimizer = "muon",
    learning_rate: Rate = 5e-4,
    warm: Warm = 0.03,
    schedule: Schedule = "linear",
    recite: Annotated[float, typer.Option(min=0, help="Weight of saying the chunks again; 0 = as in the paper.")] = 1.0,
    distil: Distil = 0.0,
    nested: Nested = False,
    chunks: Annotated[int, typer.Option(min=1, help="Most chunks in a prompt, of which one holds the answer.")] = 1,
    layout: Annotated[str, typer.Option(help="Where several memories stand: spread, contiguous or parallel.")] = "spread",
    measure_every: MeasureEvery = 0,
    held: Held = 64,
    precision: Precision = "auto",
    licence: Licence = "",
    threads: Threads = 0,
    seed: Annotated[int, typer.Option()] = 0,
    device: Annotated[str, typer.Option()] = "auto",
) -> None:
    """The model answers questions from memories (500xCompressor, section 3.3); paragraphs with questions in SQuAD's form."""
    from linguapress.training.soft_settings import SoftTraining

    with one_line():
        settings = SoftTraining(
            "finetune", tuple(data), out, lm, start, longest=longest, minutes=minutes, steps=steps, batch=batch,
            micro=micro or batch, optimizer=optimizer, rate=learning_rate, warm=warm, schedule=schedule, recite=recite,
            distil=distil, nested=nested, chunks=chunks, layout=layout, measure_every=measure_every, held=held,
            precision=precision, seed=seed, device=device, licence=licence,
        )  # fmt: skip
        _train(settings, threads)


def _train(settings: SoftTraining, threads: int) -> None:
    import torch

    from linguapress.training.soft import train

    if threads:
        torch.set_num_threads(threads)
    with progress_bars() as progress:
        metrics = train(settings, bars(progress))
    found = {key: metrics[key] for key in ("parameters", "steps", "items", "seconds", "held_out")}
    typer.echo(json.dumps(found, indent=1))
