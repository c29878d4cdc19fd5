"""Methods x budgets x examples: what survives, tokens against budget, milliseconds."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from linguapress.budget import Budget
from linguapress.compression import Compression
from linguapress.evaluation.contenders import contender
from linguapress.evaluation.metrics import answer_survives, interval, share_kept
from linguapress.evaluation.tasks import Example
from linguapress.models.encoder import EMBEDDED, shared_encoder

Row = dict[str, Any]


@dataclass
class Clock:
    """Seconds that the embedded model spent in its forward pass."""

    seconds: float = 0.0


@contextmanager
def forward_clock() -> Iterator[Clock]:
    """Counts the time of every forward pass of the embedded model, which is loaded first."""
    loaded, clock = shared_encoder(EMBEDDED).loaded, Clock()
    forward = loaded.forward

    def timed(*args: Any) -> Any:
        start = time.perf_counter()
        try:
            return forward(*args)
        finally:
            clock.seconds += time.perf_counter() - start

    loaded.forward = timed  # type: ignore[method-assign, assignment]
    try:
        yield clock
    finally:
        loaded.forward = forward  # type: ignore[method-assign]


def run(
    examples: Sequence[Example], methods: Sequence[str], budgets: Sequence[Budget], *, warm: bool = False,
    done: Callable[[], None] = lambda: None,
) -> Iterator[Row]:  # fmt: skip
    """One row for each example, method and budget.

    Args:
        examples: questions over passages.
        methods: names of contenders.
        budgets: how much may remain.
        warm: lets the embedded model remember texts from one method and budget to the next; times then mean nothing.
        done: called after each example.
    """
    contenders = {name: contender(name) for name in methods}
    with forward_clock() as clock:
        for example in examples:
            for name, compressor in contenders.items():
                for budget in budgets:
                    if not warm:
                        shared_encoder(EMBEDDED).forget()
                    spent, start = clock.seconds, time.perf_counter()
                    out = compressor.compress(example.documents, example.question, budget=budget)
                    total = time.perf_counter() - start
                    yield {"method": name, "budget": budget.tokens or budget.rate, "id": example.id} | _row(
                        example, out, total, clock.seconds - spent
                    )
            done()


def _row(example: Example, out: Compression, seconds: float, forward: float) -> Row:
    kept = {passage.index: passage.text for passage in out.passages}
    shares = [share_kept(sentence, kept.get(index, "")) for index, sentence in example.evidence]
    return {
        "answer": answer_survives(out.text, example.answers),
        "evidence": max(shares) >= 0.5 if shares else None,
        "tokens_before": out.tokens_before,
        "tokens_after": out.tokens_after,
        "limit": out.limit,
        "ms": seconds * 1000,
        "forward_ms": forward * 1000,
    }


def summary(rows: Sequence[Row]) -> list[Row]:
    """Means by method and budget, answer survival with its bootstrap interval."""
    keys = list(dict.fromkeys((row["method"], row["budget"]) for row in rows))
    return [_mean(key, [row for row in rows if (row["method"], row["budget"]) == key]) for key in keys]


def _mean(key: tuple[str, Any], rows: Sequence[Row]) -> Row:
    answers = [float(row["answer"]) for row in rows]
    evidence = [float(row["evidence"]) for row in rows if row["evidence"] is not None]
    low, high = interval(answers)
    used = [row["tokens_after"] / row["limit"] for row in rows if 0 < row["limit"] < row["tokens_before"]]
    return {
        "method": key[0],
        "budget": key[1],
        "examples": len(rows),
        "answer": float(np.mean(answers)),
        "low": low,
        "high": high,
        "evidence": float(np.mean(evidence)) if evidence else None,
        "tokens_before": float(np.mean([row["tokens_before"] for row in rows])),
        "tokens_after": float(np.mean([row["tokens_after"] for row in rows])),
        "used": float(np.mean(used)) if used else None,
        "over": sum(row["tokens_after"] > row["limit"] for row in rows),
        "ms": float(np.median([row["ms"] for row in rows])),
        "outside": float(1 - sum(row["forward_ms"] for row in rows) / max(1e-9, sum(row["ms"] for row in rows))),
    }


def markdown(means: Sequence[Row], title: str) -> str:
    """The means as a Markdown table."""
    columns = (
        "method", "budget", "answer survives", "95 % interval", "evidence survives", "tokens", "budget used", "over budget",
        "ms (median)", "outside the model",
    )  # fmt: skip
    lines = [f"## {title}", "", f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    for row in means:
        evidence = "" if row["evidence"] is None else f"{row['evidence']:.3f}"
        used = "" if row["used"] is None else f"{row['used']:.1%}"
        cells = (
            row["method"], row["budget"], f"{row['answer']:.3f}", f"{row['low']:.3f}-{row['high']:.3f}", evidence,
            f"{row['tokens_before']:.0f} -> {row['tokens_after']:.0f}", used, row["over"], f"{row['ms']:.0f}",
            f"{row['outside']:.0%}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def machine() -> Row:
    """What the numbers were measured on."""
    import torch

    from linguapress.models.devices import device_of, precision_of

    device = device_of("auto")
    return {
        "device": str(device), "precision": str(precision_of(device)).removeprefix("torch."), "threads": torch.get_num_threads(),
        "processor": platform.processor() or platform.machine(), "python": platform.python_version(), "torch": torch.__version__,
    }  # fmt: skip
