"""The measurements of :mod:`linguapress.evaluation.perplexity` as a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from linguapress.evaluation.tables import table

Cells = Callable[[Mapping[str, Any]], list[str]]
Part = tuple[str, Sequence[str], Cells, Sequence[Mapping[str, Any]]]

_SPEED = (
    "case", "tokens", "rounds", "{own}, s", "float32, s", "reference, s", "reference / {own}", "reference / float32",
)  # fmt: skip
_PASSES = ("case", "bare {own}, s", "share", "bare float32, s", "share", "tokens read / before", "equation 9")
_BUDGET = ("case", "limit", "{own} kept", "float32 kept", "reference kept", "over the limit: {own}", "float32", "reference")
_MEMORY = ("case", "{own}", "float32", "reference")
_SIDES = ("own", "float32", "reference")
_NOTES = """Seconds are medians (least-most) of a call that compresses all requests of a row; ratios are taken by round. `-`: not
measured, for want of time or because the side cannot. Share: bare passes / our call, timed in turn. A bare pass is the model alone
(hidden states of all tokens, logits of those that are scored) on equally long rows without padding, over as many tokens as our call
has read, with as many before them in its key-values. Equation 9 (arXiv 2310.05736) demands 1 + k/R + 1/R times the tokens of the
prompt at a ratio of R, k = 2; with the contrast of LongLLMLingua the last two terms count twice, and reading the question behind
each passage comes on top. Tokens are those of the language model. The reference is told the limit (for LLMLingua less the question)
as `target_token`, with k = 2 and segments as long as ours; it runs in {precision}.
"""


def markdown(found: Mapping[str, Any]) -> str:
    """Four tables a model: seconds, share of the bare passes, budgets, memory; and one of longer and longer prompts."""
    pages = [_head(found)]
    for model, sides in found["sides"].items():
        rows = [row for row in found["rows"] if row["model"] == model]
        plain, grown = [row for row in rows if not row["length"]], [row for row in rows if row["length"]]
        names = {"own": sides["own"]["precision"]}
        seconds = "seconds of processor time (the machine was busy)" if found["settings"]["busy"] else "seconds"
        loaded = ", ".join(f"{names.get(name, name)} {about['loaded_mib']:,}" for name, about in sides.items())
        parts: list[Part] = [(seconds, _SPEED, _speed, plain), ("share of the bare passes", _PASSES, _passes, plain)]
        parts += [("tokens kept", _BUDGET, _budget, plain)]
        parts += [(f"peak MiB beyond the loaded model (in all; loaded: {loaded})", _MEMORY, _memory(sides), plain)]
        parts += [(f"longer and longer prompts, {seconds}", _SPEED, _speed, grown)] if grown else []
        parts += [("longer and longer prompts, share of the bare passes", _PASSES, _passes, grown)] if grown else []
        for title, columns, cells, lines in parts:
            heads = [column.format(**names) for column in columns]
            pages.append(table(f"{model}: {title}", heads, [(_case(row), *cells(row)) for row in lines]))
    precision = {about["precision"] for sides in found["sides"].values() for name, about in sides.items() if name == "reference"}
    return "\n".join([*pages, _NOTES.format(precision=", ".join(sorted(precision)) or "float32"), *_errors(found)])


def _head(found: Mapping[str, Any]) -> str:
    plan, device = found["settings"], found["machine"]
    every = [about["versions"] for sides in found["sides"].values() for about in sides.values()]
    own = ", ".join(f"{package} {number}" for package, number in every[0].items())
    other = [row for row in every if "llmlingua" in row]
    reference = f" Reference: {', '.join(f'{package} {number}' for package, number in other[0].items())}." if other else ""
    return (
        f"# LLMLingua and LongLLMLingua beside the package llmlingua\n\n{found['date']}. {device['processor']}, {device['cores']} "
        f"cores, device {plan['device']}, **threads of every side: {plan['threads']}**. Up to {plan['rounds']} rounds, which "
        f"alternate between the sides, after one that is not timed (it is where a round takes over {plan['heavy']:.0f} s). The "
        f"reference has no batches: of {plan['batch']} requests it compressed {plan['few']}, one after another, and its time is "
        f"scaled.\n\nOurs: {own}.{reference}\n"
    )


def _case(row: Mapping[str, Any]) -> str:
    requests = f"{row['requests']} prompts" if row["requests"] > 1 else f"{row['length']:,} tokens" if row["length"] else "1 prompt"
    return f"{row['method']} {row['ratio']}x, {requests}"


def _of(row: Mapping[str, Any], side: str, key: str) -> list[float]:
    found: list[float] = row["sides"].get(side, {}).get(key) or []
    return found


def _spread(values: Sequence[float], digits: int = 2) -> str:
    if not values:
        return "-"
    low, high = f"{min(values):,.{digits}f}", f"{max(values):,.{digits}f}"
    middle = f"{median(values):,.{digits}f}"
    return f"{middle} ({low}-{high})" if len(values) > 1 else middle


def _ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    return [a / b for a, b in zip(above, below, strict=False)]


def _speed(row: Mapping[str, Any]) -> list[str]:
    seconds = {side: _of(row, side, "seconds") for side in _SIDES}
    times = [_spread(_ratios(seconds["reference"], seconds[side]), 1) for side in _SIDES[:2]]
    return [f"{row['tokens']:,}", str(row["rounds"]), *(_spread(seconds[side]) for side in _SIDES), *times]


def _passes(row: Mapping[str, Any]) -> list[str]:
    cells = []
    for side in _SIDES[:2]:
        bare = _of(row, side, "bare")
        shares = _ratios(bare, _of(row, side, "seconds"))
        cells += [_spread(bare), f"{median(shares):.0%}" if shares else "-"]
    read = row["sides"].get("own", {}).get("read")
    twice = 2 if row["method"] == "longllmlingua" else 1
    return [*cells, f"{read / row['tokens']:.2f}" if read else "-", f"{1 + twice * 3 / row['ratio']:.2f}"]


def _budget(row: Mapping[str, Any]) -> list[str]:
    """Sums over the requests that a side compressed."""
    sides = [row["sides"].get(side) for side in _SIDES]
    kept = [f"{side['kept'] / side['limit']:.1%} of {side['limit']:,}" if side else "-" for side in sides]
    over = [f"{side['over']} of {side['compressed']}" if side else "-" for side in sides]
    return [f"{row['tokens'] // row['ratio']:,}", *kept, *over]


def _memory(sides: Mapping[str, Any]) -> Cells:
    def cells(row: Mapping[str, Any]) -> list[str]:
        peaks = {side: max(_of(row, side, "peak_mib"), default=0.0) for side in _SIDES}
        return [f"{peak - sides[side]['loaded_mib']:,.0f} ({peak:,.0f})" if peak else "-" for side, peak in peaks.items()]

    return cells


def _errors(found: Mapping[str, Any]) -> list[str]:
    lines = [f"- {row['model']}, {_case(row)}: {side}: {why}" for row in found["rows"] for side, why in row["errors"].items()]
    return ["What a side could not do:\n", *lines, ""] if lines else []
