"""The page of :mod:`linguapress.evaluation.parity_perplexity`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from linguapress.evaluation.parity_slips import SETTINGS, Slip

Row = Mapping[str, Any]
Column = tuple[str, str, str]  # model, method, data set


def jaccard(rows: Sequence[Row], setting: str) -> float:
    """Tokens kept by both sides / tokens kept by either, over all rows, 0..1."""
    counts = [row["settings"][setting] for row in rows]
    return float(sum(both for both, _, _ in counts) / max(1, sum(either for _, either, _ in counts)))


def columns(found: Mapping[str, Any]) -> dict[Column, list[Row]]:
    """The rows of each model, method and data set."""
    sorted_rows: dict[Column, list[Row]] = {}
    for model, about in found.items():
        for row in about["tokens"]:
            sorted_rows.setdefault((model, row["method"], row["data"]), []).append(row)
    return sorted_rows


def markdown(found: Mapping[str, Any]) -> str:
    """Everything as a page."""
    versions = ", ".join(f"{name} {number}" for name, number in next(iter(found.values()))["versions"].items())
    parts = ["# Perplexity methods beside llmlingua\n", f"Reference: {versions}; float32 on both sides.\n"]
    return "\n".join([*parts, *_surprisals(found), *_ranks(found), *_agreement(found), *_slips(found)]) + "\n"


def _surprisals(found: Mapping[str, Any]) -> Iterator[str]:
    yield "## Surprisals\n\nLargest difference in nats (numbers compared).\n"
    names = list(next(iter(found.values()))["surprisals"])
    yield from _head(["model", *names])
    for model, about in found.items():
        cells = (about["surprisals"][name] for name in names)
        yield _line([model, *(f"{cell['largest']:.1e} ({cell['numbers']:,})" for cell in cells)])


def _ranks(found: Mapping[str, Any]) -> Iterator[str]:
    yield "\n## Ranks of documents\n"
    yield from _head(
        ["model", "method", "prompts", "same order with its slip", "largest difference, nats", "pairs alike as shipped"]
    )
    for model, about in found.items():
        for method in sorted({row["method"] for row in about["ranks"]}):
            rows = [row for row in about["ranks"] if row["method"] == method]
            same, largest = sum(row["same"] for row in rows), max(row["largest"] for row in rows)
            pairs = sum(row["alike_as_shipped"] for row in rows) / len(rows)
            yield _line([model, method, f"{len(rows)}", f"{same}", f"{largest:.1e}", f"{pairs:.1%}"])


def _agreement(found: Mapping[str, Any]) -> Iterator[str]:
    yield "\n## Kept tokens by rate\n\nJaccard of kept tokens, ours with all slips on, and ours as it is shipped.\n"
    yield from _head(["model", "method", "data", "rate", "prompts", "all slips", "shipped", "asked", "reference kept", "ours kept"])
    for column, rows in columns(found).items():
        for rate in sorted({row["rate"] for row in rows}):
            some = [row for row in rows if row["rate"] == rate]
            asked, kept = sum(row["target"] for row in some), sum(row["reference"] for row in some)
            own = sum(row["settings"]["shipped"][2] for row in some)
            shares = [f"{jaccard(some, name):.3f}" for name in ("all", "shipped")]
            yield _line([*column, f"{rate}", f"{len(some)}", *shares, f"{asked}", f"{kept}", f"{own}"])


def _slips(found: Mapping[str, Any]) -> Iterator[str]:
    yield "\n## What each slip is worth\n"
    yield "Jaccard of kept tokens with all slips on but one. In brackets what is lost by it, as a share of what is lost by all:"
    yield "slips act on one another, so the shares do not add up.\n"
    groups = columns(found)
    yield from _head(["without", *("<br>".join(column) for column in groups), "what the reference does"])
    for name in SETTINGS:
        told = Slip[name.upper()].value if name.upper() in Slip.__members__ else ""
        yield _line([name, *(_cell(rows, name) for rows in groups.values()), told])
    yield _line(["shipped", *(f"{jaccard(rows, 'shipped'):.3f}" for rows in groups.values()), ""])


def _cell(rows: Sequence[Row], name: str) -> str:
    whole, without, none = (jaccard(rows, setting) for setting in ("all", name, "none"))
    if name in ("all", "none"):
        return f"{without:.3f}"
    return f"{without:.3f} ({(whole - without) / max(whole - none, 1e-9):.0%})"


def _head(cells: Sequence[str]) -> Iterator[str]:
    yield _line(cells)
    yield _line(["---"] * len(cells))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
