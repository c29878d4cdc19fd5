"""``linguapress train``."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from linguapress.failures import one_line
from linguapress.training.lm_cli import align, lm
from linguapress.training.soft_cli import app as soft
from linguapress.training.terminal import bars, progress_bars

_UNFITTED = "fewer than 30 needed sentences to calibrate on; the probabilities of sentences are not fitted"

app = typer.Typer(help="Train the models that linguapress ships.", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Train the models that linguapress ships."""


@app.command()
def keep(
    data: Annotated[list[str], typer.Option(help="Folder with train.jsonl and dev.jsonl, or DIR=WEIGHT; repeat it.")],
    out: Annotated[Path, typer.Option(help="Folder for the model; an interrupted run in it goes on.", file_okay=False)],
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
    teacher: Annotated[
        list[str] | None, typer.Option(help="Keep model whose soft probabilities are learnt as well; repeat it.")
    ] = None,
    teacher_weight: Annotated[float, typer.Option(min=0, help="Weight of the divergence from the teachers.")] = 1.0,
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
    with one_line():
        settings = KeepSettings(
            base=base, data=tuple(DataSet.parse(item) for item in data), out=out, hold=tuple(hold or ()), hold_weight=hold_weight,
            epochs=epochs, batch=batch, rate=learning_rate, window=window, smoothing=smoothing, layer_decay=layer_decay,
            average=average, seed=seed, device=device, accumulate=accumulate, precision=precision, freeze_words=freeze_words,
            words_of=words_of, patience=patience, teachers=tuple(teacher or ()), teacher_weight=teacher_weight,
            unlabelled=tuple(unlabelled or ()), extra=extra, model_dtype=model_dtype, licence=licence,
        )  # fmt: skip
        with progress_bars() as progress:
            progress.disable |= not first
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
    with one_line():
        sets = {name: item.read("dev") for name, item in named([DataSet(folder) for folder in data]).items()}
        every = [example for examples in sets.values() for example in examples]
        metrics = measure(sets, scorer(model, every, device), rate)
    typer.echo(json.dumps(metrics, indent=1) if as_json else report(metrics))


@app.command()
def select(
    out: Annotated[Path, typer.Option(help="Folder for the selector; an interrupted run in it goes on.", file_okay=False)],
    data: Annotated[
        Path | None, typer.Option(help="Folder with public data sets, or some of them.", exists=True, file_okay=False)
    ] = None,
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
    questions: Annotated[list[Path] | None, typer.Option(help="JSON lines of further questions; repeat it.", exists=True)] = None,
    calibrate: Annotated[list[Path] | None, typer.Option(help="The same, to fit probabilities on; repeat it.", exists=True)] = None,
    mix: Annotated[list[str] | None, typer.Option(help="SOURCE=SHARE of the questions; repeat it. Default: see the card.")] = None,
    articles: Annotated[int, typer.Option(min=0, help="Wikipedia articles to search for negatives.")] = 2200,
    blocks: Annotated[int, typer.Option(min=0, help="Most blocks of an article, at random; 0 = all.")] = 0,
    measure_every: Annotated[int, typer.Option(min=0, help="Steps between measurements on dev questions.")] = 600,
    precision: Annotated[str, typer.Option(help="auto, bf16 or fp32; auto = bf16 where the hardware has it.")] = "auto",
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 = all.")] = 0,
    seed: Annotated[int, typer.Option()] = 0,
    device: Annotated[str, typer.Option()] = "auto",
) -> None:
    """A selector that reads question and passage together: ranks passages, finds the needed sentences.

    It learns from --questions, from public data sets in --data, or from both.
    """
    import torch

    from linguapress.models.devices import device_of
    from linguapress.training.own_questions import own_questions
    from linguapress.training.questions import absent
    from linguapress.training.select import SelectSettings, train
    from linguapress.training.select_start import notes_on

    if not (data or questions):
        raise typer.BadParameter("there is nothing to learn from; give questions with --questions, or data sets with --data")
    if threads:
        torch.set_num_threads(threads)
    with one_line():
        shares = _mix(mix)
        if data and (lacking := absent(data, shares)):
            typer.echo(f"{data} holds no questions of {', '.join(lacking)}", err=True)
        for note in notes_on(list(own_questions(questions or ()))):
            typer.echo(note, err=True)
        settings = SelectSettings(
            data, out, base, steps, groups, width, learning_rate, articles=articles, hardness=hardness, spare=spare,
            start=start, dropout=dropout, average=average, measure_every=measure_every, mix=shares, seed=seed,
            device=str(device_of(device)), questions=tuple(questions or ()), blocks=blocks, calibrate=tuple(calibrate or ()),
            precision=precision,
        )  # fmt: skip
        with progress_bars() as progress:
            metrics = train(settings, bars(progress))
    if calibrate and not metrics["calibrated"]:
        typer.echo(_UNFITTED, err=True)
    typer.echo(json.dumps(_best(metrics), indent=1))


@app.command()
def soup(
    model: Annotated[list[str], typer.Option(help="Selector: select or a folder, or MODEL=SHARE; repeat it.")],
    out: Annotated[Path, typer.Option(help="New folder for the selector.", file_okay=False)],
    calibrate: Annotated[
        list[Path] | None, typer.Option(help="JSON lines of questions to fit probabilities on; repeat it.", exists=True)
    ] = None,
    device: Annotated[str, typer.Option()] = "auto",
) -> None:
    """One selector of several that went on from the same one: the mean of their weights.

    A mean of a run and of what it started from (--model select=0.7 --model mine=0.3) learns less and forgets less.
    """
    from linguapress.models.devices import device_of
    from linguapress.training.corpus import weighted
    from linguapress.training.soup import soup as boil

    with one_line():
        _check_new(out)
        fitted = boil(_shares(map(weighted, model)), out, tuple(calibrate or ()), str(device_of(device)))
    if calibrate and not fitted:
        typer.echo(_UNFITTED, err=True)
    typer.echo(str(out))


def _shares(models: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Shares by model; those of one that is named twice are added."""
    found: dict[str, float] = {}
    for name, share in models:
        found[name] = found.get(name, 0.0) + share
    return found


def _best(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """How a selector ranks, and what it selects at its best threshold, as far as either was measured."""
    found = metrics["selection"]["thresholds"].items()
    best = max(found, key=lambda item: float(item[1]["f1"]), default=None)
    return {"ranking": metrics["ranking"], **({"threshold": best[0], **best[1]} if best else {})}


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


app.command()(lm)
app.command()(align)
app.add_typer(soft, name="soft")


@app.command()
def shrink(
    model: Annotated[str, typer.Option(help="Folder of a keep model, a selector or an encoder.")],
    out: Annotated[Path, typer.Option(help="New folder for the copy.")],
) -> None:
    """Copies a model with its weights as rows of int8: half the room on disk; linguapress reads it like any other.

    Transformers alone does not; keep the original to go on with it elsewhere.
    """
    with one_line():
        file = _shrunk(model, out)
    typer.echo(f"{file}: {file.stat().st_size:,} bytes", err=True)


def _check_new(out: Path) -> None:
    """Raises: FileExistsError: something is there, which would be lost, or mixed with what is written."""
    if out.exists():
        raise FileExistsError(f"{out} is there already; choose another --out")


def _shrunk(model: str, out: Path) -> Path:
    """The file of the copy's weights; nothing is left of a copy that fails."""
    from safetensors import SafetensorError

    from linguapress.models.stored import copy_rows, weights_file

    _check_new(out)
    try:
        return weights_file(copy_rows(model, out))
    except SafetensorError as error:
        shutil.rmtree(out, ignore_errors=True)
        raise ValueError(f"the weights of {model!r} cannot be read ({error}); copy or train the model again") from error
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        raise
