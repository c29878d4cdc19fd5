"""``linguapress bench-soft``: what the memories of a trained soft compressor are worth, next to the controls."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from statistics import fmean as mean
from typing import Annotated, Any

import torch
import typer

from linguapress.evaluation.metrics import interval, paired_interval
from linguapress.evaluation.soft_answers import Scores, answers, cuts, side_by_side
from linguapress.evaluation.soft_regeneration import regeneration
from linguapress.soft.checkpoint import read_facts
from linguapress.soft.compressor import SoftCompressor
from linguapress.soft.encoder import Part
from linguapress.soft.language_model import FrozenLM
from linguapress.soft.loading import load_compressor
from linguapress.soft.places import LAYOUTS
from linguapress.soft.questions import Cut, read_questions
from linguapress.soft.texts import read_texts

app = typer.Typer(help="What the memories of a trained soft compressor are worth.", no_args_is_help=True)


@app.command()
def run(  # noqa: PLR0913 - each parameter is an option of the command line
    press: Annotated[Path, typer.Argument(help="Folder of the compressor.", exists=True, file_okay=False)],
    out: Annotated[Path, typer.Option(help="Results, as JSON.", dir_okay=False)],
    lm: Annotated[str, typer.Option(help="The language model; default: the one that the folder names.")] = "",
    texts: Annotated[list[Path] | None, typer.Option(help="JSON lines with text, to be said again; repeat it.")] = None,
    questions: Annotated[list[Path] | None, typer.Option(help="Paragraphs with questions in SQuAD's form; repeat it.")] = None,
    unseen: Annotated[list[Path] | None, typer.Option(help="The same, of a domain that was not learnt from.")] = None,
    part: Annotated[str, typer.Option(help="Of the questions: dev or test.")] = "test",
    k: Annotated[list[int] | None, typer.Option(min=1, help="Memory tokens; repeat it. Default: all that there are.")] = None,
    chunks: Annotated[int, typer.Option(min=1, help="Asks once more with so many chunks side by side.")] = 1,
    layout: Annotated[str, typer.Option(help="Where they stand: spread, contiguous or parallel.")] = "spread",
    limit: Annotated[int, typer.Option(min=2, help="Most texts, and most questions of a domain.")] = 400,
    batch: Annotated[int, typer.Option(min=1, help="Texts or questions at once.")] = 32,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 = all.")] = 0,
) -> None:
    """Texts said again and questions answered from memories, every figure next to the controls."""
    if threads:
        torch.set_num_threads(threads)
    start = time.perf_counter()
    try:
        reader = FrozenLM.load(lm or read_facts(press)["model"], exact=True)
        bench = Bench(load_compressor(press, reader), part, limit, batch)
        counts = k or [bench.press.settings.k]
        domains = {name: files for name, files in (("seen", questions), ("unseen", unseen)) if files}
        found = {"folder": press.name, **bench.about()}
        found["regeneration"] = {str(n): bench.said(texts, n) for n in counts} if texts else {}
        found["questions"] = {name: {str(n): bench.answered(files, n) for n in counts} for name, files in domains.items()}
        if chunks > 1 and questions:
            found["side_by_side"] = bench.beside(questions, counts[0], chunks, layout)
    except (OSError, ValueError, ImportError) as error:
        raise typer.BadParameter(str(error)) from error
    found["seconds"] = round(time.perf_counter() - start, 1)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    typer.echo(json.dumps(found, indent=1))


class Bench:
    """Measures one compressor.

    Attributes:
        press: the compressor.
    """

    def __init__(self, press: SoftCompressor, part: str, limit: int, batch: int) -> None:
        self.press, self._part, self._limit, self._batch = press, part, limit, batch

    def about(self) -> dict[str, Any]:
        """Method, sizes, and bytes of a memory of a text of full length in bfloat16."""
        press, settings = self.press, self.press.settings
        memory = press.encode([Part([0] * settings.longest)])[0]
        numbers = sum(tensor.numel() for tensor in memory.tensors().values())
        return {"method": press.method, "k": settings.k, "longest": settings.longest, "seed": settings.seed, "bytes": 2 * numbers}

    def said(self, files: Iterable[Path], k: int) -> dict[str, Any]:
        """Figures of texts said again, of the first tokens of each."""
        longest = self.press.settings.longest
        begun = (self.press.lm.tokens(text)[:longest] for text in read_texts(files))
        rows = list(islice((ids for ids in begun if len(ids) == longest), self._limit))
        if len(rows) < 2:
            raise ValueError(f"{len(rows)} texts have {longest} tokens; give at least 2, since each also meets another's memory")
        return {"texts": len(rows), **regeneration(self.press, rows, k, self._batch)}

    def answered(self, files: Iterable[Path], k: int) -> dict[str, Any]:
        """F1 and exact match of each control, with intervals; and what share of the F1 with the text the memory keeps."""
        return summary(answers(self.press, self._cuts(files), k, self._batch))

    def beside(self, files: Iterable[Path], k: int, chunks: int, layout: str) -> dict[str, Any]:
        """F1 with a chunk alone, and among others."""
        if layout not in LAYOUTS:
            raise ValueError(f"unknown layout {layout!r}; use one of {', '.join(LAYOUTS)}")
        questions = self._cuts(files)
        if chunks > len(questions):
            raise ValueError(f"{len(questions)} questions have no {chunks} chunks; give more paragraphs, or fewer --chunks")
        runs = {n: side_by_side(self.press, questions, k, n, layout, self._batch) for n in (1, chunks)}
        alone, among = runs[1]["f1"], runs[chunks]["f1"]
        lost = paired_interval(alone, among)
        return {"chunks": chunks, "layout": layout, "alone": mean(alone), "among": mean(among), "lost_interval": lost}

    def _cuts(self, files: Iterable[Path]) -> list[Cut]:
        found = cuts(self.press, list(read_questions(files, self._part)), self._limit)
        if len(found) < 2:
            raise ValueError(
                f"{len(found)} questions of the part {self._part!r} fit; give more paragraphs, or another part: at least 2, since "
                "each also meets another's memory"
            )
        return found


def summary(scores: Mapping[str, Scores]) -> dict[str, Any]:
    """Means by control with bootstrap intervals, and the retention: F1 with the memory / F1 with the text."""
    found: dict[str, Any] = {
        name: {"f1": mean(score["f1"]), "exact": mean(score["exact"]), "f1_interval": interval(score["f1"])}
        for name, score in scores.items()
    }
    text = found["text"]["f1"]
    retention = found["memory"]["f1"] / text if text else None
    return {"questions": len(scores["text"]["f1"]), "retention": retention, **found}
