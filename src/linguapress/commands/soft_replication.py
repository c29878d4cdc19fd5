"""``linguapress replicate-soft``: 500xCompressor and ICAE from nothing, on a small language model of one's own.

The base model is trained first: to write, to copy, and to answer from what it has read; a base that cannot copy teaches nothing.
Then compressors for several numbers of memory tokens and several seeds, pretrained and finetuned, each a run of ``linguapress train
soft`` and each measured by ``linguapress bench-soft``; what is there already is not done again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

from linguapress.commands.soft_page import draw, page
from linguapress.commands.soft_plan import CHUNK, FAR, RECIPES, Cell, Plan, Round

app = typer.Typer(help="Replicate 500xCompressor and ICAE on a small language model.", no_args_is_help=True)


@app.command()
def run(  # noqa: PLR0913 - each parameter is an option of the command line
    texts: Annotated[Path, typer.Option(help="Folder with train*.jsonl(.gz), valid and test of texts.", exists=True)],
    questions: Annotated[list[Path], typer.Option(help="Paragraphs with questions in SQuAD's form; repeat it.", exists=True)],
    unseen: Annotated[list[Path], typer.Option(help="The same of a domain that is not learnt from; repeat it.", exists=True)],
    out: Annotated[Path, typer.Option(help="Folder of all runs; a second call goes on in it.", file_okay=False)],
    results: Annotated[Path, typer.Option(help="NAME: NAME.json, NAME.md and NAME.svg are written.")] = Path("soft"),
    base_minutes: Annotated[float, typer.Option(min=0.01, help="Training of the base model.")] = 24,
    pretrain: Annotated[int, typer.Option(min=1, help="Steps of k = 16; the others have fewer.")] = 8000,
    finetune: Annotated[int, typer.Option(min=1, help="Steps of the first round of the best compressor.")] = 4000,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of k = 1 and k = 16; the others have one.")] = 3,
    processes: Annotated[int, typer.Option(min=1, help="Runs at once, each on one thread.")] = 2,
    limit: Annotated[int, typer.Option(min=2, help="Texts and questions that are measured on.")] = 400,
    report: Annotated[bool, typer.Option("--report", help="Run nothing; tell of what is there.")] = False,
) -> None:
    """Trains a base, then a compressor for each number of memory tokens, method and seed; writes what was found."""
    plan = Plan(texts, tuple(questions), tuple(unseen), out, base_minutes, pretrain, finetune, seeds, limit)
    if not report:
        base(plan)
        with ThreadPoolExecutor(processes) as pool:
            list(pool.map(lambda cell: work(plan, cell), plan.cells()))
    cells = [measured for cell in plan.cells() if (measured := found_of(plan, cell))]
    if not cells:
        raise typer.BadParameter(f"no compressor in {out} is done yet; leave --report out, or wait")
    found = {"base": about_base(plan), "cells": cells}
    results.parent.mkdir(parents=True, exist_ok=True)
    results.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    text = page(found, results.with_suffix(".svg").name)
    results.with_suffix(".md").write_text(text, encoding="utf-8")
    results.with_suffix(".svg").write_bytes(draw(found))
    typer.echo(text)


def base(plan: Plan) -> None:
    """Trains the base model, unless it is there."""
    folder = plan.out / "base"
    if not (folder / "metrics.json").exists():
        call(
            plan.out / "base.log", "train", "lm", "--data", plan.texts, "--out", folder, "--minutes", plan.minutes,
            "--vocabulary", 2048, "--layers", 4, "--width", 192, "--inner", 512, "--heads", 6, "--window", 512, "--batch", 4,
            "--micro", 4, "--learning-rate", 0.005, "--copying", 0.45, "--asking", 0.3,
            *repeated("--questions", plan.questions), "--chunk", CHUNK, "--measure-every", 1000, "--model-dtype", "float32",
            "--threads", 1,
        )  # fmt: skip


def work(plan: Plan, cell: Cell) -> None:
    """Everything that a cell needs, unless it is there."""
    pretrained(plan, cell)
    said(plan, cell)
    if plan.asks(cell):
        finetuned(plan, cell)
        answered(plan, cell)
    if cell == plan.best:
        for chunks in (1, FAR):
            beside(plan, cell, chunks)


def pretrained(plan: Plan, cell: Cell) -> None:
    """Learns to let the base say texts again."""
    folder = plan.out / "pretrain" / cell.name
    if not (folder / "metrics.json").exists():
        texts = sorted(plan.texts.glob("train*"))[:1]
        call(
            folder.with_suffix(".log"), "train", "soft", "pretrain", *repeated("--data", texts), "--out", folder, "--lm",
            plan.out / "base", "--method", cell.method, "--k", cell.k, "--longest", CHUNK, "--shortest", CHUNK // 2, "--steps",
            plan.steps(cell), "--batch", 8, "--learning-rate", 5e-3, "--seed", cell.seed, "--measure-every", 500, "--threads", 1,
            *RECIPES[cell.recipe],
        )  # fmt: skip


def finetuned(plan: Plan, cell: Cell) -> None:
    """Learns to let the base answer questions, round by round.

    The chunks are said again all the while: without that the memory is unlearnt before answering is learnt.
    """
    start = plan.out / "pretrain" / cell.name
    for number, one in enumerate(plan.rounds(cell)):
        folder, steps = tuned(plan, cell, one), max(1, round(plan.finetune * one.share))
        if not (folder / "metrics.json").exists():
            call(
                folder.with_suffix(".log"), "train", "soft", "finetune", *repeated("--data", plan.questions), "--out", folder,
                "--start", start, "--lm", plan.out / "base", "--longest", CHUNK, "--steps", steps,
                "--batch", 16, "--recite", 1, "--learning-rate", one.rate, "--seed", cell.seed + number, "--chunks", one.chunks,
                "--threads", 1,
            )  # fmt: skip
        start = folder


def said(plan: Plan, cell: Cell) -> None:
    """Lets the pretrained compressor's texts be said again."""
    out = plan.out / "said" / f"{cell.name}.json"
    if not out.exists():
        texts = repeated("--texts", sorted(plan.texts.glob("test*")))
        call(out.with_suffix(".log"), "bench-soft", plan.out / "pretrain" / cell.name, "--out", out, *common(plan), *texts)


