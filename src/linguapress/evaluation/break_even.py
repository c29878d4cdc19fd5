"""``linguapress break-even``: the context above which compressing pays for itself, in time and in money.

Compression takes a + b n seconds for n tokens; both are fitted to calls on this machine. At a rate r the reader is spared (1 - r) n
tokens: it answers sooner by (1 - r) n / prefill seconds, and costs less by (1 - r) n price. So time is won above n = a / ((1 - r) /
prefill - b), and money above n = a c / ((1 - r) price - b c) for a machine of c a second; never, where a token costs more than it
saves.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from linguapress.budget import Budget
from linguapress.counters import token_counter
from linguapress.errors import InvalidRecord
from linguapress.evaluation.clock import readers
from linguapress.evaluation.contenders import contender
from linguapress.evaluation.outputs import write
from linguapress.evaluation.refusal import refusing
from linguapress.evaluation.tables import table
from linguapress.records import objects

app = typer.Typer(help="From which context length on compressing pays.", no_args_is_help=True)
_HOUR, _MILLION = 3600, 1_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that a compression takes.

    Attributes:
        fixed: of any call.
        each: of a token.
    """

    fixed: float
    each: float


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the context.

    Attributes:
        prefill: tokens that it reads in a second.
        price: of a million tokens of input.
        machine: price of an hour of the machine that compresses, in the same currency.
    """

    prefill: float
    price: float
    machine: float


def fitted(lengths: Sequence[float], seconds: Sequence[float]) -> Cost:
    """The line through times, by least squares of the relative error; neither part is below zero.

    Args:
        lengths: tokens of each call.
        seconds: that it took.
    """
    sizes, times = np.asarray(lengths, float), np.asarray(seconds, float)
    fixed, each = np.linalg.lstsq(np.stack([1 / times, sizes / times], 1), np.ones(len(times)), rcond=None)[0]
    if fixed < 0:
        return Cost(0.0, float(np.exp(np.log(times / sizes).mean())))
    return Cost(float(fixed), float(each)) if each >= 0 else Cost(float(np.exp(np.log(times).mean())), 0.0)


def lengths_that_pay(cost: Cost, rate: float, reader: Reader) -> tuple[float, float]:
    """Tokens of the context above which time, and above which money is won; infinite = never."""
    second = reader.machine / _HOUR
    time_won, money_won = (1 - rate) / reader.prefill - cost.each, (1 - rate) * reader.price / _MILLION - cost.each * second
    found = ((cost.fixed, time_won), (cost.fixed * second, money_won))
    in_time, in_money = (fixed / won if won > 0 else inf for fixed, won in found)
    return in_time, in_money


@app.command()
def break_even(
    texts: Annotated[Path, typer.Argument(help="JSON lines with text: contexts are made of these.", exists=True, dir_okay=False)],
    method: Annotated[list[str] | None, typer.Option(help="Presets; repeat it. Default: lingua, lingua_low.")] = None,
    rate: Annotated[float, typer.Option(min=0.01, max=0.99)] = 0.3,
    prefill: Annotated[float, typer.Option(min=1, help="Tokens a second that the reader reads.")] = 2000.0,
    price: Annotated[float, typer.Option(min=0, help="Of a million tokens of the reader's input.")] = 1.0,
    machine: Annotated[float, typer.Option(min=0, help="Of an hour of this machine.")] = 0.1,
    length: Annotated[list[int] | None, typer.Option(min=1, help="Tokens of a context; repeat it.")] = None,
    out: Annotated[Path | None, typer.Option(help="Results: NAME.json and NAME.md.")] = None,
) -> None:
    """Times compression at several lengths, and tells from where on it pays for a reader of this price and speed."""
    reader, wanted = Reader(prefill, price, machine), sorted(set(length or (500, 1000, 2000, 4000)))
    if len(wanted) < 2:
        raise typer.BadParameter("a line takes two lengths; repeat --length")
    with refusing():
        contexts = [_context(texts, size) for size in wanted]
    rows = []
    for name in method or ["lingua", "lingua_low"]:
        with refusing():
            seconds = [_timed(name, documents, rate) for documents, _ in contexts]
        cost = fitted([size for _, size in contexts], seconds)
        won = lengths_that_pay(cost, rate, reader)
        rows.append({"method": name, **asdict(cost), "seconds": seconds, "time": _finite(won[0]), "money": _finite(won[1])})
    found = {"rate": rate, "reader": asdict(reader), "lengths": [size for _, size in contexts], "rows": rows}
    text = _page(found)
    if out:
        write(out, found, text)
    typer.echo(text)


def _context(texts: Path, size: int) -> tuple[list[str], int]:
    """Passages of about 150 words of a text each, until they have so many tokens; and how many they have."""
    count: Callable[[str], int] = token_counter("embedded")
    found: list[str] = []
    have = 0
    for text in _texts(texts):
        passage = " ".join(text.split()[:150])
        found.append(passage)
        have += count(passage)
        if have >= size:
            return found, have
    raise typer.BadParameter(f"the texts have {have} tokens; give more of them, or a --length of at most that")


def _texts(file: Path) -> Iterator[str]:
    for number, record in objects(file, "text"):
        if "text" not in record:
            raise InvalidRecord(f"{file}, line {number}: no field text; give one JSON object with text on each line")
        yield str(record["text"])


def _timed(name: str, documents: Sequence[str], rate: float, rounds: int = 3) -> float:
    """Median seconds of a call whose texts no model remembers."""
    press = contender(name)
    times = []
    for _ in range(rounds + 1):
        for reader in readers([press]):
            reader.forget()
        start = time.perf_counter()
        press.compress(documents, "What happened, and when?", budget=Budget(rate=rate))
        times.append(time.perf_counter() - start)
    return sorted(times[1:])[rounds // 2]


def _finite(tokens: float) -> float | None:
    return None if tokens == inf else round(tokens, 1)


def _page(found: Mapping[str, Any]) -> str:
    reader, rows = found["reader"], found["rows"]
    head = (
        f"Rate {found['rate']:g}; a reader of {reader['prefill']:g} tokens a second at {reader['price']:g} a million; this machine "
        f"({platform.machine()}) at {reader['machine']:g} an hour.\n"
    )
    columns = ("method", "seconds of a call", "ms of a token", "time is won above", "money is won above")
    return f"{head}\n{table('Break-even', columns, [_cells(row) for row in rows])}"


def _cells(row: Mapping[str, Any]) -> list[str]:
    above = [f"{row[key]:,.0f} tokens" if row[key] is not None else "never" for key in ("time", "money")]
    return [str(row["method"]), f"{row['fixed']:.3f}", f"{1000 * (row['each'] or 0):.3f}", *above]