def answered(plan: Plan, cell: Cell) -> None:
    """Asks questions of the finetuned compressor's memories."""
    out = plan.out / "answered" / f"{cell.name}.json"
    if not out.exists():
        asked = [*repeated("--questions", plan.questions), *repeated("--unseen", plan.unseen)]
        call(out.with_suffix(".log"), "bench-soft", last(plan, cell), "--out", out, *common(plan), *asked)


def beside(plan: Plan, cell: Cell, learnt: int) -> None:
    """Asks questions of several memories side by side."""
    out = plan.out / "beside" / f"{learnt}.json"
    if not out.exists():
        asked = [*repeated("--questions", plan.questions), "--chunks", FAR]
        call(out.with_suffix(".log"), "bench-soft", last(plan, cell, learnt), "--out", out, *common(plan), *asked)


def found_of(plan: Plan, cell: Cell) -> dict[str, Any] | None:
    """All that was measured of a cell; None where it is not done."""
    trained = plan.out / "pretrain" / cell.name / "metrics.json"
    files = {kind: plan.out / kind / f"{cell.name}.json" for kind in ("said", "answered")}
    if not files["said"].exists():
        return None
    metrics, again = read(trained), read(files["said"])
    found = {
        "method": cell.method, "k": cell.k, "seed": cell.seed, "recipe": cell.recipe, "bytes": again["bytes"],
        "parameters": metrics["parameters"], "steps": metrics["steps"], "texts": metrics["items"],
        "minutes": round(metrics["seconds"] / 60, 1), "regeneration": again["regeneration"][str(cell.k)],
    }  # fmt: skip
    if files["answered"].exists():
        domains = read(files["answered"])["questions"]
        found["questions"] = {name: scores[str(cell.k)] for name, scores in domains.items()}
    if cell == plan.best:
        near = {str(n): plan.out / "beside" / f"{n}.json" for n in (1, FAR)}
        found["side_by_side"] = {n: read(file)["side_by_side"] for n, file in near.items() if file.exists()}
    return found


def about_base(plan: Plan) -> dict[str, Any]:
    """The base model's metrics, without folders of this machine and samples."""
    metrics = read(plan.out / "base" / "metrics.json")
    settings = {key: value for key, value in metrics["settings"].items() if key not in ("data", "out", "questions")}
    return {key: value for key, value in metrics.items() if key != "samples"} | {"settings": settings}


def tuned(plan: Plan, cell: Cell, one: Round) -> Path:
    """Folder of a compressor after a round of its finetuning."""
    return plan.out / "finetune" / "-".join(filter(None, (cell.name, one.name)))


def last(plan: Plan, cell: Cell, chunks: int = 1) -> Path:
    """Folder of a compressor after its last round with at most so many texts side by side."""
    return tuned(plan, cell, [one for one in plan.rounds(cell) if one.chunks <= chunks][-1])


def common(plan: Plan) -> list[object]:
    """Options of all measurements."""
    return ["--lm", plan.out / "base", "--limit", plan.limit, "--threads", 1]


def repeated(option: str, values: Iterable[object]) -> list[object]:
    """An option given once for each value."""
    return [part for value in values for part in (option, value)]


def read(file: Path) -> Any:
    """A JSON file."""
    return json.loads(file.read_text(encoding="utf-8"))


def call(log: Path, *arguments: object) -> None:
    """Runs a command of linguapress in a process of its own.

    Raises:
        typer.Exit: it failed; its last lines are shown.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run([sys.executable, "-m", "linguapress", *map(str, arguments)], stdout=file, stderr=file, check=False)
    if done.returncode:
        typer.echo("\n".join(log.read_text(encoding="utf-8").splitlines()[-5:]), err=True)
        raise typer.Exit(1)
